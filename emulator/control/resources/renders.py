"""Renders in the control API."""

from __future__ import annotations

from typing import Any

from emulator.control.models import Transition
from emulator.control.resources.view import Current, ResourceView, Selected, router_of
from emulator.resources.renders import render_body
from emulator.spec.wire import Audience, Json
from state import renders
from state.application import Application
from state.renders import Render


def _show(audience: Audience, render: Render) -> Json:
    return {
        **render_body(audience, render, started=True),
        "name": render.new.name or None,
        "connectionId": render.connection_id or None,
        "maxDuration": render.new.max_duration,
    }


router = router_of(renders.KIND)
VIEW = ResourceView(kind=renders.KIND, router=router, show=_show)


@router.get("")
async def list_renders(caller: Current, wanted: Selected) -> dict[str, Any]:
    """List every render, ended ones included, oldest first; the newest `limit` of them."""
    return caller.list(VIEW, wanted)


@router.get("/{resource}")
async def get_render(caller: Current, resource: str) -> dict[str, Any]:
    """Read one render: what may follow, and what is pending."""
    return caller.get(VIEW, resource)


@router.post("/{resource}/transition")
async def force_render(caller: Current, resource: str, body: Transition) -> dict[str, Any]:
    """Force a status that may follow on a render."""

    def force(app: Application, render: Render) -> None:
        renders.force(app, render, body.status, body.reason)

    return caller.force(VIEW, resource, body.status, force)
