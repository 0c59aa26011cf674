"""Makes things happen while nobody is looking: settles each application when its next transition is due."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
from dataclasses import dataclass

from emulator.store.base import RETRY_SECONDS, Store, StoreUnavailableError
from state.application import Application, Change
from state.world import World

log = logging.getLogger("emulator")

COALESCE = 0.005
"""s between two looks, however much changes."""


@dataclass(slots=True, order=True)
class _Next:
    """When the next transition of an application is due: `at`, ms of what clocks start from."""

    at: float
    number: int
    app: Application
    outdated: bool = False


class Ticker:
    """Sleeps until the earliest transition of all applications; a change of one wakes it.

    It looks only at what changed: at thousands of applications, that takes longer than most of what changes one.
    """

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._woken = asyncio.Event()
        self._changed = {app.id for app in world}
        self._next: dict[str, _Next] = {}
        self._heap: list[_Next] = []
        self._looks = 0
        self._settling: dict[str, asyncio.Task[None]] = {}
        world.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        self._look_at(change.application_id)

    def _look_at(self, application_id: str) -> None:
        self._changed.add(application_id)
        self._woken.set()

    async def run(self) -> None:
        """Tick until cancelled."""
        try:
            while True:
                self._woken.clear()
                delay = self._tick()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):  # `wait_for` of Python 3.11 may miss that it was cancelled
                        await self._woken.wait()
                await asyncio.sleep(COALESCE)
        finally:
            for task in self._settling.values():
                task.cancel()
            await asyncio.gather(*self._settling.values(), return_exceptions=True)

    def _tick(self) -> float | None:
        """Let what is due be settled; return in how many s the next transition is, None when there is none.

        Each application is settled by itself: one that another process works on must not keep the others waiting.
        """
        changed, self._changed = self._changed, set()
        for application_id in changed:
            self._note(application_id)
        while self._heap:
            first = self._heap[0]
            if not first.outdated:
                delay = first.at - first.app.clock.source()
                if delay > 0:
                    return delay / 1000
                del self._next[first.app.id]
                if self._world.find(first.app.id) is first.app:
                    self._settling[first.app.id] = asyncio.create_task(self._settle(first.app))
            heapq.heappop(self._heap)
        return None

    def _note(self, application_id: str) -> None:
        """Note when the next transition of an application is due; nothing while it is being settled."""
        before = self._next.pop(application_id, None)
        if before is not None:
            before.outdated = True
        app = self._world.find(application_id)
        if app is None or application_id in self._settling:
            return
        due = app.timeline.next_due()
        delay = None if due is None else app.clock.real_delay(due)
        if delay is not None:
            self._looks += 1
            entry = self._next[app.id] = _Next(app.clock.source() + delay * 1000, self._looks, app)
            heapq.heappush(self._heap, entry)
        if len(self._heap) > 64 + 2 * len(self._next):
            self._heap = sorted(self._next.values())  # what is outdated may be due in days

    async def _settle(self, app: Application) -> None:
        """Settle one application; what goes wrong in it must not stop the others."""
        try:
            async with self._store.transaction(app):
                with self._world.unit(app):
                    pass  # what is due happens
        except StoreUnavailableError as error:
            log.warning("a transition of application %s waits: %s", app.id, error)
            await asyncio.sleep(RETRY_SECONDS)
        except Exception:
            log.exception("a transition of application %s failed", app.id)
        finally:
            del self._settling[app.id]
            self._look_at(app.id)
