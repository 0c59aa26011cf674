"""Experience Composer renders: start, get, list, stop.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.resources.renders import render_body
from emulator.service import refused_of
from emulator.service.invocation import Invocation
from emulator.spec.contract import RENDER_STOP_STATUSES
from emulator.spec.errors import InvalidRequestError
from emulator.spec.operations import NO_BODY_IN_SPEC, PAGED, operation
from emulator.spec.responses import ErrorBody
from emulator.spec.schemas.renders import StartRender
from state import errors as refused
from state import renders
from state.renders import Render
from state.sessions import PUBLISHING_ROLES

_RENDER = "/render/{renderId}"


@operation(
    "listRenders",
    "Render",
    "GET",
    "/render",
    "List Experience Composer renders",
    query=PAGED,
    response="RenderList",
    refusals=(InvalidRequestError("must be a whole number from 0 on (got 'x')", "offset"),),
)
async def list_renders(invocation: Invocation) -> Response:
    """Return one page of the renders, the newest first (4.3)."""
    with invocation.unit() as app:
        return invocation.page(
            app[Render], lambda render: invocation.shape("Render", render_body(invocation.audience, render))
        )


@operation(
    "startRender",
    "Render",
    "POST",
    "/render",
    "Start an Experience Composer render",
    body=StartRender,
    response="Render",
    status=202,
    refusals=(
        InvalidRequestError("must be between 60 and 36000", "maxDuration"),
        refused.NoClientsError(),
        *refused_of.SESSION,
        refused.NotRoutedError("render"),
        refused_of.TOKEN,
    ),
    answers={refused.InvalidSessionIdError: ErrorBody(400, "Invalid sessionId provided.", code=50008)},
    texts={
        "maxDuration": "Invalid maxDuration provided.",
        "url": "Invalid application URL structure.",
        "resolution": "Invalid resolution provided.",
        "properties": "Invalid stream name provided.",
        "sessionId": "Invalid sessionId provided.",
    },
    tokens={
        "unreadable": ErrorBody(403, "Invalid token format or signature.", code=10001),
        "session": ErrorBody(403, "The token does not match the session ID.", code=10007),
        "expired": ErrorBody(403, "Expired token.", code=10012),
    },
    documented=(ErrorBody(429, "Experienced Composer API Usage Exceeded", code=50004),),
    adds=True,
)
async def start_render(invocation: Invocation) -> Response:
    """Start rendering a page into a session; return the render as start writes it (4.1)."""
    body = invocation.body(StartRender)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        token = invocation.client_token(body.token, session.id, sorted(PUBLISHING_ROLES))
        render = renders.start(app, session, body.state(token, invocation.audience.api_key))
        return invocation.response(invocation.shape("Render", render_body(invocation.audience, render, started=True)))


@operation(
    "getRender",
    "Render",
    "GET",
    _RENDER,
    "Get an Experience Composer render",
    aliases=(("POST", _RENDER),),
    response="Render",
    refusals=refused_of.resource("render"),
)
async def get_render(invocation: Invocation) -> Response:
    """Return one render (4.2)."""
    with invocation.unit() as app:
        render = app[Render].get(invocation.params["renderId"])
        return invocation.response(invocation.shape("Render", render_body(invocation.audience, render)))


@operation(
    "stopRender",
    "Render",
    "DELETE",
    _RENDER,
    "Stop an Experience Composer render",
    status=204,
    spec_status=200,
    empty=NO_BODY_IN_SPEC,
    refusals=refused_of.resource("render"),
)
async def stop_render(invocation: Invocation) -> Response:
    """Stop a render; the status depends on the SDK, by its `User-Agent` (4.4)."""
    with invocation.unit() as app:
        renders.stop(app, invocation.params["renderId"])
    agent = (invocation.context.headers.get("user-agent") or "").lower()
    for prefix, status in RENDER_STOP_STATUSES.items():
        if agent.startswith(prefix):
            return Response(status_code=status)
    return invocation.response()
