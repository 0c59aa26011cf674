"""The ticker ends when it is told to, whatever happens at that moment."""

from __future__ import annotations

import asyncio

import pytest

from emulator.store import Store
from emulator.ticker import Ticker
from state.application import Credentials
from state.options import Options
from state.world import World

HOUR = 3600 * 1000


@pytest.mark.parametrize("steps", range(6))
def test_the_ticker_ends_when_something_changes_just_before(steps: int) -> None:
    async def scenario() -> None:
        world = World()
        app = world.add("shop", "shop", Credentials("", "", "1", ""), Options())
        app.timeline.set("archive.expire", "an archive", app.clock.now() + HOUR)
        ticker = Ticker(world, Store())
        ticking = asyncio.create_task(ticker.run())
        await asyncio.sleep(0.02)  # it waits for the transition now
        ticker.wake()
        for _ in range(steps):
            await asyncio.sleep(0)
        ticking.cancel()
        await asyncio.wait([ticking], timeout=2)
        assert ticking.cancelled()

    asyncio.run(scenario())
