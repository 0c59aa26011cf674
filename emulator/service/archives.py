"""Archives: start, stop, get, list, delete, layout, streams.

The numbers are sections of fidelity/rest-and-archives.md.
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.resources.archives import archive_body
from emulator.service import refused_of
from emulator.service.compositions import select_streams
from emulator.service.invocation import Invocation
from emulator.spec import wire
from emulator.spec.contract import NO_CLIENTS
from emulator.spec.errors import LAYOUT, REQUIRED, InvalidRequestError
from emulator.spec.operations import NO_BODY_IN_SPEC, PAGED_BY_SESSION, operation
from emulator.spec.responses import ErrorBody
from emulator.spec.schemas.archives import StartArchive
from emulator.spec.schemas.common import ChangedLayout, StreamSelection
from state import archives, broadcasts
from state import errors as refused
from state.archive_records import Archive
from state.broadcasts import Broadcast
from state.errors import UnknownResourceError

_ARCHIVE = "/archive/{archiveId}"
_SESSION_ID = "You do not pass in a session ID or you pass in an invalid session ID."
_BITRATE = (
    "You specify an invalid maxBitrate value or you specify a maxBitrate value for an individual stream archive. "
    "maxBitrate is only supported for composed archives."
)


def _response(invocation: Invocation, archive: Archive, *, started: bool = False) -> Response:
    return invocation.response(_shape(invocation, archive, started=started))


def _shape(invocation: Invocation, archive: Archive, *, started: bool = False) -> wire.Json:
    return invocation.shape("Archive", archive_body(invocation.audience, archive, started=started))


@operation(
    "listArchives",
    "Archives",
    "GET",
    "/archive",
    "List archives for a project",
    query=PAGED_BY_SESSION,
    response="ArchiveList",
    refusals=(InvalidRequestError("must be a whole number from 0 on (got 'x')", "offset"),),
)
async def list_archives(invocation: Invocation) -> Response:
    """Return one page of the archives, the newest first, of one session if asked (12.5)."""
    with invocation.unit() as app:
        return invocation.page(app[Archive], lambda archive: _shape(invocation, archive), by_session=True)


@operation(
    "startArchive",
    "Archives",
    "POST",
    "/archive",
    "Start an archive (recording)",
    body=StartArchive,
    response="Archive",
    refusals=(
        refused.AlreadyRunningError("archive"),
        refused.AlreadyRunningError("archive", "tag"),
        refused.NoClientsError(),
        *refused_of.SESSION,
        refused.NotRoutedError("archive"),
        InvalidRequestError(REQUIRED, "sessionId"),
    ),
    answers={
        refused.InvalidSessionIdError: ErrorBody(400, _SESSION_ID),
        refused.NotRoutedError: ErrorBody(409, "Only routed sessions are allowed to initiate archives.", code=15008),
    },
    spec_answers={refused.NoClientsError: ErrorBody(409, NO_CLIENTS)},
    texts={
        "sessionId": _SESSION_ID,
        "resolution": "You specify an invalid resolution value.",
        "maxBitrate": _BITRATE,
        "layout": LAYOUT,
    },
    adds=True,
)
async def start_archive(invocation: Invocation) -> Response:
    """Start recording a session; return the archive as start writes it (12.2)."""
    body = invocation.body(StartArchive)
    with invocation.unit() as app:
        archive = archives.start(app, invocation.session(app, body.session_id), body.state())
        return _response(invocation, archive, started=True)


@operation(
    "getArchive",
    "Archives",
    "GET",
    _ARCHIVE,
    "Get an archive",
    response="Archive",
    refusals=refused_of.resource("archive"),
    answers={refused.UnknownResourceError: ErrorBody(404, "null", bare=True)},
)
async def get_archive(invocation: Invocation) -> Response:
    """Return one archive; the option `deletedArchive` says whether a deleted one is still found."""
    with invocation.unit() as app:
        archive = app[Archive].get(invocation.params["archiveId"])
        if archive.status == "deleted" and app.options.deleted_archive == "gone":
            raise UnknownResourceError("archive")
        return _response(invocation, archive)


@operation(
    "deleteArchive",
    "Archives",
    "DELETE",
    _ARCHIVE,
    "Delete an archive",
    status=204,
    refusals=(*refused_of.resource("archive"), refused.WrongStatusError("archive", "delete", "started")),
    answers={
        refused.UnknownResourceError: ErrorBody(404, "Not found. You passed in an invalid archive ID.", bare=True)
    },
)
async def delete_archive(invocation: Invocation) -> Response:
    """Delete an archive and its file; the response has no body (12.7)."""
    with invocation.unit() as app:
        archives.delete(app, invocation.params["archiveId"])
    return invocation.response()


@operation(
    "stopArchive",
    "Archives",
    "POST",
    _ARCHIVE + "/stop",
    "Stop an archive",
    response="Archive",
    differs="stopping it again before the file is there: 200, in the specification 409",
    refusals=(*refused_of.resource("archive"), refused.WrongStatusError("archive", "stop", "available")),
)
async def stop_archive(invocation: Invocation) -> Response:
    """Stop recording; return the archive (12.3)."""
    with invocation.unit() as app:
        return _response(
            invocation,
            archives.stop(app, invocation.params["archiveId"], idempotent=invocation.contract.stop_is_idempotent),
        )


@operation(
    "setArchiveLayout",
    "Archives",
    "PUT",
    _ARCHIVE + "/layout",
    "Change the layout of a composed archive",
    body=ChangedLayout,
    response="Archive",
    empty=NO_BODY_IN_SPEC,
    refusals=(
        *refused_of.resource("archive"),
        refused.NotComposedError(),
        refused.WrongStatusError("archive", "change the layout of", "stopped"),
        InvalidRequestError(REQUIRED, "type"),
    ),
    texts={"": LAYOUT},
    adds=True,
)
async def set_archive_layout(invocation: Invocation) -> Response:
    """Change the layout of a composed archive; return the archive (12.8)."""
    layout = invocation.body(ChangedLayout).state()
    with invocation.unit() as app:
        return _response(invocation, archives.set_layout(app, invocation.params["archiveId"], layout))


@operation(
    "selectArchiveStreams",
    "Archives",
    "PATCH",
    _ARCHIVE + "/streams",
    "Add or remove streams",
    body=StreamSelection,
    status=204,
    example={"addStream": "6f3e3a34-9a0c-4b6b-8a0b-0a9b3a3d1c11"},
    refusals=(
        *refused_of.resource("archive"),
        refused.UnknownStreamError(),
        refused.SelectsItselfError("archive"),
        refused.WrongStatusError("archive", "select streams of", "stopped"),
        refused.SelectsItselfError("broadcast"),
        refused.WrongStatusError("broadcast", "select streams of", "stopped"),
        InvalidRequestError("give either addStream or removeStream", "addStream"),
    ),
    answers={
        refused.UnknownResourceError: ErrorBody(404, "Archive or stream not found"),
        refused.UnknownStreamError: ErrorBody(404, "Archive or stream not found"),
    },
    adds=True,
)
async def select_archive_streams(invocation: Invocation) -> Response:
    """Add a stream to an archive in manual mode, or remove it (12.9)."""
    archive_id = invocation.params["archiveId"]
    with invocation.unit() as app:
        # one SDK comes here for both (fidelity/sdk-wire.md 4A.16)
        state = broadcasts if app[Broadcast].has(archive_id) else archives
        select_streams(invocation, app, state, archive_id)
    return invocation.response()
