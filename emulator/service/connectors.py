"""Audio connectors: connect, disconnect.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md. A real connector is connected once
its WebSocket is open (fidelity/audio-connector.md 1).
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.adapters import is_real
from emulator.resources.connectors import connector_body
from emulator.service import refused_of
from emulator.service.invocation import Invocation
from emulator.spec.errors import REQUIRED, InvalidRequestError
from emulator.spec.operations import NO_BODY, operation
from emulator.spec.responses import ErrorBody
from emulator.spec.schemas.connectors import ConnectAudio
from state import connectors
from state import errors as refused


@operation(
    "connectAudio",
    "Audio Connector",
    "POST",
    "/connect",
    "Connect the audio of a session to a WebSocket",
    body=ConnectAudio,
    response="Connector",
    example={"websocket": {"uri": "wss://localhost/audio"}},
    refusals=(
        refused.NoClientsError(),
        *refused_of.SESSION,
        refused.NotRoutedError("audio connector"),
        refused.UnknownStreamError(),
        InvalidRequestError(REQUIRED, "sessionId"),
        refused_of.TOKEN,
    ),
    answers={refused.UnknownStreamError: ErrorBody(400, "Invalid request. websocket.streams names an unknown stream.")},
    adds=True,
)
async def connect_audio(invocation: Invocation) -> Response:
    """Connect a session to a WebSocket; return the ids of connector and connection (5)."""
    body = invocation.body(ConnectAudio)
    if is_real(invocation.app, "connector"):
        return await _connect_real(invocation, body)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        token = invocation.client_token(body.token, session.id)
        connector = connectors.connect(app, session, body.state(), token.data, token.layout_classes)
        return invocation.response(connector_body(invocation.audience, connector))


async def _connect_real(invocation: Invocation, body: ConnectAudio) -> Response:
    """Open the WebSocket first; where that fails, nothing was connected."""
    from emulator.connectors.handshake import HandshakeError

    adapter, new = invocation.adapters.connectors, body.state()
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        token = invocation.client_token(body.token, session.id)
        opened = connectors.prepare(app, session, new, adapter.process)
    try:
        async with invocation.waiting():
            socket = await adapter.open(app, session.id, new, opened)
    except HandshakeError as error:
        raise InvalidRequestError(str(error), "websocket.uri") from None
    try:
        with invocation.unit() as app:
            session = invocation.session(app, body.session_id)
            connector = connectors.connect(app, session, new, token.data, token.layout_classes, opened)
            adapter.start(app, session, connector, socket)
    except BaseException:
        await socket.close()
        raise
    return invocation.response(connector_body(invocation.audience, connector))


@operation(
    "disconnectAudio",
    "Audio Connector",
    "POST",
    "/connect/{connectorId}/stop",
    "Disconnect an audio connector",
    empty=NO_BODY,
    refusals=refused_of.resource("connector"),
)
async def disconnect_audio(invocation: Invocation) -> Response:
    """Disconnect an audio connector; the response has no body."""
    with invocation.unit() as app:
        connectors.disconnect(app, invocation.params["connectorId"])
    return invocation.response()
