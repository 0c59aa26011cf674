"""Live captions: start, get, stop.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.resources.captions import captions_body
from emulator.service.invocation import Handler, Invocation
from emulator.spec.schemas.captions import StartCaptions
from state import captions
from state.captions import Captions


async def start_captions(invocation: Invocation) -> Response:
    """Start the captions of a session with a moderator's token; return their id (3.1)."""
    body = invocation.body(StartCaptions)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        invocation.client_token(body.token, session.id, ("moderator",))
        new = body.state(invocation.params.get("captionsId", ""), invocation.audience.api_key)
        started = captions.start(app, session, new)
    return invocation.response({"captionsId": started.id})


async def get_captions(invocation: Invocation) -> Response:
    """Return the captions as their callback shows them (3.2, 3.3)."""
    with invocation.unit() as app:
        return invocation.response(
            captions_body(invocation.audience, app[Captions].get(invocation.params["captionsId"]))
        )


async def stop_captions(invocation: Invocation) -> Response:
    """Stop the captions; the response has no body (3.2)."""
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
