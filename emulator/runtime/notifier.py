"""Waiting for the next change of an application."""

from __future__ import annotations

import asyncio
import time

from state.application import Application, Change
from state.world import World


class ChangeNotifier:
    """Lets requests wait until something changes in an application, or until the emulator stops."""

    def __init__(self, world: World, stopping: asyncio.Event) -> None:
        self._change_events: dict[str, asyncio.Event] = {}
        self.stopping = stopping
        world.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        if (change.events or change.records or change.removed) and (
            change_event := self._change_events.pop(change.application_id, None)
        ):
            change_event.set()

    def next_change(self, app: Application) -> asyncio.Event:
        """Return what will be set when something happens in the application; ask before you look."""
        return self._change_events.setdefault(app.id, asyncio.Event())

    async def wait(self, change_event: asyncio.Event, deadline: float) -> bool:
        """Wait for news until `deadline` (of the monotonic clock); False when there is none, or the emulator stops."""
        remaining = deadline - time.monotonic()
        if remaining <= 0 or self.stopping.is_set():
            return False
        waits = {asyncio.ensure_future(change_event.wait()), asyncio.ensure_future(self.stopping.wait())}
        _, pending = await asyncio.wait(waits, timeout=remaining, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        return change_event.is_set() and not self.stopping.is_set()
