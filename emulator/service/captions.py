"""Live captions: start, get, stop.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.resources.captions import captions_body
from emulator.service import refused_of
from emulator.service.invocation import Invocation
from emulator.spec.errors import REQUIRED, InvalidRequestError
from emulator.spec.operations import NO_BODY, operation
from emulator.spec.schemas.captions import StartCaptions
from state import captions
from state import errors as refused
from state.captions import Captions

_CAPTIONS = "/captions/{captionsId}"


@operation(
    "startCaptions",
    "Captions",
    "POST",
    "/captions",
    "Start live captions",
    aliases=(("POST", _CAPTIONS + "/start"),),
    body=StartCaptions,
    response="CaptionsStarted",
    status=202,
    refusals=(
        refused.NoClientsError(),
        *refused_of.SESSION,
        refused.AlreadyRunningError("captions"),
        refused.NotRoutedError("captions"),
        refused.MalformedIdError("captions"),
        InvalidRequestError(REQUIRED, "sessionId"),
        refused_of.TOKEN,
    ),
    adds=True,
)
async def start_captions(invocation: Invocation) -> Response:
    """Start the captions of a session with a moderator's token; return their id (3.1)."""
    body = invocation.body(StartCaptions)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        invocation.client_token(body.token, session.id, ("moderator",))
        new = body.state(invocation.params.get("captionsId", ""), invocation.audience.api_key)
        started = captions.start(app, session, new)
    return invocation.response({"captionsId": started.id})


@operation(
    "getCaptions",
    "Captions",
    "GET",
    _CAPTIONS,
    "Get the status of live captions",
    response="Captions",
    refusals=refused_of.resource("captions"),
)
async def get_captions(invocation: Invocation) -> Response:
    """Return the captions as their callback shows them (3.2, 3.3)."""
    with invocation.unit() as app:
        return invocation.response(
            captions_body(invocation.audience, app[Captions].get(invocation.params["captionsId"]))
        )


@operation(
    "stopCaptions",
    "Captions",
    "POST",
    _CAPTIONS + "/stop",
    "Stop live captions",
    aliases=(("DELETE", _CAPTIONS + "/stop"),),
    status=202,
    spec_status=200,
    empty=NO_BODY,
    refusals=refused_of.resource("captions"),
)
async def stop_captions(invocation: Invocation) -> Response:
    """Stop the captions; the response has no body (3.2)."""
    with invocation.unit() as app:
        captions.stop(app, invocation.params["captionsId"])
    return invocation.response()
