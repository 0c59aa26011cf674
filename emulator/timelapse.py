"""Moving an application's clock, with the callbacks of each moment attempted before the next one comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from weakref import WeakKeyDictionary

from emulator.callbacks import Deliveries
from emulator.store import Store
from state.application import Application
from state.world import World

MOST_STEPS = 100_000
"""Moments after which running until idle gives up: something keeps making work."""

Gone = Callable[[], Awaitable[bool]]
"""Tells whether whoever asked for time to pass has gone away."""


class Timelapse:
    """Lets time pass: for one caller after the other, until `stop` or until the caller has gone away."""

    def __init__(self, world: World, store: Store, deliveries: Deliveries) -> None:
        self._world = world
        self._store = store
        self._deliveries = deliveries
        self._locks: WeakKeyDictionary[Application, asyncio.Lock] = WeakKeyDictionary()
        self._stops: WeakKeyDictionary[Application, int] = WeakKeyDictionary()

    def stop(self, app: Application) -> None:
        """Let no more time pass for those who asked for it so far."""
        self._stops[app] = self._stops.get(app, 0) + 1

    async def advance(self, app: Application, ms: int, gone: Gone) -> None:
        """Let `ms` pass; what falls due on the way happens in order, each at its own time."""
        stop = self._stops.get(app, 0)
        async with self._alone(app):
            await self._deliveries.settled(app)  # what is under way was sent before this time began
            async with self._store.holding(app):
                target = app.clock.now() + ms
            await self._advance_to(app, target, stop, gone)

    async def advance_to(self, app: Application, target: int, gone: Gone) -> None:
        """Let time pass until `target`, ms since the epoch."""
        stop = self._stops.get(app, 0)
        async with self._alone(app):
            await self._advance_to(app, target, stop, gone)

    async def advance_to_next(self, app: Application, gone: Gone) -> None:
        """Let time pass until the next transition, and let it happen; nothing when none is pending."""
        stop = self._stops.get(app, 0)
        async with self._alone(app):
            await self._deliveries.settled(app)
            async with self._store.holding(app):
                with self._world.unit(app):
                    due = app.timeline.next_due()
            if due is not None:
                await self._advance_to(app, due, stop, gone)

    async def run_until_idle(self, app: Application, gone: Gone) -> None:
        """Let time pass until no processing and no retry of a callback is pending."""
        stop = self._stops.get(app, 0)
        async with self._alone(app):
            for _ in range(MOST_STEPS):
                await self._deliveries.settled(app)
                async with self._store.holding(app):
                    with self._world.unit(app):
                        due = app.next_processing()
                if due is None or not await self._advance_to(app, due, stop, gone):
                    return

    @contextlib.asynccontextmanager
    async def _alone(self, app: Application) -> AsyncIterator[None]:
        async with self._locks.setdefault(app, asyncio.Lock()), self._store.alone(app):
            yield

    async def _advance_to(self, app: Application, target: int, stop: int, gone: Gone) -> bool:
        """Go from moment to moment; False when it was stopped on the way."""
        while True:
            await self._deliveries.settled(app)
            if self._stops.get(app, 0) != stop or await gone():
                return False
            async with self._store.holding(app):
                with self._world.unit(app):
                    reached = app.advance_towards(target)
            await asyncio.sleep(0)  # a long way must not keep everybody else waiting
            if reached:
                await self._deliveries.settled(app)
                return True
