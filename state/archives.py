"""Archives, recordings of a session: what is done with them, and what they do by themselves.

Their life cycle is drawn in state/archive_records.py; what is recorded is in state/recording.py, which also times the
pause and the idle end; state/selection.py times the end in an empty session. `archiveStorage` says how a stopped
archive ends. Facts: fidelity/rest-and-archives.md 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from state import recording, selection
from state.application import Application, Handler, Reaction
from state.archive_records import AUTOMATIC, LIVE, TRANSITIONS, Archive, ArchiveSettings, move
from state.clock import HOUR, SECOND
from state.errors import AlreadyRunningError, NotComposedError, WrongStatusError
from state.events import Event
from state.layouts import Layout
from state.pace import Delay
from state.project_records import STATUS
from state.records import Lifecycle, require_transition
from state.resource_kind import ResourceKind
from state.selection import SelectedStream
from state.session_records import Session

# Contractual times, ms (fidelity/rest-and-archives.md 12.10)
TOTAL = 12 * HOUR
KEPT = 72 * HOUR

DELETABLE = frozenset({"available", "uploaded", "deleted"})

STORAGE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"uploadThenCloud": ("uploaded", "available"), "target": ("uploaded",), "cloud": ("available",)}
)
"""The statuses that follow `stopped`, for each `archiveStorage`."""

_ARRIVALS = MappingProxyType({"uploaded": "archive.upload", "available": "archive.release"})
"""The timers that bring an archive into these statuses."""

_LIVE_TIMERS = ("archive.pause", "archive.idle", "archive.full", "archive.total", "archive.abandon")


def start(app: Application, session: Session, new: ArchiveSettings) -> Archive:
    """Start to record. Raises `NotRoutedError`, `NoClientsError`, `AlreadyRunningError` (same tag)."""
    session.require_routed("archive")
    session.require_clients()
    taken = (new.tag,) if new.tag else ("", AUTOMATIC)  # beside an automatic archive a tag is needed (12.2)
    if any(app[Archive].is_live(session.id, key) for key in taken):
        raise AlreadyRunningError("archive", new.tag)
    return _begin(app, session, new)


def _begin(app: Application, session: Session, new: ArchiveSettings) -> Archive:
    archive = Archive(
        id=app.ids.uuid(),
        session_id=session.id,
        created_at=app.now,
        updated_at=app.now,
        new=new,
        stream_mode=new.stream_mode,
        layout=new.layout,
        transcription="requested" if new.has_transcription else "",
    )
    archive.streams = selection.included_streams(archive, session)
    app[Archive].add(archive)
    app.after("archive.total", archive.id, TOTAL)
    app.emit("archive.started", archive)
    if archive.streams:
        recording.record(app, archive)
    else:
        recording.rest(app, archive)
    return archive


def stop(app: Application, archive_id: str, *, idempotent: bool = True) -> Archive:
    """Stop recording; `idempotent`: a stopped archive may be stopped once more. An automatic archive goes on.

    Raises `UnknownResourceError`, `MalformedIdError`, `WrongStatusError`.
    """
    archive = app[Archive].get(archive_id)
    if archive.new.automatic and archive.status in LIVE:
        return archive
    if archive.status in LIVE:
        end(app, archive, "user initiated")
    elif archive.status != "stopped" or not idempotent:
        raise WrongStatusError("archive", "stop", archive.status)
    return archive


def end(app: Application, archive: Archive, reason: str) -> None:
    """Stop recording for `reason` and let the file be made."""
    _leave_live(app, archive)
    move(app, archive, "stopped", reason)
    _process_next(app, archive)


def fail(app: Application, archive: Archive, reason: str = "failure") -> None:
    """Let the archive fail while it records or while its file is made."""
    if archive.status in LIVE:
        _leave_live(app, archive)
    app.timeline.cancel("archive.upload", "archive.release", archive.id)
    _finish_transcription(archive, "failed")
    move(app, archive, "failed", reason)


def force(
    app: Application,
    archive: Archive,
    status: str,
    reason: str = "",
    *,
    size: int | None = None,
    duration: int | None = None,
) -> None:
    """Move the archive to a status that may follow its own, with all that belongs to it. Raises `WrongStatusError`.

    `size` (bytes) and `duration` (s) are what the archive tells from then on; left out, they stay those of its file.
    They may be stated of one that has the status already.
    """
    stated = size is not None or duration is not None
    if not (stated and status == archive.status):
        require_transition(TRANSITIONS, archive, status)
    if size is not None:
        archive.stated_size = size
    if duration is not None:
        archive.recorded = duration * SECOND
    if status == archive.status:
        app.emit("archive.updated", archive)
        return
    if status == "failed":
        fail(app, archive, reason or "failure")
    elif status == "stopped":
        end(app, archive, reason or "user initiated")
    elif status == "deleted":
        delete(app, archive.id)
    else:
        app.timeline.cancel(
            "archive.pause", "archive.full", "archive.upload", "archive.release", "archive.expire", archive.id
        )
        if status in _ARRIVALS:
            HANDLERS[_ARRIVALS[status]](app, archive.id)
            return
        move(app, archive, status, reason)
        if status == "paused":
            recording.halt(app, archive)
            app.after("archive.idle", archive.id, recording.IDLE)
        elif status == "started":
            recording.follow(app, archive)


def _leave_live(app: Application, archive: Archive) -> None:
    recording.halt(app, archive)
    app.timeline.cancel(*_LIVE_TIMERS, archive.id)
    app[Archive].retire(archive)


def delete(app: Application, archive_id: str) -> None:
    """Delete an archive, which leaves the lists.

    Raises `UnknownResourceError`, `MalformedIdError`, `WrongStatusError`.
    """
    archive = app[Archive].get(archive_id)
    if archive.status not in DELETABLE:
        raise WrongStatusError("archive", "delete", archive.status)
    if archive.status != "deleted":
        app.timeline.cancel("archive.release", "archive.expire", archive.id)
        move(app, archive, "deleted")
        app[Archive].hide(archive)


def set_layout(app: Application, archive_id: str, layout: Layout) -> Archive:
    """Change the layout while it records.

    Raises `UnknownResourceError`, `MalformedIdError`, `NotComposedError`, `WrongStatusError`.
    """
    archive = _get_live(app, archive_id, "change the layout of")
    if archive.new.output_mode != "composed":
        raise NotComposedError
    archive.layout = layout
    app.emit("archive.updated", archive)
    return archive


def select(app: Application, archive_id: str, stream_id: str, selected: SelectedStream) -> None:
    """Take in a stream.

    Raises `UnknownResourceError`, `MalformedIdError`, `SelectsItselfError`, `UnknownStreamError`, `WrongStatusError`.
    """
    archive = _get_live(app, archive_id, "select streams of")
    added = stream_id not in archive.selected
    selection.select(archive, app.sessions[archive.session_id], stream_id, selected)
    app.emit("archive.streamAdded" if added else "archive.updated", archive, stream_id=stream_id)
    recording.follow(app, archive)


def deselect(app: Application, archive_id: str, stream_id: str) -> None:
    """Leave a stream out. Raises as `select`."""
    archive = _get_live(app, archive_id, "select streams of")
    removed = stream_id in archive.selected
    selection.deselect(archive, app.sessions[archive.session_id], stream_id)
    app.emit("archive.streamRemoved" if removed else "archive.updated", archive, stream_id=stream_id)
    recording.follow(app, archive)


def _get_live(app: Application, archive_id: str, action: str) -> Archive:
    archive = app[Archive].get(archive_id)
    if archive.status not in LIVE:
        raise WrongStatusError("archive", action, archive.status)
    return archive


# Timers


def _pause(app: Application, archive_id: str) -> None:
    archive = app[Archive].get(archive_id)
    if archive.status == "started":
        move(app, archive, "paused")


def _stop_idle(app: Application, archive_id: str) -> None:
    end(app, app[Archive].get(archive_id), "maximum idle time exceeded")


def _stop_full(app: Application, archive_id: str) -> None:
    """At 4 h recorded or 12 h in all an archive stops; an automatic one goes on in a new one (12.12)."""
    archive = app[Archive].get(archive_id)
    end(app, archive, "maximum duration exceeded")
    session = app.sessions[archive.session_id]
    if archive.new.automatic and session.connections:
        _begin(app, session, archive.new)


def _stop_abandoned(app: Application, archive_id: str) -> None:
    end(app, app[Archive].get(archive_id), "session ended")


def _process_next(app: Application, archive: Archive) -> None:
    statuses = ("stopped", *STORAGE["target" if app.storages else app.options.archive_storage])
    if archive.status in statuses[:-1]:
        following = statuses[statuses.index(archive.status) + 1]
        pace = "archive.upload" if archive.status == "stopped" else "archive.release"
        app.process(_ARRIVALS[following], archive.id, pace)


def _uploaded(app: Application, archive_id: str) -> None:
    archive = app[Archive].get(archive_id)
    _finish_transcription(archive, "uploaded")
    move(app, archive, "uploaded")
    _process_next(app, archive)


def _available(app: Application, archive_id: str) -> None:
    archive = app[Archive].get(archive_id)
    _finish_transcription(archive, "available")
    move(app, archive, "available")
    app.timeline.set("archive.expire", archive.id, max(archive.created_at + KEPT, app.now))


def _finish_transcription(archive: Archive, status: str) -> None:
    if archive.transcription:
        archive.transcription = status


def _expire(app: Application, archive_id: str) -> None:
    move(app, app[Archive].get(archive_id), "expired")


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "archive.pause": _pause,
        "archive.idle": _stop_idle,
        "archive.full": _stop_full,
        "archive.total": _stop_full,
        "archive.abandon": _stop_abandoned,
        "archive.upload": _uploaded,
        "archive.release": _available,
        "archive.expire": _expire,
    }
)


# Reactions to what happens in the session


def _start_automatic(app: Application, event: Event) -> None:
    """An automatic archive starts as soon as a client connects (12.12), to the server that it migrated to as well."""
    session = app.sessions[event.session_id]
    if not session.connections or session.archive_mode != "always" or app[Archive].is_live(session.id, AUTOMATIC):
        return
    new = ArchiveSettings(
        name=session.archive_name or None, resolution=session.archive_resolution or "640x480", automatic=True
    )
    _begin(app, session, new)


REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {
        **selection.reactions(
            "archive",
            live=lambda app, session_id: app[Archive].live(session_id),
            follow=recording.follow,
            end=lambda app, archive: end(app, archive, "session ended"),
        ),
        "connection.created": _start_automatic,
        "session.migrated": _start_automatic,
    }
)

KIND = ResourceKind(
    type=Archive,
    plural="archives",
    noun="archive",
    lifecycle=Lifecycle("started", TRANSITIONS),
    live=LIVE,
    events=(*TRANSITIONS, "updated", "streamAdded", "streamRemoved"),
    handlers=HANDLERS,
    reactions=REACTIONS,
    delays={
        "archive.pause": Delay(1_000, 100),
        "archive.upload": Delay(4_000, 200),
        "archive.release": Delay(1_000, 200),
    },
    registrable=(STATUS,),
)
