"""Sessions, and who and what is in them: connections, streams, signals, force mute.

Facts: fidelity/rest-and-archives.md 5 to 11, broadcasts-sip-captions-renders-callbacks.md 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from state.application import Application
from state.errors import (
    InvalidSessionIdError,
    MalformedIdError,
    NotConnectedError,
    UnknownSessionError,
    UnknownStreamError,
)
from state.ids import decode_session_id, is_uuid
from state.memory import SIGNALS, weight
from state.session_records import Connection, Session, Signal, Stream

SIGNALS_KEPT = 1000

ENDS: Mapping[str, str] = MappingProxyType({"networkDisconnected": "mediaIdle"})
"""Why a session ends, by why the last one left, where that is another reason: sessions know of `clientDisconnected`,
`forceDisconnected` and `mediaIdle`; that the last is told of a lost network is inferred."""

PUBLISHING_ROLES = frozenset({"publisher", "moderator", "publisheronly"})


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a session is made with."""

    relayed: bool = False
    archive_mode: str = "manual"
    archive_name: str = ""
    archive_resolution: str = ""
    e2ee: bool = False
    location: str = ""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What a stream is published with; `layout_classes` None takes those of the connection."""

    name: str = ""
    video_type: str = "camera"
    has_audio: bool = True
    has_video: bool = True
    layout_classes: tuple[str, ...] | None = None
    id: str = ""
    observes_mute: bool = True


def create(app: Application, project: str, new: SessionSettings) -> Session:
    """Make a session; `project` is what its id carries: the application id or the api key."""
    session = Session(
        id=app.ids.session_id(project, location=new.location, created_at=app.now, relayed=new.relayed),
        created_at=app.now,
        relayed=new.relayed,
        archive_mode=new.archive_mode,
        archive_name=new.archive_name,
        archive_resolution=new.archive_resolution,
        e2ee=new.e2ee,
        location=new.location,
    )
    _add(app, session)
    return session


def find(app: Application, session_id: str) -> Session:
    """Return the session with this id, to do something with it.

    Session ids never expire (fidelity/rest-and-archives.md 6), so an id of this application that is not known yet, for
    example from before a restart, is taken up as an empty session.
    Raises `InvalidSessionIdError` when the text is no session id, `UnknownSessionError` when it is another
    application's.
    """
    session = look_up(app, session_id)
    if session.id not in app.sessions:
        _add(app, session)
    return session


def look_up(app: Application, session_id: str) -> Session:
    """Return the session with this id, to read it: one that is not known yet is empty, and stays unknown.

    Raises as `find`.
    """
    session = app.sessions.get(session_id)
    if session is not None:
        return session
    parts = decode_session_id(session_id)
    if parts is None:
        raise InvalidSessionIdError
    if parts.project not in (app.id, app.credentials.api_key):
        raise UnknownSessionError
    return Session(id=session_id, created_at=min(parts.created_at, app.now), relayed=parts.relayed)


def _add(app: Application, session: Session) -> None:
    app.sessions[session.id] = session
    app.touch(session)
    for _ in range(app.options.auto_participants):
        publish(app, session, join(app, session), StreamSettings())


def join(
    app: Application,
    session: Session,
    *,
    data: str = "",
    role: str = "publisher",
    origin: str = "client",
    layout_classes: Iterable[str] = (),
    migrates: bool | None = None,
    id: str = "",
) -> Connection:
    """Let someone connect; the first one brings the session to life (`session.created`)."""
    connection = Connection(
        id=id or app.ids.uuid(),
        session_id=session.id,
        created_at=app.now,
        data=data,
        role=role,
        origin=origin,
        layout_classes=tuple(layout_classes),
        migrates=migrates,
    )
    first = not session.connections
    session.used = True
    session.connections[connection.id] = connection
    if first:
        app.emit("session.created", session)
    app.emit("connection.created", connection)
    return connection


def leave(
    app: Application,
    session: Session,
    connection_id: str,
    reason: str = "clientDisconnected",
    *,
    session_reason: str = "",
) -> None:
    """Let a connection go with its streams; the last one ends the session's life (`session.destroyed`).

    Streams are destroyed before the connection, with the same reason; `session_reason` is that of the session's end:
    unless it is given, the same too, or `mediaIdle` when the network was lost.
    Raises `NotConnectedError`, `MalformedIdError`.
    """
    connection = connected(session, connection_id)
    for stream in [stream for stream in session.streams.values() if stream.connection_id == connection_id]:
        unpublish(app, session, stream.id, reason)
    del session.connections[connection_id]
    app.emit("connection.destroyed", connection, reason=reason)
    app.remove(connection)
    app.touch(session)
    if not session.connections and not session.rotating:
        app.emit("session.destroyed", session, reason=session_reason or ENDS.get(reason, reason))


def connected(session: Session, connection_id: str) -> Connection:
    """Return the connection. Raises `NotConnectedError`, or `MalformedIdError` when the id is not a UUID."""
    connection = session.connections.get(connection_id)
    if connection is None:
        raise NotConnectedError if is_uuid(connection_id) else MalformedIdError("connection")
    return connection


def publish(app: Application, session: Session, connection: Connection, new: StreamSettings) -> Stream:
    """Let a connection publish a stream; it is muted at once where the session mutes new streams."""
    stream = Stream(
        id=new.id or app.ids.uuid(),
        session_id=session.id,
        connection_id=connection.id,
        created_at=app.now,
        name=new.name,
        video_type=new.video_type,
        has_audio=new.has_audio,
        has_video=new.has_video,
        layout_classes=connection.layout_classes if new.layout_classes is None else new.layout_classes,
        observes_mute=new.observes_mute,
    )
    session.streams[stream.id] = stream
    session.had_streams = True
    app.touch(session)
    app.emit("stream.created", stream)
    if session.mutes_new_streams:
        _mute(app, stream)
    return stream


def unpublish(app: Application, session: Session, stream_id: str, reason: str = "clientDisconnected") -> None:
    """Let a stream end. Raises `UnknownStreamError`."""
    stream = published(session, stream_id)
    del session.streams[stream_id]
    app.touch(session)
    app.emit("stream.destroyed", stream, reason=reason)
    app.remove(stream)


def published(session: Session, stream_id: str) -> Stream:
    """Return the stream. Raises `UnknownStreamError`."""
    stream = session.streams.get(stream_id)
    if stream is None:
        raise UnknownStreamError
    return stream


def set_layout_classes(app: Application, session: Session, classes: Mapping[str, tuple[str, ...]]) -> list[Stream]:
    """Replace the layout classes of the streams named; all or none. Raises `UnknownStreamError`."""
    changed = [published(session, stream_id) for stream_id in classes]
    for stream in changed:
        stream.layout_classes = classes[stream.id]
        app.emit("stream.updated", stream)
    return changed


def signal(app: Application, session: Session, type_: str, data: str, to: str = "") -> Signal:
    """Send a signal to one connection, or to all. Raises `NoClientsError`, `NotConnectedError`, `MalformedIdError`."""
    if to:
        connected(session, to)
    session.require_clients()
    sent = Signal(app.ids.uuid(), session.id, app.now, type_, data, to)
    session.signals[sent.id] = sent
    app.signal_bytes += weight(sent)
    app.touch(sent)
    if len(session.signals) > SIGNALS_KEPT:
        app.give_up_signal(session)
    if app.signal_bytes > SIGNALS:
        app.give_up_signals(SIGNALS * 3 // 4)
    app.emit("signal.sent", session, detail=sent)
    return sent


def mute_stream(app: Application, session: Session, stream_id: str) -> None:
    """Mute one stream. Raises `UnknownStreamError`."""
    _mute(app, published(session, stream_id))


def change_stream(app: Application, session: Session, stream_id: str, **changes: object) -> Stream:
    """Change attributes of a stream, as its client does that switches audio or video. Raises `UnknownStreamError`."""
    stream = published(session, stream_id)
    if changes.pop("muted", stream.muted) is not stream.muted:
        stream.muted = not stream.muted
        if stream.muted:
            app.emit("stream.muted", stream)
    for name, value in changes.items():
        setattr(stream, name, value)
    app.emit("stream.updated", stream)
    return stream


def mute_all(app: Application, session: Session, excluded: Iterable[str]) -> None:
    """Mute every stream but the excluded ones, and every stream published from now on. Raises `NoClientsError`."""
    session.require_clients()
    session.mutes_new_streams = True
    app.touch(session)
    kept = set(excluded)
    for stream in list(session.streams.values()):
        if stream.id not in kept:
            _mute(app, stream)


def stop_muting(app: Application, session: Session) -> None:
    """No longer mute new streams; those that are muted stay so. Raises `NoClientsError`."""
    session.require_clients()
    session.mutes_new_streams = False
    app.touch(session)


def _mute(app: Application, stream: Stream) -> None:
    if stream.observes_mute:
        stream.muted = True
        app.emit("stream.muted", stream)
