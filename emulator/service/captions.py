"""Live captions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.service.invocation import Handler, Invocation
from emulator.spec import wire
from emulator.spec.schemas.captions import StartCaptions
from state import captions
from state.captions import Captions


async def start_captions(invocation: Invocation) -> Response:
    body = invocation.body(StartCaptions)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        invocation.client_token(body.token, session.id, ("moderator",))
        new = body.state(invocation.params.get("captionsId", ""), invocation.audience.api_key)
        started = captions.start(app, session, new)
    return invocation.response({"captionsId": started.id})


async def get_captions(invocation: Invocation) -> Response:
    with invocation.unit() as app:
        return invocation.response(
            wire.captions(invocation.audience, app[Captions].get(invocation.params["captionsId"]))
        )


async def stop_captions(invocation: Invocation) -> Response:
    with invocation.unit() as app:
        captions.stop(app, invocation.params["captionsId"])
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "startCaptions": start_captions,
        "getCaptions": get_captions,
        "stopCaptions": stop_captions,
    }
)
