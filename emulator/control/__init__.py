"""The control API under `/_emulator`: what a test does to the world besides calling the service.

It speaks camelCase JSON and writes errors as `{"error": {"message", "field"?, "suggestion"?}}`.
"""

from __future__ import annotations

import importlib
from functools import cached_property

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from emulator.spec.paths import CONTROL

MODULES = (
    "applications",
    "callbacks",
    "clock",
    "events",
    "evidence",
    "faults",
    "scenarios",
    "verify",
    "files",
    "info",
    "participants",
    "pictures",
    "requests",
    "resources.registry",
    "snapshots",
    "page",
)
"""The modules with the routers of the control API, in the order of its description."""


class ControlRoutes(BaseRoute):
    """The control API as one route, put together at its first request, for a quicker first response of the service."""

    @cached_property
    def router(self) -> APIRouter:
        """All control endpoints."""
        from emulator.control.common import check_body

        router = APIRouter(prefix=CONTROL, dependencies=[Depends(check_body)])
        for name in MODULES:
            router.include_router(importlib.import_module(f"{__name__}.{name}").router)
        return router

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every path below the prefix."""
        return (Match.FULL if (scope["path"] + "/").startswith(CONTROL + "/") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a control request; the prefix alone leads to the page."""
        if scope["path"] == CONTROL:
            await RedirectResponse(CONTROL + "/", 308)(scope, receive, send)
            return
        await self.router(scope, receive, send)
