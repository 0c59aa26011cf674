"""Resources in the control API: life cycles, and the calls of every kind; the kinds are those of state/resources.py."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from emulator.control.resources import archives, broadcasts, calls, captions, connectors, renders
from emulator.control.resources.view import ResourceView
from state.lifecycles import LIFECYCLES

VIEWS: tuple[ResourceView[Any], ...] = (
    archives.VIEW,
    broadcasts.VIEW,
    captions.VIEW,
    renders.VIEW,
    calls.VIEW,
    connectors.VIEW,
)

router = APIRouter(tags=["Resources"])


@router.get("/lifecycles")
async def list_lifecycles() -> dict[str, Any]:
    """List every life cycle: its first status, and for each status those that may follow."""
    return {
        kind: {
            "initial": each.initial,
            "transitions": dict(each.transitions),
        }
        for kind, each in LIFECYCLES.items()
    }


for _view in VIEWS:
    router.include_router(_view.router)
