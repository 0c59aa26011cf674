"""The outbox: what is told to receivers, every attempt, and what a test may do with it."""

from __future__ import annotations

import time
from collections import deque
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request

from emulator.callbacks.signing import check
from emulator.control.common import CurrentApplication, CurrentWorld, NamedApplication, check_type, unit
from emulator.control.events import MAX_WAIT_SECONDS
from emulator.control.models import CallbackOrder, CallbackPattern
from emulator.services import services_of
from state import callbacks
from state.application import Application
from state.events import matches
from state.outbox import RETRY, Attempt, Callback

router = APIRouter(prefix="/applications/{application}/callbacks", tags=["Callbacks"])

Status = Literal["pending", "held", "delivered", "failed", "dropped"]


def show_callback(app: Application, callback: Callback) -> dict[str, Any]:
    """Return a callback with every attempt; times in ms of the clock, durations in ms of real time.

    `signature` of an attempt tells whether it was signed, and whether that holds: what a receiver should find.
    """
    retry = app.timeline.get(RETRY, callback.id)
    return {
        "id": callback.id,
        "jti": callback.jti,
        "number": callback.number,
        "webhook": callback.webhook,
        "event": callback.event,
        "url": callback.url,
        "sessionId": callback.session_id,
        "status": callback.status,
        "fault": callback.distortion.fault or None,
        "createdAt": callback.created_at,
        "nextAttemptAt": retry.due if retry else None,
        "body": orjson.loads(callback.body),
        "attempts": [_show_attempt(callback, attempt) for attempt in callback.attempts],
    }


def _show_attempt(callback: Callback, attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "at": attempt.at,
        "duration": round(attempt.duration, 3),
        "status": attempt.status or None,
        "cause": attempt.cause or None,
        "request": {"headers": dict(attempt.request_headers), "body": callback.body.decode()},
        "signature": check(callback.secret, dict(attempt.request_headers), callback.body),
        "response": {
            "headers": _joined(attempt.response_headers),
            "body": attempt.response_body.decode("utf-8", "replace"),
        },
    }


def _joined(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return headers by name; repeated ones joined with commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _list(app: Application, found: list[Callback]) -> dict[str, Any]:
    return {"count": len(found), "items": [show_callback(app, callback) for callback in found]}


@router.get("")
async def list_callbacks(
    request: Request,
    app: NamedApplication,
    status: Status | None = None,
    event: str = "*",
    session: str | None = None,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS)] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 1000,
) -> dict[str, Any]:
    """List the newest `limit` callbacks, oldest first; `wait` s for the first one when there is none yet.

    `event` is that of an event (`archive.available`) or of a kind (`archive`).
    """
    check_type(event)
    notifier = services_of(request).notifier
    deadline = time.monotonic() + wait
    while True:
        change_event = notifier.next_change(app)
        async with unit(request, app):
            wanted = (
                callback
                for callback in app.outbox
                if (status is None or callback.status == status)
                and matches(event, callback.event)
                and (session is None or callback.session_id == session)
            )
            found = _list(app, list(deque(wanted, limit)))
        if found["count"] or not await notifier.wait(change_event, deadline):
            return found


@router.post("/hold")
async def hold(app: CurrentApplication, world: CurrentWorld, body: CallbackPattern | None = None) -> dict[str, Any]:
    """Hold callbacks from now on: all, or those of an event or kind. Answers those that became held."""
    body = body or CallbackPattern()
    check_type(body.event)
    with world.unit(app):
        return _list(app, callbacks.hold(app, body.event))


@router.post("/release")
async def release(app: CurrentApplication, world: CurrentWorld, body: CallbackPattern | None = None) -> dict[str, Any]:
    """Send what is held: all, those of an event or kind, or just `ids` (the others stay held)."""
    body = body or CallbackPattern()
    check_type(body.event)
    with world.unit(app):
        return _list(app, callbacks.release(app, body.event, body.ids))


@router.post("/reorder")
async def reorder(app: CurrentApplication, world: CurrentWorld, body: CallbackOrder) -> dict[str, Any]:
    """Let callbacks that are not sent yet be sent in another order: hold, reorder, release."""
    with world.unit(app):
        app.outbox.reorder(body.ids)
        app.touch(app)
        return _list(app, list(app.outbox))


@router.get("/{callback}")
async def get_callback(app: CurrentApplication, world: CurrentWorld, callback: str) -> dict[str, Any]:
    """Read one callback."""
    with world.unit(app):
        return show_callback(app, app.outbox.get(callback))


@router.post("/{callback}/redeliver")
async def redeliver(app: CurrentApplication, world: CurrentWorld, callback: str) -> dict[str, Any]:
    """Send a callback once more, now, whatever became of it."""
    with world.unit(app):
        return show_callback(app, callbacks.redeliver(app, callback))


@router.post("/{callback}/drop")
async def drop(app: CurrentApplication, world: CurrentWorld, callback: str) -> dict[str, Any]:
    """Never send a callback (again)."""
    with world.unit(app):
        return show_callback(app, callbacks.drop(app, callback))


@router.post("/{callback}/duplicate", status_code=201)
async def duplicate(app: CurrentApplication, world: CurrentWorld, callback: str) -> dict[str, Any]:
    """Send the same callback a second time, with the same `jti`."""
    with world.unit(app):
        return show_callback(app, callbacks.duplicate(app, callback))
