"""Audio connectors: the audio of a session sent to a WebSocket.

    connect ─► connecting ─► connected ─► disconnected

The connection is in the session at once, and the handshake takes the time of the pace, up to 6 s. Where connectors are
real (option `real`), a WebSocket was opened before: the connector begins connected.

Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 5, audio-connector.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from state import legs, sessions
from state.application import Application, Handler, Reaction
from state.errors import UnknownResourceError
from state.events import Event
from state.pace import Delay
from state.records import Lifecycle, Record, require_transition, transitions
from state.resource_kind import ResourceKind
from state.session_records import Session
from state.sessions import StreamSettings

LIVE = frozenset({"connecting", "connected"})

NEWS = ("spoke", "silent", "cleared")
"""What else is told of a real one: the other side is heard, is silent again, takes back what it has sent."""

TRANSITIONS = transitions(connecting="connected disconnected", connected="disconnected", disconnected="")


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """What a connector is made with; rate in Hz, `streams` empty mixes all of the session.

    `migrates`: it follows the session to another media server.
    """

    uri: str
    streams: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    audio_rate: int = 16_000
    bidirectional: bool = False
    transport: Mapping[str, object] = field(default_factory=dict)
    migrates: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A WebSocket that is open before its connector is there: the ids that it was opened with, and the process."""

    id: str
    connection_id: str
    process: str


@dataclass(slots=True)
class Connector(Record):
    """A connector, which is a connection of the session; a bidirectional one publishes a stream too.

    `process` has its WebSocket, where it has a real one.
    """

    kind: ClassVar[str] = "connector"

    new: ConnectorSettings
    connection_id: str
    status: str = "connecting"
    process: str = ""


def prepare(app: Application, session: Session, new: ConnectorSettings, process: str) -> Opened:
    """Return what a WebSocket is to be opened with. Raises as `connect`."""
    legs.check(session, KIND, new)
    return Opened(app.ids.uuid(), app.ids.uuid(), process)


def connect(
    app: Application,
    session: Session,
    new: ConnectorSettings,
    data: str = "",
    layout_classes: Iterable[str] = (),
    opened: Opened | None = None,
) -> Connector:
    """Connect the session's audio; connection data and layout classes are those of the token.

    With an `opened` WebSocket the connector is connected at once. Raises `NotRoutedError`, `UnknownStreamError`.
    """
    connection = legs.join(app, session, KIND, new, data, layout_classes, opened.connection_id if opened else "")
    connector = Connector(
        id=opened.id if opened else app.ids.uuid(),
        session_id=session.id,
        created_at=app.now,
        updated_at=app.now,
        new=new,
        connection_id=connection.id,
        process=opened.process if opened else "",
    )
    app[Connector].add(connector)
    app.emit("connector.connecting", connector)
    if opened:
        _connected(app, connector.id)
    else:
        app.process("connector.handshake", connector.id)
    if new.bidirectional:
        sessions.publish(app, session, connection, StreamSettings(has_video=False))
    return connector


def _connected(app: Application, connector_id: str) -> None:
    connector = app[Connector].get(connector_id)
    connector.status = "connected"
    connector.updated_at = app.now
    app.emit("connector.connected", connector)


def disconnect(app: Application, connector_id: str, reason: str = "clientDisconnected") -> Connector:
    """Disconnect. Raises `UnknownResourceError` (also when it has ended), `MalformedIdError`."""
    connector = app[Connector].get(connector_id)
    if connector.status == "disconnected":
        raise UnknownResourceError("connector")
    sessions.leave(app, app.sessions[connector.session_id], connector.connection_id, reason)
    return connector


def fail(app: Application, connector_id: str) -> Connector:
    """Disconnect because the WebSocket handshake did not finish, or the connection is lost. Raises as `disconnect`."""
    return disconnect(app, connector_id, "networkDisconnected")


def fail_lost(app: Application, process: str = "") -> None:
    """Disconnect those whose WebSocket was that of a `process` which has ended, or of any, empty."""
    for connector in list(app[Connector]):
        if connector.process and connector.status in LIVE and process in ("", connector.process):
            fail(app, connector.id)


def tell(app: Application, connector_id: str, what: str) -> None:
    """Tell what is heard of a real connector: one of `NEWS`."""
    connector = app[Connector].get(connector_id)
    if connector.status in LIVE:
        app.emit(f"connector.{what}", connector)


def force(app: Application, connector: Connector, status: str) -> None:
    """Let the handshake end at once, or the connector be disconnected. Raises `WrongStatusError`."""
    require_transition(TRANSITIONS, connector, status)
    if status == "connected":
        app.timeline.cancel("connector.handshake", connector.id)
        _connected(app, connector.id)
    else:
        fail(app, connector.id)


def _on_connection_destroyed(app: Application, event: Event) -> None:
    for connector in app[Connector].live(event.session_id):
        if connector.connection_id == event.subject:
            app.timeline.cancel("connector.handshake", connector.id)
            app[Connector].retire(connector)
            connector.status = "disconnected"
            connector.updated_at = app.now
            app.emit("connector.disconnected", connector, reason=event.reason)


HANDLERS: Mapping[str, Handler] = MappingProxyType({"connector.handshake": _connected})
REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {"connection.destroyed": _on_connection_destroyed, "session.destroyed": legs.ended_by_rotation(Connector, fail)}
)

KIND = ResourceKind(
    type=Connector,
    plural="connectors",
    noun="audio connector",
    lifecycle=Lifecycle("connecting", TRANSITIONS),
    live=LIVE,
    events=(*TRANSITIONS, *NEWS),
    handlers=HANDLERS,
    reactions=REACTIONS,
    delays={"connector.handshake": Delay(500, 50)},
    connects=True,
)
