"""Audio connectors: the audio of a session sent to a WebSocket.

    connect ─► connecting ─► connected ─► disconnected

The connection is in the session at once. No WebSocket is opened: the handshake takes the time of the pace, up to 6 s.

Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 5.
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


@dataclass(slots=True)
class Connector(Record):
    """A connector, which is a connection of the session; a bidirectional one publishes a stream too."""

    kind: ClassVar[str] = "connector"

    new: ConnectorSettings
    connection_id: str
    status: str = "connecting"


def connect(
    app: Application, session: Session, new: ConnectorSettings, data: str = "", layout_classes: Iterable[str] = ()
) -> Connector:
    """Connect the session's audio; connection data and layout classes are those of the token.

    Raises `NotRoutedError`, `UnknownStreamError`.
    """
    connection = legs.join(app, session, KIND, new, data, layout_classes)
    connector = Connector(
        id=app.ids.uuid(),
        session_id=session.id,
        created_at=app.now,
        updated_at=app.now,
        new=new,
        connection_id=connection.id,
    )
    app[Connector].add(connector)
    app.emit("connector.connecting", connector)
    app.process("connector.handshake", connector.id)
    if new.bidirectional:
        sessions.publish(app, session, connection, StreamSettings(has_video=False))
    return connector


def _connected(app: Application, connector_id: str) -> None:
    connector = app[Connector].get(connector_id)
    connector.status = "connected"
    connector.updated_at = app.now
    app.emit("connector.connected", connector)


def disconnect(app: Application, connector_id: str) -> Connector:
    """Disconnect. Raises `UnknownResourceError` (also when it has ended), `MalformedIdError`."""
    connector = app[Connector].get(connector_id)
    if connector.status == "disconnected":
        raise UnknownResourceError("connector")
    sessions.leave(app, app.sessions[connector.session_id], connector.connection_id)
    return connector


def fail(app: Application, connector_id: str) -> Connector:
    """Disconnect because the WebSocket handshake did not finish. Raises as `disconnect`."""
    connector = app[Connector].get(connector_id)
    if connector.status == "disconnected":
        raise UnknownResourceError("connector")
    session = app.sessions[connector.session_id]
    sessions.leave(app, session, connector.connection_id, "networkDisconnected")
    return connector


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
    events=(*TRANSITIONS,),
    handlers=HANDLERS,
    reactions=REACTIONS,
    delays={"connector.handshake": Delay(500, 50)},
    connects=True,
)
