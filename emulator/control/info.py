"""The emulator itself: health, readiness, what it is and how it is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from emulator import __version__
from emulator.context import MAX_BODIES
from emulator.control.common import CurrentWorld, store_of
from emulator.protocol.unread import MAX_UNREAD
from emulator.services import services_of
from state import memory
from state.application import MAX_CHECKPOINTS, MAX_RULES, Application
from state.journal import MAX_BYTES
from state.sessions import SIGNALS_KEPT
from state.world import World

router = APIRouter(tags=["Emulator"])

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
async def health() -> dict[str, str]:
    """Tell that the process answers."""
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
            "signals": SIGNALS_KEPT,
            "checkpoints": MAX_CHECKPOINTS,
            "rules": MAX_RULES,
            "bodyBytes": settings.max_body_bytes,
        },
        "bytes": {
            "all": {"used": world.bytes, "limit": memory.ALL},
            "bodies": {"used": services_of(request).body_budget.used, "limit": MAX_BODIES},
            "responses": {"used": services_of(request).unread.bytes, "limit": MAX_UNREAD},
            **{name: _of_largest(world, name, limit) for name, limit in LIMITS.items()},
        },
    }
