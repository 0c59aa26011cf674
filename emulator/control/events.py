"""What happens: listed, waited for, streamed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import islice
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from emulator.context import context_of
from emulator.control.applications import counts
from emulator.control.common import ControlError, CurrentWorld, NamedApplication, check_type, store_of, unit
from emulator.control.show_event import show_event
from emulator.services import services_of
from emulator.store.base import StoreUnavailableError
from state.application import Application
from state.events import Event, matches

router = APIRouter(prefix="/applications/{application}/events", tags=["Events"])

MAX_WAIT_SECONDS = 60.0
HEARTBEAT = 15.0
"""s after which a silent stream shows that it is alive."""
MOST_AT_ONCE = 100
"""Events that a stream takes at once."""
LOOK_AGAIN = 0.25
"""s after which a stream of changes looks for those that wake nobody: requests, the clock."""


def _wanted(event: Event, type_: str | None, subject: str | None, session: str | None) -> bool:
    return (
        (type_ is None or matches(type_, event.type))
        and (subject is None or event.subject == subject)
        and (session is None or event.session_id == session)
    )


@router.get("")
async def list_events(
    request: Request,
    app: NamedApplication,
    world: CurrentWorld,
    after: Annotated[int, Query(ge=0)] = 0,
    type: str | None = None,
    subject: str | None = None,
    session: str | None = None,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> dict[str, Any]:
    """List what happened after an event number, oldest first; `wait` s for it when nothing has yet.

    `type` is that of an event (`archive.available`) or of a kind (`archive`). `last` is the number to go on after: that
    of the newest event, or of the last one listed where `limit` cut the list. `first` is the oldest that is kept.
    """
    check_type(type)
    notifier = services_of(request).notifier
    context = context_of(request)
    deadline = time.monotonic() + (0 if context.head_only else wait)  # the head is the same whatever happens
    while True:
        change_event = notifier.next_change(app)
        async with unit(request, app):
            wanted = (event for event in app.events.after(after) if _wanted(event, type, subject, session))
            found = list(islice(wanted, limit))
            last = found[-1].number if len(found) == limit else app.events.last
            items = [show_event(request, app, event) for event in found]
        if items or not await notifier.wait(change_event, deadline):
            return {"first": app.events.first, "last": last, "count": len(items), "items": items}
        if world.find(app.id) is not app:
            raise ControlError(404, "the application was deleted", "application")
        after = last


@router.get("/stream", response_class=Response)
async def stream_events(
    request: Request,
    app: NamedApplication,
    after: Annotated[int | None, Query(ge=0)] = None,
    type: str | None = None,
    session: str | None = None,
    changes: bool = False,
) -> StreamingResponse:
    """Stream what happens as server-sent events; goes on after `after`, or the header Last-Event-ID.

    `changes` adds messages `changed` whenever there is anything new to read: counts, the clock, the newest numbers of
    requests and callbacks, hits of fault rules. Those have no event of their own. Its `epoch` is another one when
    nothing read before counts any more: after a reset, a restored snapshot, a new start.
    """
    check_type(type)
    start = after
    if start is None:
        resumed = request.headers.get("last-event-id", "")
        start = int(resumed[:15]) if resumed.isascii() and resumed.isdigit() else app.events.last
    watched = Watched(app) if changes else None
    stream = _stream(request, app, min(start, app.events.last), type, session, watched)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


class Watched:
    """What is told of an application when it is different from what was told last."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._told: tuple[Any, ...] = ()

    def change_event(self) -> dict[str, Any] | None:
        """Return how things are, or None when they are as they were told."""
        app, clock = self._app, self._app.clock
        rules = app.faults.stamp if app.faults is not None else 0
        there = (app.epoch, app.version, app.journal.last, rules, app.outbox.held)
        told = (*there, clock.frozen, clock.speed, clock.anchor)
        if told == self._told:
            return None
        self._told = told
        callbacks = Counter(callback.status for callback in app.outbox)
        troubled = sum(1 for callback in app.outbox if callback.attempts and callback.attempts[-1].cause)
        return {
            "epoch": app.epoch,
            "version": app.version,
            "events": {"first": app.events.first, "last": app.events.last},
            "requests": app.journal.last,
            "faults": rules,
            "clock": {"now": clock.now(), "frozen": clock.frozen, "speed": clock.speed},
            "counts": counts(app),
            "callbacks": callbacks,
            "troubled": troubled,
            "held": sorted(app.outbox.held),
        }


async def _stream(
    request: Request, app: Application, after: int, type_: str | None, session: str | None, watched: Watched | None
) -> AsyncIterator[bytes]:
    notifier = services_of(request).notifier
    yield b": connected\n\n"
    world = services_of(request).world
    silent_since = time.monotonic()
    while world.find(app.id) is app and not notifier.stopping.is_set():
        change_event = notifier.next_change(app)
        after = min(after, app.events.last)  # a restored snapshot may lead back
        if app.events.first > after + 1:
            yield b": events %d to %d are no longer kept\n\n" % (after + 1, app.events.first - 1)
        # A few at a time: who reads slowly must not keep what has been given up meanwhile.
        for event in app.events.next_after(after, MOST_AT_ONCE):
            after = event.number
            if _wanted(event, type_, None, session):
                data = orjson.dumps(show_event(request, app, event))
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.type.encode(), data)
                silent_since = time.monotonic()
        if after < app.events.last:
            continue
        if watched is not None:
            with suppress(StoreUnavailableError):
                await store_of(request).read_journals(app)
        if watched is not None and (changed := watched.change_event()):
            yield b"event: changed\ndata: %s\n\n" % orjson.dumps(changed)
            silent_since = time.monotonic()
        heartbeat = silent_since + HEARTBEAT
        deadline = heartbeat if watched is None else min(heartbeat, time.monotonic() + LOOK_AGAIN)
        if not await notifier.wait(change_event, deadline) and time.monotonic() >= heartbeat:
            silent_since = time.monotonic()
            yield b": still here\n\n"
