"""The control API under `/_emulator`: what a test does to the world besides calling the service.

It speaks camelCase JSON and writes errors as `{"error": {"message", "field"?, "suggestion"?}}`.
"""

from __future__ import annotations

import importlib
from functools import cached_property

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from emulator.spec.paths import CONTROL
from state import spelling

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
    "sounds",
    "page",
)
"""The modules with the routers of the control API, in the order of its description."""


def _operation_id(route: APIRoute) -> str:
    """Return the name of a call in the description: that of its endpoint, behind a word that the service's have not."""
    return to_camel(f"control_{route.name}")


class ControlRoutes(BaseRoute):
    """The control API as one route, put together at its first request, for a quicker first response of the service."""

    @cached_property
    def router(self) -> APIRouter:
        """All control endpoints."""
        from emulator.control.common import check_request

        router = APIRouter(
            prefix=CONTROL, dependencies=[Depends(check_request)], generate_unique_id_function=_operation_id
        )
        for name in MODULES:
            router.include_router(importlib.import_module(f"{__name__}.{name}").router)
        return router

    @cached_property
    def _calls(self) -> list[APIRoute]:
        """The endpoints, whose paths begin behind the prefix."""
        found = [each for name in MODULES for each in importlib.import_module(f"{__name__}.{name}").router.routes]
        return [each for each in found if isinstance(each, APIRoute)]

    def methods_of(self, path: str) -> list[str]:
        """Return the methods that a path takes."""
        below = path.removeprefix(CONTROL)
        return sorted({method for each in self._calls if each.path_regex.match(below) for method in each.methods or ()})

    def nearest(self, path: str) -> str:
        """Return the path of a call that is nearest to one that there is not, or nothing."""
        given = path.removeprefix(CONTROL).split("/")
        known = set()
        for call in self._calls:
            parts = call.path.split("/")
            if len(parts) == len(given) and call.include_in_schema:
                known.add("/".join(mine if part[:1] == "{" else part for mine, part in zip(given, parts, strict=True)))
        return next((CONTROL + found for found in spelling.alike("/".join(given), known)), "")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every path below the prefix."""
        return (Match.FULL if (scope["path"] + "/").startswith(CONTROL + "/") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a control request; the prefix alone leads to the page."""
        if scope["path"] == CONTROL:
            await RedirectResponse(CONTROL + "/", 308)(scope, receive, send)
            return
        await self.router(scope, receive, send)
