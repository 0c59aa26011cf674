"""Archives in the control API."""

from __future__ import annotations

from typing import Any

from emulator.control.common import ControlError
from emulator.control.models import ArchiveTransition
from emulator.control.resources.view import Current, ResourceView, Selected, require, router_of, show_layout
from emulator.resources.archives import archive_body
from emulator.spec.wire import Audience, Json
from state import archives
from state.application import Application
from state.archive_records import Archive

WITH_FILE = ("uploaded", "available")
"""The statuses with which an archive's file arrives."""


def _show(audience: Audience, archive: Archive) -> Json:
    composed = archive.new.output_mode == "composed"
    return {
        **archive_body(audience, archive, precise=True),
        "automatic": archive.new.automatic,
        "layout": show_layout(archive.layout) if composed else None,
        "recorded": archive.recorded + (audience.now - archive.recording_since if archive.recording_since else 0),
        "takenIn": list(archive.streams),
    }


router = router_of(archives.KIND)
VIEW = ResourceView(kind=archives.KIND, router=router, show=_show, composed=True)


@router.get("")
async def list_archives(caller: Current, wanted: Selected) -> dict[str, Any]:
    """List every archive, ended ones included, oldest first; the newest `limit` of them."""
    return caller.list(VIEW, wanted)


@router.get("/{resource}")
async def get_archive(caller: Current, resource: str) -> dict[str, Any]:
    """Read one archive: what may follow, and what is pending."""
    return caller.get(VIEW, resource)


@router.post("/{resource}/transition")
async def force_archive(caller: Current, resource: str, body: ArchiveTransition) -> dict[str, Any]:
    """Force a status that may follow on an archive."""

    def force(app: Application, archive: Archive) -> None:
        if not body.restates(archive.status):
            require(archives.KIND.name, archive.status, body.status)
        if body.status not in WITH_FILE:
            for field in ("size", "duration"):
                if getattr(body, field) is not None:
                    text = f"an archive that is {body.status} has no file yet, or keeps the one that it had"
                    raise ControlError(400, text, field, f"allowed with status: {', '.join(WITH_FILE)}")
        archives.force(app, archive, body.status, body.reason, size=body.size, duration=body.duration)

    return caller.change(VIEW, resource, force)
