"""Sessions: create, connections, disconnect, migrate."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from starlette.responses import Response

from emulator import wire
from emulator.call import Call, Handler
from emulator.schemas.sessions import parse_create_session
from state import rotation, sessions


async def create_session(call: Call) -> Response:
    body = parse_create_session(call.passing.body)
    call.note_unread(body)
    with call.unit() as app:
        made = sessions.create(app, call.speaker.project, body.state())
        segment = app.ids.uuid()
    session = wire.session(call.speaker, made, segment)
    if call.caller.opentok and "application/json" not in call.request.headers.get("accept", ""):
        return _xml(session)
    return call.answer([call.shape("Session", session)])


def _xml(session: wire.Json) -> Response:
    """What OpenTok SDKs that do not ask for JSON parse (fidelity/rest-and-archives.md 1, sdk-wire.md 1.1)."""
    fields = "".join(
        f"<{name}>{escape(str(session[name]))}</{name}>" for name in ("session_id", "partner_id", "create_dt")
    )
    return Response(
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><sessions><Session>{fields}</Session></sessions>',
        media_type="application/xml",
    )


async def list_connections(call: Call) -> Response:
    with call.unit() as app:
        session = call.session(app)
        session.require_clients()
        return call.answer(wire.connections(call.speaker, session))


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
