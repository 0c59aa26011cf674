"""Archives: recordings of a session.

    start ─► started ⇄ paused ─► stopped ─► uploaded ─► available ─(72 h)─► expired
                 └────────┴──► failed        └── DELETE ──┴─► deleted

Facts: fidelity/rest-and-archives.md 12. `archiveStorage` says how a stopped archive ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

from state import selection
from state.application import Application, Handler, Reaction
from state.clock import HOUR, MINUTE, SECOND
from state.errors import AlreadyRunningError, NotComposedError, WrongStatusError
from state.events import Event
from state.layouts import BEST_FIT, Layout
from state.pace import Delay
from state.project_records import STATUS
from state.records import Lifecycle, Record, require_transition, transitions
from state.resource_kind import ResourceKind
from state.selection import NOTHING, SelectedStream
from state.session_records import Session

# Contractual times, ms (fidelity/rest-and-archives.md 12.10)
IDLE = 60 * MINUTE
RECORDED = 4 * HOUR
TOTAL = 12 * HOUR
KEPT = 72 * HOUR

LIVE = frozenset({"started", "paused"})
AUTOMATIC = "\0automatic"
"""The live key of the automatic archive."""
DELETABLE = frozenset({"available", "uploaded", "deleted"})

TRANSITIONS = transitions(
    started="paused stopped failed",
    paused="started stopped failed",
    stopped="uploaded available failed",
    uploaded="available deleted failed",
    available="expired deleted",
    expired="",
    failed="",
    deleted="",
)

STORAGE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"uploadThenCloud": ("uploaded", "available"), "target": ("uploaded",), "cloud": ("available",)}
)
"""The statuses that follow `stopped`, for each `archiveStorage`."""

_ARRIVALS = MappingProxyType({"uploaded": "archive.upload", "available": "archive.release"})
"""The timers that bring an archive into these statuses."""

_LIVE_TIMERS = ("archive.pause", "archive.idle", "archive.full", "archive.total", "archive.abandon")


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """What an archive is started with; bitrate in bit/s, None where not given."""

    name: str | None = None
    tag: str = ""
    output_mode: str = "composed"
    stream_mode: str = "auto"
    has_audio: bool = True
    has_video: bool = True
    resolution: str = "640x480"
    layout: Layout = BEST_FIT
    max_bitrate: int | None = None
    quantization_parameter: int | None = None
    has_transcription: bool = False
    transcription_language: str = "en-US"
    transcription_summary: bool = False
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one stream in an individual archive; times in ms since the epoch, `stopped_at` 0 while it goes on.

    Connection data and video type are those at its start (fidelity/media-files.md 2).
    """

    stream_id: str
    connection_data: str
    video_type: str
    started_at: int
    stopped_at: int = 0


@dataclass(slots=True)
class Archive(Record):
    """A recording. `recorded` is the ms recorded before `recording_since` (ms since the epoch; 0: not recording).

    `selected` are the streams selected by hand, `streams` those that are taken in right now, `segments` what became
    files of an individual archive. `stated_size` is a size in bytes that a test wants to be told.
    """

    kind: ClassVar[str] = "archive"

    new: ArchiveSettings
    stream_mode: str
    layout: Layout
    status: str = "started"
    reason: str = ""
    recorded: int = 0
    recording_since: int = 0
    selected: Mapping[str, SelectedStream] = field(default_factory=lambda: NOTHING)
    streams: Mapping[str, SelectedStream] = field(default_factory=lambda: NOTHING)
    transcription: str = ""
    segments: tuple[Segment, ...] = ()
    stated_size: int | None = None

    @property
    def live_key(self) -> str:
        """Archives of one session have different tags while they record; the automatic one is apart."""
        return AUTOMATIC if self.new.automatic else self.new.tag

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its tag."""
        return self.new.name or "", self.new.tag

    @property
    def duration(self) -> int:
        """Recorded length in whole s; published time only."""
        return self.recorded // SECOND

    @property
    def finished(self) -> bool:
        """Whether there is (or was) a file."""
        return self.status in ("uploaded", "available", "expired", "deleted")


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
        _record(app, archive)
    else:
        _rest(app, archive)
    return archive


def stop(app: Application, archive_id: str, *, idempotent: bool = True) -> Archive:
    """Stop recording; `again`: a stopped archive may be stopped once more. An automatic archive goes on.

    Raises `Unknown`, `MalformedIdError`, `WrongStatusError`.
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
    _move(app, archive, "stopped", reason)
    _process_next(app, archive)


def fail(app: Application, archive: Archive, reason: str = "failure") -> None:
    """Let the archive fail while it records or while its file is made."""
    if archive.status in LIVE:
        _leave_live(app, archive)
    app.timeline.cancel("archive.upload", "archive.release", archive.id)
    _finish_transcription(archive, "failed")
    _move(app, archive, "failed", reason)


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
        _move(app, archive, status, reason)
        if status == "paused":
            _halt(app, archive)
            app.after("archive.idle", archive.id, IDLE)
        elif status == "started":
            _follow(app, archive)


def _leave_live(app: Application, archive: Archive) -> None:
    _halt(app, archive)
    app.timeline.cancel(*_LIVE_TIMERS, archive.id)
    app[Archive].retire(archive)


def delete(app: Application, archive_id: str) -> None:
    """Delete an archive, which leaves the lists. Raises `Unknown`, `MalformedIdError`, `WrongStatusError`."""
    archive = app[Archive].get(archive_id)
    if archive.status not in DELETABLE:
        raise WrongStatusError("archive", "delete", archive.status)
    if archive.status != "deleted":
        app.timeline.cancel("archive.release", "archive.expire", archive.id)
        _move(app, archive, "deleted")
        app[Archive].hide(archive)


def set_layout(app: Application, archive_id: str, layout: Layout) -> Archive:
    """Change the layout while it records.

    Raises `Unknown`, `MalformedIdError`, `NotComposedError`, `WrongStatusError`.
    """
    archive = _get_live(app, archive_id, "change the layout of")
    if archive.new.output_mode != "composed":
        raise NotComposedError
    archive.layout = layout
    app.emit("archive.updated", archive)
    return archive


def select(app: Application, archive_id: str, stream_id: str, selected: SelectedStream) -> None:
    """Take in a stream.

    Raises `Unknown`, `MalformedIdError`, `SelectsItselfError`, `UnknownStreamError`, `WrongStatusError`.
    """
    archive = _get_live(app, archive_id, "select streams of")
    added = stream_id not in archive.selected
    selection.select(archive, app.sessions[archive.session_id], stream_id, selected)
    app.emit("archive.streamAdded" if added else "archive.updated", archive, stream_id=stream_id)
    _follow(app, archive)


def deselect(app: Application, archive_id: str, stream_id: str) -> None:
    """Leave a stream out. Raises as `select`."""
    archive = _get_live(app, archive_id, "select streams of")
    removed = stream_id in archive.selected
    selection.deselect(archive, app.sessions[archive.session_id], stream_id)
    app.emit("archive.streamRemoved" if removed else "archive.updated", archive, stream_id=stream_id)
    _follow(app, archive)


def _get_live(app: Application, archive_id: str, action: str) -> Archive:
    archive = app[Archive].get(archive_id)
    if archive.status not in LIVE:
        raise WrongStatusError("archive", action, archive.status)
    return archive


def _move(app: Application, archive: Archive, status: str, reason: str = "") -> None:
    require_transition(TRANSITIONS, archive, status)
    archive.status = status
    archive.reason = reason or archive.reason
    archive.updated_at = app.now
    app.emit(f"archive.{status}", archive, reason=reason)


# Recording: only published (or selected) time counts


def _follow(app: Application, archive: Archive) -> None:
    streams = selection.included_streams(archive, app.sessions[archive.session_id])
    if streams != archive.streams:
        archive.streams = streams
        app.touch(archive)
    taking_in = bool(archive.streams)
    if taking_in and not archive.recording_since:
        _record(app, archive)
    elif not taking_in and archive.recording_since:
        _rest(app, archive)
    else:
        _cut(app, archive)


def _record(app: Application, archive: Archive) -> None:
    app.timeline.cancel("archive.pause", "archive.idle", archive.id)
    archive.recording_since = app.now
    app.after("archive.full", archive.id, RECORDED - archive.recorded)
    app.touch(archive)
    _cut(app, archive)
    if archive.status == "paused":
        _move(app, archive, "started")


def _rest(app: Application, archive: Archive) -> None:
    _halt(app, archive)
    app.timeline.cancel("archive.full", archive.id)
    app.process("archive.pause", archive.id)
    app.after("archive.idle", archive.id, IDLE)


def _halt(app: Application, archive: Archive) -> None:
    if archive.recording_since:
        archive.recorded += app.now - archive.recording_since
        archive.recording_since = 0
        app.touch(archive)
        _cut(app, archive)


def _cut(app: Application, archive: Archive) -> None:
    """Let a segment end with its stream, or with the recording, and one begin with each stream that is taken in."""
    if archive.new.output_mode != "individual":
        return
    taken = archive.streams if archive.recording_since else {}
    open_ = {each.stream_id for each in archive.segments if not each.stopped_at}
    if open_ == set(taken):
        return
    session = app.sessions[archive.session_id]
    ended = tuple(
        each if each.stopped_at or each.stream_id in taken else replace(each, stopped_at=app.now)
        for each in archive.segments
    )
    archive.segments = (*ended, *(_segment(app, session, stream_id) for stream_id in taken if stream_id not in open_))
    app.touch(archive)


def _segment(app: Application, session: Session, stream_id: str) -> Segment:
    stream = session.streams[stream_id]
    return Segment(stream_id, session.connections[stream.connection_id].data, stream.video_type, app.now)


# Timers


def _pause(app: Application, archive_id: str) -> None:
    archive = app[Archive].get(archive_id)
    if archive.status == "started":
        _move(app, archive, "paused")


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
    _move(app, archive, "uploaded")
    _process_next(app, archive)


def _available(app: Application, archive_id: str) -> None:
    archive = app[Archive].get(archive_id)
    _finish_transcription(archive, "available")
    _move(app, archive, "available")
    app.timeline.set("archive.expire", archive.id, max(archive.created_at + KEPT, app.now))


def _finish_transcription(archive: Archive, status: str) -> None:
    if archive.transcription:
        archive.transcription = status


def _expire(app: Application, archive_id: str) -> None:
    _move(app, app[Archive].get(archive_id), "expired")


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
            follow=_follow,
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
