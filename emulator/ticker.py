"""Makes things happen while nobody is looking: settles each application when its next transition is due."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from emulator.store import Store, Unavailable
from state.application import Application, Change
from state.world import World

log = logging.getLogger("emulator")

COALESCE = 0.005
"""s between two looks at the world, however much changes."""


PATIENCE = 0.5
"""s after which a store that could not be reached is asked again."""


class Ticker:
    """Sleeps until the earliest transition of all applications; a change wakes it."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._changed = asyncio.Event()
        world.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        self._changed.set()

    def wake(self) -> None:
        """Look at the world anew, as after a clock was moved."""
        self._changed.set()

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            self._changed.clear()
            delay = await self._tick()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):  # `wait_for` of Python 3.11 may miss that it was cancelled
                    await self._changed.wait()
            await asyncio.sleep(COALESCE)

    async def _tick(self) -> float | None:
        """Settle what is due; return in how many s the next transition is, None when there is none."""
        earliest: float | None = None
        for app in self._world:
            due = app.timeline.next_due()
            if due is None:
                continue
            if due <= app.clock.now():
                due = await self._settle(app)
            delay = app.clock.real_delay(due) if due is not None else None
            if delay is not None and (earliest is None or delay < earliest):
                earliest = delay
        return earliest

    async def _settle(self, app: Application) -> int | None:
        """Settle one application; what goes wrong in it must not stop the others."""
        try:
            async with self._store.holding(app):
                with self._world.unit(app):
                    return app.timeline.next_due()
        except Unavailable as error:
            log.warning("a transition of application %s waits: %s", app.id, error)
            await asyncio.sleep(PATIENCE)
            return app.timeline.next_due()
        except Exception:
            log.exception("a transition of application %s failed", app.id)
            return app.timeline.next_due()
