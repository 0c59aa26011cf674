"""The emulator itself: health, readiness, what it is and how it is set."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from emulator import __version__
from emulator.context import MAX_BODIES
from emulator.control.common import ControlError, CurrentWorld, store_of
from emulator.protocol.unread import MAX_UNREAD
from emulator.services import services_of
from emulator.spec.responses import STOPPING
from state import memory
from state.application import MAX_CHECKPOINTS, MAX_RULES, Application
from state.journal import MAX_BYTES
from state.sessions import SIGNALS_KEPT
from state.world import World

router = APIRouter(tags=["Emulator"])

MAX_WATCH_SECONDS = 60.0
YOUNG_SECONDS = 10.0
"""How long nobody who watches has to wait: whoever starts the emulator wants to know when it is there."""

LIMITS: Mapping[str, int] = {
    "requests": MAX_BYTES,
    "events": memory.EVENTS,
    "callbacks": memory.CALLBACKS,
    "signals": memory.SIGNALS,
    "records": memory.RECORDS,
    "checkpoints": memory.CHECKPOINTS,
    "rules": memory.RULES,
}
"""Bytes that one application keeps at most, by what they are; `records` of each kind."""


def _of_largest(world: World, name: str, limit: int) -> dict[str, Any]:
    """Return how much the application keeps that keeps the most of something, and its id."""
    largest: Application | None = max(world, key=lambda app: app.bytes[name], default=None)
    used = largest.bytes[name] if largest is not None else 0
    return {"used": used, "limit": limit, "application": largest.id if largest is not None and used else None}


@router.get("/health")
async def health(
    request: Request,
    watch: Annotated[float, Query(ge=0, le=MAX_WATCH_SECONDS, description="how long the response takes, s")] = 0,
) -> dict[str, str]:
    """Tell that the process answers; with `watch`, after so many s, or at once in its first 10 s.

    Who watches sees the connection end when the process does, and need not ask again and again.
    """
    services = services_of(request)
    if watch and time.monotonic() - services.since > YOUNG_SECONDS:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(services.stopping.wait(), watch)
    if services.stopping.is_set():
        raise ControlError(503, STOPPING.message)
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> dict[str, str]:
    """Tell that every request can be served; 503 while the store cannot be reached, or not written."""
    await store_of(request).check()
    return {"status": "ready"}


@router.get("/info")
async def info(request: Request, world: CurrentWorld) -> dict[str, Any]:
    """Return version, settings that matter, URLs and limits."""
    settings = services_of(request).settings
    return {
        "version": __version__,
        "store": services_of(request).store.name,
        "contract": settings.contract,
        "pace": settings.pace,
        "auth": settings.auth,
        "urls": services_of(request).urls,
        "applications": len(world),
        "limits": {
            "requests": settings.journal_size,
            "requestBytes": MAX_BYTES,
            "events": settings.event_size,
            "callbacks": settings.callback_size,
            "records": settings.record_size,
            "applications": settings.application_size,
            "signals": SIGNALS_KEPT,
            "checkpoints": MAX_CHECKPOINTS,
            "rules": MAX_RULES,
            "bodyBytes": settings.max_body_bytes,
        },
        "bytes": {
            "all": {"used": world.bytes, "limit": memory.ALL},
            "bodies": {"used": services_of(request).body_budget.used, "limit": MAX_BODIES},
            "live": _of_largest(world, "live", settings.live_bytes),
            "responses": {"used": services_of(request).unread.bytes, "limit": MAX_UNREAD},
            **{name: _of_largest(world, name, limit) for name, limit in LIMITS.items()},
        },
    }
