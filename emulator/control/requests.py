"""The journal: what was asked of the emulator and what it answered."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from emulator.control.common import ControlError, CurrentApplication, store_of
from emulator.control.verify import unknown_operation
from emulator.security.masking import masked
from emulator.service.operations import BY_ID
from emulator.services import services_of
from state.journal import Exchange

router = APIRouter(tags=["Requests"])


def show_exchange(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange, without credentials of other people's services; those in headers are the emulator's own."""
    shown = dataclasses.asdict(exchange)
    shown["headers"] = {name.decode("latin-1"): value.decode("latin-1") for name, value in exchange.headers}
    shown["body"] = masked(exchange.body.decode("utf-8", "replace"))
    shown["answer"] = masked(exchange.answer.decode("utf-8", "replace"))
    shown["query"] = masked(exchange.query)
    shown["claims"] = dict(exchange.claims)
    shown["duration"] = round(exchange.duration, 3)
    return shown


@router.get("/applications/{application}/requests")
async def list_requests(
    request: Request,
    app: CurrentApplication,
    operation: str | None = None,
    after: Annotated[int, Query(ge=0, description="only exchanges with a greater number")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> dict[str, Any]:
    """List the application's exchanges, newest first, of one operation or of all."""
    if operation is not None and operation not in BY_ID:
        raise unknown_operation(operation)
    await store_of(request).read_journals(app)
    items = [show_exchange(exchange) for exchange in app.journal.newest(limit, operation, after)]
    return {"count": len(items), "items": items}


@router.get("/applications/{application}/requests/{number}")
async def get_request(request: Request, app: CurrentApplication, number: int) -> dict[str, Any]:
    """Read one exchange by its number."""
    await store_of(request).read_journals(app)
    found = app.journal.get(number)
    if found is None:
        raise ControlError(404, f"there is no exchange {number}, or it is no longer kept", "number")
    return show_exchange(found)


@router.get("/requests")
async def list_stray_requests(request: Request, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> dict[str, Any]:
    """List the exchanges that belong to no application: unknown paths, refused tokens of unknown issuers."""
    items = [show_exchange(exchange) for exchange in services_of(request).journal.newest(limit)]
    return {"count": len(items), "items": items}
