"""Sessions and who is in them: join, publish, unpublish, mute, leave; the signals they got."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from emulator.auth import client_tokens
from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.control.models import (
    JoinSession,
    LeaveReason,
    NewStreamBody,
    SessionReason,
    StreamChange,
    UnpublishReason,
)
from emulator.service import room
from emulator.services import services_of
from state import sessions
from state.application import Application
from state.session_records import Connection, Session, Stream
from state.sessions import PUBLISHING_ROLES, StreamSettings

router = APIRouter(prefix="/applications/{application}/sessions", tags=["Participants"])


async def session_of(app: CurrentApplication, world: CurrentWorld, session: str) -> Session:
    """Return the session that the path names."""
    with world.unit(app):
        return sessions.find(app, session)


CurrentSession = Annotated[Session, Depends(session_of)]


def show_stream(stream: Stream) -> dict[str, Any]:
    """Return a stream with what the service does not tell."""
    return {
        "id": stream.id,
        "connectionId": stream.connection_id,
        "createdAt": stream.created_at,
        "name": stream.name,
        "videoType": stream.video_type,
        "hasAudio": stream.has_audio,
        "hasVideo": stream.has_video,
        "layoutClassList": list(stream.layout_classes),
        "muted": stream.muted,
    }


def show_participant(session: Session, connection: Connection) -> dict[str, Any]:
    """Return a connection with its streams; `origin` is client, call, render or connector."""
    return {
        "connectionId": connection.id,
        "createdAt": connection.created_at,
        "data": connection.data,
        "role": connection.role,
        "origin": connection.origin,
        "migrates": connection.migrates,
        "streams": [
            show_stream(stream) for stream in session.streams.values() if stream.connection_id == connection.id
        ],
    }


def show_session(session: Session) -> dict[str, Any]:
    """Return a session with everybody in it."""
    return {
        "sessionId": session.id,
        "createdAt": session.created_at,
        "mediaMode": "relayed" if session.relayed else "routed",
        "archiveMode": session.archive_mode,
        "archiveName": session.archive_name or None,
        "archiveResolution": session.archive_resolution or None,
        "e2ee": session.e2ee,
        "location": session.location or None,
        "mutesNewStreams": session.mutes_new_streams,
        "migrating": session.migrating,
        "participants": [show_participant(session, connection) for connection in session.connections.values()],
    }


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(items), "items": items}


@router.get("")
async def list_sessions(app: CurrentApplication, world: CurrentWorld) -> dict[str, Any]:
    """List the sessions of an application, oldest first."""
    with world.unit(app):
        return _list([show_session(session) for session in app.sessions.values()])


@router.get("/{session}")
async def get_session(app: CurrentApplication, world: CurrentWorld, session: CurrentSession) -> dict[str, Any]:
    """Read one session."""
    with world.unit(app):
        return show_session(session)


def _require_room(request: Request, app: Application) -> None:
    if full := room.refusal(app, services_of(request).settings.live_bytes):
        raise ControlError(room.TOO_MUCH, full)


@router.post("/{session}/participants", status_code=201)
async def join(
    request: Request,
    app: CurrentApplication,
    world: CurrentWorld,
    session: CurrentSession,
    body: JoinSession | None = None,
) -> dict[str, Any]:
    """Let one or many participants join, each with its streams."""
    _require_room(request, app)
    body = body or JoinSession()
    data, role, classes = body.data, body.role, ()
    if body.token is not None:
        token = client_tokens.check(
            app, services_of(request).authenticator, body.token, session.id, lax=app.options.auth == "lax"
        )
        data, role, classes = token.data, token.role, token.layout_classes  # type: ignore[assignment]
    streams = body.streams
    if streams is None:
        streams = [NewStreamBody()] if role in PUBLISHING_ROLES else []
    if streams and role not in PUBLISHING_ROLES:
        raise ControlError(400, f"a {role} cannot publish", "streams")
    joined = []
    with world.unit(app):
        for _ in range(body.count):
            connection = sessions.join(
                app, session, data=data, role=role, layout_classes=classes, migrates=body.migrates
            )
            for stream in streams:
                sessions.publish(app, session, connection, _new_stream(stream))
            joined.append(show_participant(session, connection))
    return _list(joined)


@router.get("/{session}/participants")
async def list_participants(app: CurrentApplication, world: CurrentWorld, session: CurrentSession) -> dict[str, Any]:
    """List who is in a session: clients, SIP calls, renders and audio connectors."""
    with world.unit(app):
        return _list(show_session(session)["participants"])


@router.delete("/{session}/participants/{connection}", status_code=204, response_class=Response)
async def leave(
    app: CurrentApplication,
    world: CurrentWorld,
    session: CurrentSession,
    connection: str,
    reason: LeaveReason = "clientDisconnected",
    sessionReason: SessionReason | None = None,
) -> None:
    """Let a participant leave; `sessionReason` is told of the session's end, if this was the last one."""
    with world.unit(app):
        sessions.leave(app, session, connection, reason, session_reason=sessionReason or "")


@router.post("/{session}/participants/{connection}/streams", status_code=201)
async def publish(
    request: Request,
    app: CurrentApplication,
    world: CurrentWorld,
    session: CurrentSession,
    connection: str,
    body: NewStreamBody | None = None,
) -> dict[str, Any]:
    """Let a participant publish a stream."""
    _require_room(request, app)
    with world.unit(app):
        publisher = sessions.connected(session, connection)
        if publisher.role not in PUBLISHING_ROLES:
            raise ControlError(409, f"a {publisher.role} cannot publish", "connection")
        return show_stream(sessions.publish(app, session, publisher, _new_stream(body or NewStreamBody())))


@router.patch("/{session}/streams/{stream}")
async def change_stream(
    app: CurrentApplication, world: CurrentWorld, session: CurrentSession, stream: str, body: StreamChange
) -> dict[str, Any]:
    """Switch audio or video of a stream on or off, as its client would; `muted` mutes by force."""
    with world.unit(app):
        changes = {name: value for name, value in body.model_dump().items() if value is not None}
        return show_stream(sessions.change_stream(app, session, stream, **changes))


@router.delete("/{session}/streams/{stream}", status_code=204, response_class=Response)
async def unpublish(
    app: CurrentApplication,
    world: CurrentWorld,
    session: CurrentSession,
    stream: str,
    reason: UnpublishReason = "clientDisconnected",
) -> None:
    """Let a stream end."""
    with world.unit(app):
        sessions.unpublish(app, session, stream, reason)


@router.get("/{session}/signals")
async def list_signals(app: CurrentApplication, world: CurrentWorld, session: CurrentSession) -> dict[str, Any]:
    """List the signals sent by the server, oldest first; `connectionId` is null where all got it."""
    with world.unit(app):
        return _list(
            [
                {"at": signal.at, "type": signal.type, "data": signal.data, "connectionId": signal.to or None}
                for signal in session.signals.values()
            ]
        )


def _new_stream(body: NewStreamBody) -> StreamSettings:
    classes = body.layout_class_list
    return StreamSettings(
        name=body.name,
        video_type=body.video_type,
        has_audio=body.has_audio,
        has_video=body.has_video,
        layout_classes=None if classes is None else tuple(classes),
    )
