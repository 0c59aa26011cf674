"""Archives: start, stop, get, list, delete, layout, streams.

The numbers are sections of fidelity/rest-and-archives.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.resources.archives import archive_body
from emulator.service.compositions import select_streams
from emulator.service.invocation import Handler, Invocation
from emulator.spec import wire
from emulator.spec.schemas.archives import StartArchive
from emulator.spec.schemas.common import ChangedLayout
from state import archives, broadcasts
from state.archive_records import Archive
from state.broadcasts import Broadcast
from state.errors import UnknownResourceError


def _response(invocation: Invocation, archive: Archive, *, started: bool = False) -> Response:
    return invocation.response(_shape(invocation, archive, started=started))


def _shape(invocation: Invocation, archive: Archive, *, started: bool = False) -> wire.Json:
    return invocation.shape("Archive", archive_body(invocation.audience, archive, started=started))


async def start_archive(invocation: Invocation) -> Response:
    """Start recording a session; return the archive as start writes it (12.2)."""
    body = invocation.body(StartArchive)
    with invocation.unit() as app:
        archive = archives.start(app, invocation.session(app, body.session_id), body.state())
        return _response(invocation, archive, started=True)


async def list_archives(invocation: Invocation) -> Response:
    """Return one page of the archives, the newest first, of one session if asked (12.5)."""
    with invocation.unit() as app:
        return invocation.page(app[Archive], lambda archive: _shape(invocation, archive), by_session=True)


async def get_archive(invocation: Invocation) -> Response:
    """Return one archive; the option `deletedArchive` says whether a deleted one is still found."""
    with invocation.unit() as app:
        archive = app[Archive].get(invocation.params["archiveId"])
        if archive.status == "deleted" and app.options.deleted_archive == "gone":
            raise UnknownResourceError("archive")
        return _response(invocation, archive)


async def delete_archive(invocation: Invocation) -> Response:
    """Delete an archive and its file; the response has no body (12.7)."""
    with invocation.unit() as app:
        archives.delete(app, invocation.params["archiveId"])
    return invocation.response()


async def stop_archive(invocation: Invocation) -> Response:
    """Stop recording; return the archive (12.3)."""
    with invocation.unit() as app:
        return _response(
            invocation,
            archives.stop(app, invocation.params["archiveId"], idempotent=invocation.contract.stop_is_idempotent),
        )


async def set_archive_layout(invocation: Invocation) -> Response:
    """Change the layout of a composed archive; return the archive (12.8)."""
    layout = invocation.body(ChangedLayout).state()
    with invocation.unit() as app:
        return _response(invocation, archives.set_layout(app, invocation.params["archiveId"], layout))


async def select_archive_streams(invocation: Invocation) -> Response:
    """Add a stream to an archive in manual mode, or remove it (12.9)."""
    archive_id = invocation.params["archiveId"]
    with invocation.unit() as app:
        # one SDK comes here for both (fidelity/sdk-wire.md 4A.16)
        state = broadcasts if app[Broadcast].has(archive_id) else archives
        select_streams(invocation, app, state, archive_id)
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "startArchive": start_archive,
        "listArchives": list_archives,
        "getArchive": get_archive,
        "deleteArchive": delete_archive,
        "stopArchive": stop_archive,
        "setArchiveLayout": set_archive_layout,
        "selectArchiveStreams": select_archive_streams,
    }
)
