"""SIP calls: a phone or conference dialled into a session.

    dial ─► DIALING ─► RINGING ─► ACTIVE ⇄ ON_HOLD ─► HANGUP

The connection and the stream of a call are in the session at once; dialling does not wait for an answer.
Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from state import legs, sessions
from state.application import Application, Handler, Reaction
from state.clock import HOUR, MINUTE
from state.errors import NoCallError, UnknownResourceError
from state.events import Event
from state.pace import Delay
from state.records import Lifecycle, Record, require_transition, transitions
from state.resource_kind import ResourceKind
from state.session_records import Session
from state.sessions import StreamSettings

LIVE = frozenset({"DIALING", "RINGING", "ACTIVE", "ON_HOLD"})

MAX_DURATION = 6 * HOUR
SILENT = 5 * MINUTE
"""ms without media from the far side after which a call ends."""

TRANSITIONS = transitions(
    DIALING="RINGING HANGUP", RINGING="ACTIVE HANGUP", ACTIVE="ON_HOLD HANGUP", ON_HOLD="ACTIVE HANGUP", HANGUP=""
)

# Reason codes of the platform itself (2.3)
NORMAL = "700"
DURATION_EXCEEDED = "705"
UNEXPECTED = "703"
INACTIVE = "706"

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "400": "Bad Request",
        "408": "Request Timeout",
        "480": "Temporarily Unavailable",
        "486": "Busy Here",
        "603": "Decline",
        NORMAL: "Normal clearing",
        UNEXPECTED: "Unexpected clearing",
        "704": "Media timeout",
        DURATION_EXCEEDED: "Maximum duration exceeded",
        INACTIVE: "Maximum inactivity exceeded",
    }
)
"""The message of each reason code: final statuses of SIP, and those of the platform (2.3)."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What a call is dialled with; `streams` empty mixes all of the session.

    `migrates`: it follows the session to another media server.
    """

    uri: str
    sender: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    username: str = ""
    password: str = ""
    secure: bool = False
    video: bool = False
    observe_force_mute: bool = False
    streams: tuple[str, ...] = ()
    migrates: bool = False


@dataclass(slots=True)
class Call(Record):
    """A call. `digits` are the DTMF digits played to it, one entry a request."""

    kind: ClassVar[str] = "call"

    new: CallSettings
    connection_id: str
    stream_id: str
    status: str = "DIALING"
    digits: tuple[str, ...] = ()
    reason_code: str = ""
    reason_message: str = ""


def dial(
    app: Application, session: Session, new: CallSettings, data: str = "", layout_classes: Iterable[str] = ()
) -> Call:
    """Dial into the session; connection data and layout classes are those of the token.

    Raises `NotRoutedError`, `UnknownStreamError`.
    """
    connection = legs.join(app, session, KIND, new, data, layout_classes)
    call = Call(
        id=app.ids.uuid(),
        session_id=session.id,
        created_at=app.now,
        updated_at=app.now,
        new=new,
        connection_id=connection.id,
        stream_id=app.ids.uuid(),
    )
    app[Call].add(call)
    app.emit("call.created", call)
    app.emit("call.updated", call)
    stream = StreamSettings(has_video=new.video, id=call.stream_id, observes_mute=new.observe_force_mute)
    sessions.publish(app, session, connection, stream)
    app.process("call.ring", call.id)
    app.after("call.end", call.id, MAX_DURATION)
    return call


def play_digits(app: Application, session: Session, digits: str, connection_id: str = "") -> list[Call]:
    """Play DTMF digits to every call of the session, or to that of one connection.

    Raises `NoClientsError`, `NotConnectedError`, `MalformedIdError`, `NoCallError`.
    """
    if connection_id:
        sessions.connected(session, connection_id)
    session.require_clients()
    called = [call for call in app[Call].live(session.id) if connection_id in ("", call.connection_id)]
    if not called:
        raise NoCallError
    for call in called:
        call.digits = (*call.digits, digits)
        app.emit("call.digits", call)
    return called


def _ringing(app: Application, call_id: str) -> None:
    _update(app, app[Call].get(call_id), "RINGING")
    app.process("call.answer", call_id)


def _answered(app: Application, call_id: str) -> None:
    _update(app, app[Call].get(call_id), "ACTIVE")


def _exceeded(app: Application, call_id: str) -> None:
    hang_up(app, call_id, DURATION_EXCEEDED)


def _inactive(app: Application, call_id: str) -> None:
    hang_up(app, call_id, INACTIVE)


def hang_up(app: Application, call_id: str, code: str, message: str = "") -> None:
    """End a call from the far side, with a reason code and its message; its connection leaves.

    Raises `UnknownResourceError` when it has ended.
    """
    call = app[Call].get(call_id)
    session = app.sessions[call.session_id]
    if call.connection_id not in session.connections:
        raise UnknownResourceError("call")
    call.reason_code, call.reason_message = code, message or REASONS.get(code, "")
    sessions.leave(app, session, call.connection_id)


def force(app: Application, call: Call, status: str, code: str, message: str) -> None:
    """Let the far side ring, answer, hold the call, take it back, or hang up with a reason code.

    Raises `WrongStatusError` where that may not follow.
    """
    require_transition(TRANSITIONS, call, status)
    app.timeline.cancel("call.ring", "call.answer", call.id)
    if status == "HANGUP":
        hang_up(app, call.id, code, message)
    elif status == "RINGING":
        _ringing(app, call.id)
    else:
        _update(app, call, status)


def let_ring(app: Application, call_id: str) -> None:
    """Let the far side ring without ever being answered."""
    app.timeline.cancel("call.answer", call_id)


def _update(app: Application, call: Call, status: str) -> None:
    call.status = status
    call.updated_at = app.now
    app.emit("call.updated", call)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {"call.ring": _ringing, "call.answer": _answered, "call.end": _exceeded, "call.silent": _inactive}
)


def _on_connection_destroyed(app: Application, event: Event) -> None:
    """A call ends when its connection leaves: by its own end or by force (2.1)."""
    for call in app[Call].live(event.session_id):
        if call.connection_id == event.subject:
            app.timeline.cancel("call.ring", "call.answer", "call.end", "call.silent", call.id)
            app[Call].retire(call)
            if not call.reason_code:
                call.reason_code, call.reason_message = NORMAL, REASONS[NORMAL]
            _update(app, call, "HANGUP")
            app.emit("call.destroyed", call, reason=call.reason_code)


def _on_stream_changed(app: Application, event: Event) -> None:
    """A far side that sends neither audio nor video is given up after a while (2.1)."""
    for call in app[Call].live(event.session_id):
        if call.stream_id == event.subject:
            if event.type != "stream.destroyed" and (event.record.has_audio or event.record.has_video):
                app.timeline.cancel("call.silent", call.id)
            elif not app.timeline.get("call.silent", call.id):
                app.after("call.silent", call.id, SILENT)


def _on_stream_muted(app: Application, event: Event) -> None:
    for call in app[Call].live(event.session_id):
        if call.stream_id == event.subject and call.new.observe_force_mute:
            app.emit("call.muteForced", call)


REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {
        "connection.destroyed": _on_connection_destroyed,
        "session.destroyed": legs.ended_by_rotation(Call, lambda app, call_id: hang_up(app, call_id, UNEXPECTED)),
        "stream.updated": _on_stream_changed,
        "stream.destroyed": _on_stream_changed,
        "stream.muted": _on_stream_muted,
    }
)

KIND = ResourceKind(
    type=Call,
    plural="calls",
    noun="SIP call",
    lifecycle=Lifecycle("DIALING", TRANSITIONS),
    live=LIVE,
    events=("created", "updated", "digits", "muteForced", "destroyed"),
    changes="updated",
    handlers=HANDLERS,
    reactions=REACTIONS,
    delays={"call.ring": Delay(500, 50), "call.answer": Delay(3_000, 100)},
    connects=True,
    registrable=("created", "updated", "destroyed", "muteForced"),
)
