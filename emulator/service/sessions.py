"""Sessions: create, connections, disconnect, migrate.

The numbers are sections of fidelity/rest-and-archives.md.
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.service import refused_of
from emulator.service.invocation import Invocation
from emulator.spec import opentok, wire
from emulator.spec.contract import EMPTY_LIST
from emulator.spec.errors import InvalidRequestError
from emulator.spec.operations import CONNECTION, NO_BODY_IN_SPEC, PARTS, SESSION, SESSION_CREATE, operation
from emulator.spec.schemas.sessions import CreateSession, parse_create_session
from state import errors as refused
from state import rotation, sessions


@operation(
    "createSession",
    "Sessions",
    "POST",
    SESSION_CREATE,
    "Create a session",
    body=CreateSession,
    response="Session",
    array=True,
    refusals=(InvalidRequestError("must be always or manual", "archiveMode"),),
    adds=True,
)
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


@operation(
    "listConnections",
    "Sessions",
    "GET",
    SESSION + "/connection",
    "List active connections in a session",
    query=PARTS,
    response="ConnectionList",
    refusals=(refused.NoClientsError(), *refused_of.SESSION),
    spec_answers={refused.NoClientsError: EMPTY_LIST},
)
async def list_connections(invocation: Invocation) -> Response:
    """Return the connections of a session, oldest first (7.1)."""
    with invocation.unit() as app:
        session = invocation.read_session(app)
        session.require_clients()
        whose = wire.whose_connections(invocation.audience, session)
        return invocation.part(list(session.connections.values()), wire.connection, **whose)


@operation(
    "forceDisconnect",
    "Moderation",
    "DELETE",
    CONNECTION,
    "Force a client to disconnect",
    status=204,
    refusals=(refused.MalformedIdError("connection"), refused.NotConnectedError(), *refused_of.SESSION),
)
async def force_disconnect(invocation: Invocation) -> Response:
    """Disconnect a client; the response has no body (7.2)."""
    with invocation.unit() as app:
        sessions.leave(app, invocation.session(app), invocation.params["connectionId"], "forceDisconnected")
    return invocation.response()


@operation(
    "migrateSession",
    "Sessions",
    "POST",
    SESSION + "/migrate",
    "Migrate a session to another media server",
    response="Message",
    status=202,
    spec_status=200,
    empty=NO_BODY_IN_SPEC,
    differs="shortly after the session was made: 409, in the specification allowed",
    refusals=(
        refused.NoClientsError(),
        *refused_of.SESSION,
        refused.MigrationInProgressError(),
        refused.MigrationTooSoonError(),
        refused.NotRoutedError("migration"),
    ),
)
async def migrate_session(invocation: Invocation) -> Response:
    """Begin to move a session to another media server (11)."""
    with invocation.unit() as app:
        rotation.migrate(app, invocation.session(app), enforce_cooldown=invocation.contract.migration_cooldown)
    return invocation.response({"message": "Session migration initiated"})
