"""The emulator itself: health, readiness, what it is and how it is set."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from emulator import __version__
from emulator.control.common import CurrentWorld, store_of
from state.application import MOST_CHECKPOINTS, MOST_RULES
from state.journal import MAX_BYTES
from state.sessions import SIGNALS_KEPT

router = APIRouter(tags=["Emulator"])


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
    settings = request.app.state.settings
    return {
        "version": __version__,
        "store": request.app.state.store.name,
        "contract": settings.contract,
        "pace": settings.pace,
        "auth": settings.auth,
        "urls": request.app.state.urls,
        "applications": len(world),
        "limits": {
            "requests": settings.journal_size,
            "requestBytes": MAX_BYTES,
            "events": settings.event_size,
            "callbacks": settings.callback_size,
            "records": settings.record_size,
            "signals": SIGNALS_KEPT,
            "checkpoints": MOST_CHECKPOINTS,
            "rules": MOST_RULES,
            "bodyBytes": settings.max_body_bytes,
        },
    }
