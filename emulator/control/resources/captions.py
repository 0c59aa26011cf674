"""Captions in the control API."""

from __future__ import annotations

from typing import Any

from emulator.control.models import Transition
from emulator.control.resources.view import Current, ResourceView, Selected, router_of
from emulator.resources.captions import captions_body
from emulator.spec.wire import Audience, Json
from state import captions
from state.application import Application
from state.captions import Captions


def _show(audience: Audience, run: Captions) -> Json:
    return {
        "id": run.id,
        **captions_body(audience, run),
        "maxDuration": run.new.max_duration,
        "partialCaptions": run.new.partial,
        "statusCallbackUrl": run.new.callback_url or None,
    }


router = router_of(captions.KIND)
VIEW = ResourceView(kind=captions.KIND, router=router, show=_show)


@router.get("")
async def list_captions(caller: Current, wanted: Selected) -> dict[str, Any]:
    """List all captions, ended ones included, oldest first; the newest `limit` of them."""
    return caller.list(VIEW, wanted)


@router.get("/{resource}")
async def get_captions(caller: Current, resource: str) -> dict[str, Any]:
    """Read captions: what may follow, and what is pending."""
    return caller.get(VIEW, resource)


@router.post("/{resource}/transition")
async def force_captions(caller: Current, resource: str, body: Transition) -> dict[str, Any]:
    """Force a status that may follow on captions."""

    def force(app: Application, run: Captions) -> None:
        captions.force(app, run, body.status, body.reason)

    return caller.force(VIEW, resource, body.status, force)
