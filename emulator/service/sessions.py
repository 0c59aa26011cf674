"""Sessions: create, connections, disconnect, migrate.

The numbers are sections of fidelity/rest-and-archives.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.service.invocation import Handler, Invocation
from emulator.spec import opentok, wire
from emulator.spec.schemas.sessions import parse_create_session
from state import rotation, sessions


async def create_session(invocation: Invocation) -> Response:
    """Create a session; return it in an array, or as XML where the caller wants that (6)."""
    body = parse_create_session(invocation.context.body, invocation.reading)
    invocation.note_unread(body)
    with invocation.unit() as app:
        made = sessions.create(app, invocation.audience.project, body.state())
        segment = app.ids.uuid()
    invocation.context.created = made.id
    session = wire.session(invocation.audience, made, segment)
    if opentok.wants_xml(invocation.context.headers, invocation.operation):
        return opentok.session(session)
    return invocation.response([invocation.shape("Session", session)])


async def list_connections(invocation: Invocation) -> Response:
    """Return the connections of a session, oldest first (7.1)."""
    with invocation.unit() as app:
        session = invocation.read_session(app)
        session.require_clients()
        whose = wire.whose_connections(invocation.audience, session)
        return invocation.part(list(session.connections.values()), wire.connection, **whose)


async def force_disconnect(invocation: Invocation) -> Response:
    """Disconnect a client; the response has no body (7.2)."""
    with invocation.unit() as app:
        sessions.leave(app, invocation.session(app), invocation.params["connectionId"], "forceDisconnected")
    return invocation.response()


async def migrate_session(invocation: Invocation) -> Response:
    """Begin to move a session to another media server (11)."""
    with invocation.unit() as app:
        rotation.migrate(app, invocation.session(app), enforce_cooldown=invocation.contract.migration_cooldown)
    return invocation.response({"message": "Session migration initiated"})


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "createSession": create_session,
        "listConnections": list_connections,
        "forceDisconnect": force_disconnect,
        "migrateSession": migrate_session,
    }
)
