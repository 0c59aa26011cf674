"""The ticker ends when it is told to, whatever happens at that moment."""

from __future__ import annotations

import asyncio

import pytest

from emulator.runtime.ticker import Ticker
from emulator.store.base import Store
from state.application import Credentials
from state.options import Options
from state.timeline import Timeline
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
        with world.unit(app):
            app.touch(app)
        for _ in range(steps):
            await asyncio.sleep(0)
        ticking.cancel()
        await asyncio.wait([ticking], timeout=2)
        assert ticking.cancelled()

    asyncio.run(scenario())


class Counted(Timeline):
    """A timeline that counts who asks it what is due."""

    looks = 0

    def next_due(self) -> int | None:
        self.looks += 1
        return super().next_due()


def test_a_change_of_one_application_costs_no_look_at_all_the_others() -> None:
    async def scenario() -> None:
        world = World()
        busy, idle = (world.add(name, name, Credentials("", "", key, ""), Options()) for name, key in ("a1", "b2"))
        idle.timeline = timeline = Counted()
        timeline.set("archive.expire", "an archive", idle.clock.now() + HOUR)
        ticking = asyncio.create_task(Ticker(world, Store()).run())
        await asyncio.sleep(0.05)
        before = timeline.looks
        for _ in range(5):
            with world.unit(busy):
                busy.touch(busy)
            await asyncio.sleep(0.01)
        ticking.cancel()
        await asyncio.wait([ticking])
        assert before
        assert timeline.looks == before

    asyncio.run(scenario())


def test_what_is_due_happens_once_though_it_was_put_off_and_others_are_gone() -> None:
    async def scenario() -> None:
        world = World()
        happened: list[str] = []
        world.handlers["test"] = lambda app, subject: happened.append(f"{app.id} {subject}")
        shop, gone = (world.add(name, name, Credentials("", "", key, ""), Options()) for name, key in ("a1", "b2"))
        ticking = asyncio.create_task(Ticker(world, Store()).run())
        with world.unit(gone):
            gone.after("test", "one", 30)
        with world.unit(shop):
            shop.after("test", "late", HOUR)
            shop.after("test", "soon", HOUR)
        await asyncio.sleep(0.02)
        world.forget(gone)
        with world.unit(shop):
            shop.after("test", "soon", 20)
        await asyncio.sleep(0.2)
        assert happened == ["a soon"]
        with world.unit(shop):
            shop.clock.resume(speed=HOUR * 100)
            shop.touch(shop)
        await asyncio.sleep(0.1)
        ticking.cancel()
        await asyncio.wait([ticking])
        assert happened == ["a soon", "a late"]

    asyncio.run(scenario())


def test_what_changes_over_and_over_is_noted_once() -> None:
    async def scenario() -> None:
        world = World()
        app = world.add("shop", "shop", Credentials("", "", "1", ""), Options())
        ticker = Ticker(world, Store())
        for _ in range(1000):
            with world.unit(app):
                app.after("archive.expire", "an archive", HOUR)
            ticker._tick()
        assert len(ticker._heap) < 100

    asyncio.run(scenario())
