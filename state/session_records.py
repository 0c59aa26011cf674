"""Sessions and what is in them: connections, streams, signals. What is done with them is in state/sessions.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from state.errors import (
    NeverUsedError,
    NoClientsError,
    NoStreamsYetError,
    NotRoutedError,
)


@dataclass(slots=True)
class Stream:
    """What a connection publishes. `muted` is force mute: the audio was switched off by the server.

    `observes_mute`: a SIP call heeds it only when told to (broadcasts-sip-captions-renders-callbacks.md 2.1).
    """

    kind: ClassVar[str] = "stream"

    id: str
    session_id: str
    connection_id: str
    created_at: int
    name: str = ""
    video_type: str = "camera"
    has_audio: bool = True
    has_video: bool = True
    layout_classes: tuple[str, ...] = ()
    muted: bool = False
    observes_mute: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)


@dataclass(slots=True)
class Connection:
    """Someone in a session. `origin` says what it is: a client, or a SIP call, a render, a connector.

    `migrates`: whether it follows the session to another media server; None as the application's options say.
    """

    kind: ClassVar[str] = "connection"

    id: str
    session_id: str
    created_at: int
    data: str = ""
    role: str = "publisher"
    origin: str = "client"
    layout_classes: tuple[str, ...] = ()
    migrates: bool | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal sent by the server: to one connection, or to all when `to` is empty."""

    kind: ClassVar[str] = "signal"

    id: str
    session_id: str
    at: int
    type: str
    data: str
    to: str = ""


@dataclass(slots=True)
class Session:
    """A session. It never ends; it is alive while somebody is connected. `used`: somebody was, once.

    `rotating` is set while its media server is taken away: its end is told already.
    """

    kind: ClassVar[str] = "session"

    id: str
    created_at: int
    relayed: bool = False
    archive_mode: str = "manual"
    archive_name: str = ""
    archive_resolution: str = ""
    e2ee: bool = False
    location: str = ""
    connections: dict[str, Connection] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    had_streams: bool = False
    mutes_new_streams: bool = False
    migrating: bool = False
    migrated_at: int = 0
    used: bool = False
    rotating: bool = False
    signals: dict[str, Signal] = field(default_factory=dict)

    @property
    def session_id(self) -> str:
        """The session's own id, as every other record has it."""
        return self.id

    def require_routed(self, feature: str) -> None:
        """Raise `NotRoutedError` when media do not pass the server (relayed)."""
        if self.relayed:
            raise NotRoutedError(feature)

    def require_clients(self) -> None:
        """Raise `NoClientsError` when nobody is connected."""
        if not self.connections:
            raise NoClientsError


def streams(session: Session) -> list[Stream]:
    """Return what is published.

    Raises `NeverUsedError` when nobody ever connected, `NoStreamsYetError` when nothing was.
    """
    if not session.had_streams:
        if not (session.used or session.connections):
            raise NeverUsedError
        raise NoStreamsYetError
    return list(session.streams.values())
