"""Archives on the wire."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType, WriteBody
from emulator.resources.wire_kind import WireKind
from emulator.spec import wire
from emulator.spec.wire import Audience, Json
from state import archives
from state.events import Event


def _selection(status: str) -> WriteBody:
    """Return what writes the body of a stream added to an archive, or removed: the archive with that status."""

    def write(audience: Audience, event: Event) -> Json:
        stream = audience.app.sessions[event.session_id].streams.get(event.stream_id)
        shown: Json = {"id": event.stream_id}
        if stream is not None:  # one that has ended meanwhile can still be left out
            shown |= {"createdAt": stream.created_at, "connection": {"id": stream.connection_id}}
        return {
            **wire.archive(audience, event.record),
            "status": status,
            "stream": shown,
            "timestamp": event.at,
        }

    return write


_STATUS = CallbackType("archive_status", "archive", lambda audience, event: wire.archive(audience, event.record))

WIRE = WireKind(
    kind=archives.KIND,
    parameter="archiveId",
    naming=("name", "multiArchiveTag"),
    write=wire.archive,
    callbacks={
        # A deleted archive has none (rest-and-archives.md 12.7).
        **{status: _STATUS for status in archives.TRANSITIONS if status != "deleted"},
        **{
            change: CallbackType("archive_status", "archive", _selection(change))
            for change in ("streamAdded", "streamRemoved")
        },
    },
)
