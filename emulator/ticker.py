"""Makes things happen while nobody is looking: settles each application when its next transition is due."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from emulator.store import PATIENCE, Store, Unavailable
from state.application import Application, Change
from state.world import World

log = logging.getLogger("emulator")

COALESCE = 0.005
"""s between two looks at the world, however much changes."""


class Ticker:
    """Sleeps until the earliest transition of all applications; a change wakes it."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._changed = asyncio.Event()
        self._settling: dict[str, asyncio.Task[None]] = {}
        world.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        self._changed.set()

    def wake(self) -> None:
        """Look at the world anew, as after a clock was moved."""
        self._changed.set()

    async def run(self) -> None:
        """Tick until cancelled."""
        try:
            while True:
                self._changed.clear()
                delay = self._tick()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):  # `wait_for` of Python 3.11 may miss that it was cancelled
                        await self._changed.wait()
                await asyncio.sleep(COALESCE)
        finally:
            for task in self._settling.values():
                task.cancel()
            await asyncio.gather(*self._settling.values(), return_exceptions=True)

    def _tick(self) -> float | None:
        """Let what is due be settled; return in how many s the next transition is, None when there is none.

        Each application is settled by itself: one that another process works on must not keep the others waiting.
        """
        earliest: float | None = None
        for app in self._world:
            due = app.timeline.next_due()
            if due is None or app.id in self._settling:
                continue
            if due <= app.clock.now():
                self._settling[app.id] = asyncio.create_task(self._settle(app))
                continue
            delay = app.clock.real_delay(due)
            if delay is not None and (earliest is None or delay < earliest):
                earliest = delay
        return earliest

    async def _settle(self, app: Application) -> None:
        """Settle one application; what goes wrong in it must not stop the others."""
        try:
            async with self._store.holding(app):
                with self._world.unit(app):
                    pass  # what is due happens
        except Unavailable as error:
            log.warning("a transition of application %s waits: %s", app.id, error)
            await asyncio.sleep(PATIENCE)
        except Exception:
            log.exception("a transition of application %s failed", app.id)
        finally:
            del self._settling[app.id]
            self._changed.set()
