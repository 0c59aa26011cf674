"""Live captions: one run for a session at a time.

    start ─► started ─► transcribing ─► stopped | failed
                └──────────────────────────┘

They transcribe once a stream has sound: audio is published, and is not muted.
Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from state.application import Application, Handler, Reaction
from state.clock import SECOND
from state.errors import AlreadyRunningError, UnknownResourceError
from state.events import Event
from state.pace import Delay
from state.project_records import STATUS
from state.records import Lifecycle, Record, require_transition, transitions
from state.resource_kind import ResourceKind
from state.rotation import ROTATED
from state.session_records import Session

LIVE = frozenset({"started", "transcribing"})

TRANSITIONS = transitions(started="transcribing stopped failed", transcribing="stopped failed", stopped="", failed="")


@dataclass(frozen=True, slots=True)
class CaptionsSettings:
    """What captions are started with; duration in s. `id` is given by the specification's path only: once its run has
    ended, it may be started again.

    `project` is the api key by which they were started, empty where that was the application's id.
    """

    language: str = "en-US"
    max_duration: int = 14_400
    partial: bool = True
    callback_url: str = ""
    id: str = ""
    project: str = ""


@dataclass(slots=True)
class Captions(Record):
    """A run of captions; `stream_id` is the stream whose sound is transcribed, empty while there is none."""

    kind: ClassVar[str] = "captions"

    new: CaptionsSettings
    status: str = "started"
    reason: str = ""
    stream_id: str = ""

    @property
    def live_key(self) -> str:
        """There is one run in a session."""
        return ""


def start(app: Application, session: Session, new: CaptionsSettings) -> Captions:
    """Start captions. Raises `NotRoutedError`, `AlreadyRunningError`."""
    session.require_routed("captions")
    before = app[Captions].get(new.id) if new.id and app[Captions].has(new.id) else None
    if app[Captions].is_live(session.id) or (before is not None and before.status in LIVE):
        raise AlreadyRunningError("captions")
    app[Captions].forget(new.id)
    captions = Captions(
        id=new.id or app.ids.uuid(), session_id=session.id, created_at=app.now, updated_at=app.now, new=new
    )
    app[Captions].add(captions)
    app.after("captions.end", captions.id, new.max_duration * SECOND)
    captions.stream_id = _heard(session)
    app.emit("captions.started", captions)
    _listen(app, captions)
    return captions


def stop(app: Application, captions_id: str) -> Captions:
    """Stop captions. Raises `UnknownResourceError` (also when they have ended), `MalformedIdError`."""
    captions = app[Captions].get(captions_id)
    if captions.status not in LIVE:
        raise UnknownResourceError("captions")
    _end(app, captions, "stopped")
    return captions


def fail(app: Application, captions_id: str, reason: str) -> Captions:
    """Let the captions fail, as when their provider does. Raises as `stop`."""
    captions = app[Captions].get(captions_id)
    if captions.status not in LIVE:
        raise UnknownResourceError("captions")
    _end(app, captions, "failed", reason)
    return captions


def force(app: Application, captions: Captions, status: str, reason: str = "") -> None:
    """Let the captions transcribe, or end: `stopped`, or `failed` for a reason. Raises `WrongStatusError`."""
    require_transition(TRANSITIONS, captions, status)
    if status == "transcribing":
        app.timeline.cancel("captions.transcribe", captions.id)
        _transcribe(app, captions, _heard(app.sessions[captions.session_id]))
    else:
        _end(app, captions, status, reason)


def _heard(session: Session) -> str:
    """Return the first stream that has sound, or an empty text."""
    return next((each.id for each in session.streams.values() if each.has_audio and not each.muted), "")


def _listen(app: Application, captions: Captions) -> None:
    """Let the captions transcribe in a moment, once a stream has sound."""
    waiting = captions.status == "started" and not app.timeline.get("captions.transcribe", captions.id)
    if waiting and _heard(app.sessions[captions.session_id]):
        app.process("captions.transcribe", captions.id)


def _heard_out(app: Application, captions_id: str) -> None:
    captions = app[Captions].get(captions_id)
    if stream_id := _heard(app.sessions[captions.session_id]):
        _transcribe(app, captions, stream_id)


def _transcribe(app: Application, captions: Captions, stream_id: str) -> None:
    captions.status = "transcribing"
    captions.stream_id = stream_id
    captions.updated_at = app.now
    app.emit("captions.transcribing", captions)


def _end(app: Application, captions: Captions, status: str, reason: str = "") -> None:
    app.timeline.cancel("captions.end", "captions.transcribe", captions.id)
    app[Captions].retire(captions)
    captions.status = status
    captions.reason = reason
    captions.updated_at = app.now
    app.emit(f"captions.{status}", captions, reason=reason)


def _ended(app: Application, captions_id: str) -> None:
    _end(app, app[Captions].get(captions_id), "stopped")


def _on_stream(app: Application, event: Event) -> None:
    for captions in app[Captions].live(event.session_id):
        _listen(app, captions)


def _on_session_destroyed(app: Application, event: Event) -> None:
    """Captions end with their media server (3.1), but not because nobody is there for a while."""
    if event.reason == ROTATED:
        for captions in app[Captions].live(event.session_id):
            _end(app, captions, "stopped")


HANDLERS: Mapping[str, Handler] = MappingProxyType({"captions.end": _ended, "captions.transcribe": _heard_out})
REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {"stream.created": _on_stream, "stream.updated": _on_stream, "session.destroyed": _on_session_destroyed}
)

KIND = ResourceKind(
    type=Captions,
    plural="captions",
    noun="captions",
    lifecycle=Lifecycle("started", TRANSITIONS),
    live=LIVE,
    events=(*TRANSITIONS,),
    handlers=HANDLERS,
    reactions=REACTIONS,
    delays={"captions.transcribe": Delay(1_000, 100)},
    registrable=(STATUS,),
)
