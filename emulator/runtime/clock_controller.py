"""Moving an application's clock, with the callbacks of each moment attempted before the next one comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from emulator.callbacks.dispatcher import CallbackDispatcher
from emulator.store.base import Store
from state.application import Application
from state.world import World

MAX_STEPS = 100_000
"""Steps after which running until idle gives up: something schedules new work again and again."""

Disconnected = Callable[[], Awaitable[bool]]
"""Returns whether the caller who asked for the advance has disconnected."""


class ClockController:
    """Advances the clock of an application, for one caller after the other.

    An advance ends early when its caller has disconnected, when somebody sets, stops or starts the clock meanwhile, and
    when the application is reset, restored or deleted; another process may do that too.
    """

    def __init__(self, world: World, store: Store, dispatcher: CallbackDispatcher) -> None:
        self._world = world
        self._store = store
        self._dispatcher = dispatcher
        self._locks: WeakKeyDictionary[Application, asyncio.Lock] = WeakKeyDictionary()

    async def advance(self, app: Application, ms: int, gone: Disconnected) -> None:
        """Advance the clock by `ms`; what falls due on the way happens in order, each at its own time."""
        generation = _Generation.of(app)
        async with self._alone(app):
            await self._dispatcher.settled(app)  # what is under way was sent before this time began
            async with self._store.transaction(app):
                target = app.clock.now() + ms
            await self._advance_to(app, target, generation, gone)

    async def advance_to(self, app: Application, target: int, gone: Disconnected) -> None:
        """Advance the clock to `target`, ms since the epoch."""
        generation = _Generation.of(app)
        async with self._alone(app):
            await self._advance_to(app, target, generation, gone)

    async def advance_to_next(self, app: Application, gone: Disconnected) -> None:
        """Advance the clock to the next transition, which happens; do nothing when none is pending."""
        generation = _Generation.of(app)
        async with self._alone(app):
            await self._dispatcher.settled(app)
            async with self._store.transaction(app):
                with self._world.unit(app):
                    due = app.timeline.next_due()
            if due is not None:
                await self._advance_to(app, due, generation, gone)

    async def run_until_idle(self, app: Application, gone: Disconnected) -> None:
        """Advance the clock until no processing and no retry of a callback is pending."""
        generation = _Generation.of(app)
        async with self._alone(app):
            for _ in range(MAX_STEPS):
                await self._dispatcher.settled(app)
                async with self._store.transaction(app):
                    with self._world.unit(app):
                        due = app.next_processing()
                if due is None or not await self._advance_to(app, due, generation, gone):
                    return

    @contextlib.asynccontextmanager
    async def _alone(self, app: Application) -> AsyncIterator[None]:
        async with self._locks.setdefault(app, asyncio.Lock()), self._store.exclusive(app):
            self._dispatcher.begin(app)
            yield

    async def _advance_to(self, app: Application, target: int, generation: _Generation, gone: Disconnected) -> bool:
        """Advance from one due time to the next; return whether `target` was reached."""
        while True:
            await self._dispatcher.settled(app)
            if await gone():
                return False
            async with self._store.transaction(app):
                if _Generation.of(app) != generation or self._world.find(app.id) is not app:
                    return False
                with self._world.unit(app):
                    reached = app.advance_towards(target)
            await asyncio.sleep(0)  # a long way must not keep everybody else waiting
            if reached:
                await self._dispatcher.settled(app)
                return True


class _Generation(NamedTuple):
    """What identifies an undisturbed advance: the application's epoch, and the number of orders its clock was given."""

    epoch: str
    orders: int

    @classmethod
    def of(cls, app: Application) -> _Generation:
        return cls(app.epoch, app.clock.orders)
