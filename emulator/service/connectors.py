"""Audio connectors: connect, disconnect.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.resources.connectors import connector_body
from emulator.service.invocation import Handler, Invocation
from emulator.spec.schemas.connectors import ConnectAudio
from state import connectors


async def connect_audio(invocation: Invocation) -> Response:
    """Connect a session to a WebSocket; return the ids of connector and connection (5)."""
    body = invocation.body(ConnectAudio)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        token = invocation.client_token(body.token, session.id)
        connector = connectors.connect(app, session, body.state(), token.data, token.layout_classes)
        return invocation.response(connector_body(invocation.audience, connector))


async def disconnect_audio(invocation: Invocation) -> Response:
    """Disconnect an audio connector; the response has no body."""
    with invocation.unit() as app:
        connectors.disconnect(app, invocation.params["connectorId"])
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "connectAudio": connect_audio,
        "disconnectAudio": disconnect_audio,
    }
)
