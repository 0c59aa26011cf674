"""Experience Composer renders: start, get, list, stop.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.resources.renders import render_body
from emulator.service.invocation import Handler, Invocation
from emulator.spec.contract import RENDER_STOP_STATUSES
from emulator.spec.schemas.renders import StartRender
from state import renders
from state.renders import Render
from state.sessions import PUBLISHING_ROLES


async def start_render(invocation: Invocation) -> Response:
    """Start rendering a page into a session; return the render as start writes it (4.1)."""
    body = invocation.body(StartRender)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        token = invocation.client_token(body.token, session.id, sorted(PUBLISHING_ROLES))
        render = renders.start(app, session, body.state(token, invocation.audience.api_key))
        return invocation.response(invocation.shape("Render", render_body(invocation.audience, render, started=True)))


async def list_renders(invocation: Invocation) -> Response:
    """Return one page of the renders, the newest first (4.3)."""
    with invocation.unit() as app:
        return invocation.page(
            app[Render], lambda render: invocation.shape("Render", render_body(invocation.audience, render))
        )


async def get_render(invocation: Invocation) -> Response:
    """Return one render (4.2)."""
    with invocation.unit() as app:
        render = app[Render].get(invocation.params["renderId"])
        return invocation.response(invocation.shape("Render", render_body(invocation.audience, render)))


async def stop_render(invocation: Invocation) -> Response:
    """Stop a render; the status depends on the SDK, by its `User-Agent` (4.4)."""
    with invocation.unit() as app:
        renders.stop(app, invocation.params["renderId"])
    agent = (invocation.context.headers.get("user-agent") or "").lower()
    for prefix, status in RENDER_STOP_STATUSES.items():
        if agent.startswith(prefix):
            return Response(status_code=status)
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "listRenders": list_renders,
        "startRender": start_render,
        "getRender": get_render,
        "stopRender": stop_render,
    }
)
