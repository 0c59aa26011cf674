"""Moving an application's clock, with the callbacks of each moment attempted before the next one comes."""

from __future__ import annotations

import asyncio

from emulator.callbacks import Deliveries
from state.application import Application
from state.world import World

MOST_STEPS = 100_000
"""Transitions after which running until idle gives up: something keeps making work."""


class Timelapse:
    """Lets time pass."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world = world
        self._deliveries = deliveries

    async def advance(self, app: Application, ms: int) -> None:
        """Let `ms` pass; what falls due on the way happens in order, each at its own time."""
        await self._deliveries.settled(app)  # what is under way was sent before this time began
        await self._advance_to(app, app.clock.now() + ms)

    async def advance_to_next(self, app: Application) -> None:
        """Let time pass until the next transition, and let it happen; nothing when none is pending."""
        await self._deliveries.settled(app)
        with self._world.unit(app):
            due = app.timeline.next_due()
        if due is not None:
            await self._advance_to(app, due)

    async def run_until_idle(self, app: Application) -> None:
        """Let time pass until no processing and no retry of a callback is pending."""
        for _ in range(MOST_STEPS):
            await self._deliveries.settled(app)
            with self._world.unit(app):
                due = app.next_processing()
            if due is None:
                return
            await self._advance_to(app, due)

    async def _advance_to(self, app: Application, target: int) -> None:
        reached = False
        while not reached:
            await self._deliveries.settled(app)
            with self._world.unit(app):
                reached = app.advance_towards(target)
            await asyncio.sleep(0)  # a long way must not keep everybody else waiting
        await self._deliveries.settled(app)
