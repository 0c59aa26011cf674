"""Sessions: create, connections, disconnect, migrate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator import dialect, wire
from emulator.call import Call, Handler
from emulator.schemas.sessions import parse_create_session
from state import rotation, sessions


async def create_session(call: Call) -> Response:
    body = parse_create_session(call.passing.body, call.reading)
    call.note_unread(body)
    with call.unit() as app:
        made = sessions.create(app, call.speaker.project, body.state())
        segment = app.ids.uuid()
    call.passing.created = made.id
    session = wire.session(call.speaker, made, segment)
    if dialect.wants_xml(call.request.headers, call.operation):
        return dialect.session(session)
    return call.answer([call.shape("Session", session)])


async def list_connections(call: Call) -> Response:
    with call.unit() as app:
        session = call.session(app)
        session.require_clients()
        whose = wire.whose_connections(call.speaker, session)
        return call.part(list(session.connections.values()), wire.connection, **whose)


async def force_disconnect(call: Call) -> Response:
    with call.unit() as app:
        sessions.leave(app, call.session(app), call.params["connectionId"], "forceDisconnected")
    return call.answer()


async def migrate_session(call: Call) -> Response:
    with call.unit() as app:
        rotation.migrate(app, call.session(app), patient=call.contract.patient_migration)
    return call.answer({"message": "Session migration initiated"})


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "createSession": create_session,
        "listConnections": list_connections,
        "forceDisconnect": force_disconnect,
        "migrateSession": migrate_session,
    }
)
