"""SIP calls, captions, renders and audio connectors: what joins a session with a client token of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator import wire
from emulator.call import Call, Handler
from emulator.contract import RENDER_STOP_STATUSES
from emulator.schemas.media import ConnectAudio, Dial, PlayDtmf, PlayDtmfToOne, StartCaptions, StartRender
from state import calls, captions, connectors, renders
from state.sessions import PUBLISHING_ROLES


async def dial(call: Call) -> Response:
    body = call.body(Dial)
    with call.unit() as app:
        session = call.session(app, body.session_id)
        token = call.client_token(body.token, session.id)
        dialled = calls.dial(app, session, body.state(), token.data, token.layout_classes)
        return call.answer(call.shape("SipCall", wire.call(call.speaker, dialled)))


async def play_dtmf(call: Call) -> Response:
    body = call.body(PlayDtmfToOne if "connectionId" in call.params else PlayDtmf)
    with call.unit() as app:
        calls.play_digits(app, call.session(app), body.digits, call.params.get("connectionId", ""))
    return call.answer()


async def start_captions(call: Call) -> Response:
    body = call.body(StartCaptions)
    with call.unit() as app:
        session = call.session(app, body.session_id)
        call.client_token(body.token, session.id, ("moderator",))
        new = body.state(call.params.get("captionsId", ""), call.speaker.api_key)
        started = captions.start(app, session, new)
    return call.answer({"captionsId": started.id})


async def get_captions(call: Call) -> Response:
    with call.unit() as app:
        return call.answer(wire.captions(call.speaker, app.captions.get(call.params["captionsId"])))


async def stop_captions(call: Call) -> Response:
    with call.unit() as app:
        captions.stop(app, call.params["captionsId"])
    return call.answer()


async def start_render(call: Call) -> Response:
    body = call.body(StartRender)
    with call.unit() as app:
        session = call.session(app, body.session_id)
        token = call.client_token(body.token, session.id, sorted(PUBLISHING_ROLES))
        render = renders.start(app, session, body.state(token, call.speaker.api_key))
        return call.answer(call.shape("Render", wire.render(call.speaker, render, started=True)))


async def list_renders(call: Call) -> Response:
    with call.unit() as app:
        return call.page(app.renders, lambda render: call.shape("Render", wire.render(call.speaker, render)))


async def get_render(call: Call) -> Response:
    with call.unit() as app:
        render = app.renders.get(call.params["renderId"])
        return call.answer(call.shape("Render", wire.render(call.speaker, render)))


async def stop_render(call: Call) -> Response:
    with call.unit() as app:
        renders.stop(app, call.params["renderId"])
    agent = call.request.headers.get("user-agent", "").lower()
    for prefix, status in RENDER_STOP_STATUSES.items():
        if agent.startswith(prefix):
            return Response(status_code=status)
    return call.answer()


async def connect_audio(call: Call) -> Response:
    body = call.body(ConnectAudio)
    with call.unit() as app:
        session = call.session(app, body.session_id)
        token = call.client_token(body.token, session.id)
        connector = connectors.connect(app, session, body.state(), token.data, token.layout_classes)
        return call.answer(wire.connector(connector))


async def disconnect_audio(call: Call) -> Response:
    with call.unit() as app:
        connectors.disconnect(app, call.params["connectorId"])
    return call.answer()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "dial": dial,
        "playDtmfAll": play_dtmf,
        "playDtmfConnection": play_dtmf,
        "startCaptions": start_captions,
        "getCaptions": get_captions,
        "stopCaptions": stop_captions,
        "listRenders": list_renders,
        "startRender": start_render,
        "getRender": get_render,
        "stopRender": stop_render,
        "connectAudio": connect_audio,
        "disconnectAudio": disconnect_audio,
    }
)
