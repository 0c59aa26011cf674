"""Applications, units of work, the clock and the timeline."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

from state import archives
from state.application import Change, Credentials
from state.archive_records import ArchiveSettings
from state.clock import Clock
from state.errors import ApplicationExistsError, UnknownApplicationError
from state.event_types import TYPES
from state.events import Event, Events
from state.options import Options
from state.timeline import Timeline
from state.world import World
from tests.state.conftest import START, Tenant

ROOT = pathlib.Path(__file__).parents[2]


def test_a_unit_yields_what_changed_and_what_happened() -> None:
    tenant = Tenant()
    changes: list[Change] = []
    tenant.world.listeners.append(changes.append)
    session = tenant.session()
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
    with tenant.world.unit(tenant.app):
        pass  # a look changes nothing
    assert [change.version for change in changes] == [1, 2, 3]
    assert list(changes[0].records) == [("application", "app"), ("session", session.id)]  # the application is new
    assert ("archive", archive.id) in changes[2].records
    assert [event.type for event in changes[2].events] == ["archive.started"]


def test_a_unit_tells_what_is_gone_and_what_was_reset() -> None:
    tenant = Tenant()
    changes: list[Change] = []
    session = tenant.session()
    client = tenant.join(session)
    (stream,) = session.streams
    tenant.world.listeners.append(changes.append)
    tenant.leave(session, client)
    with tenant.world.unit(tenant.app) as app:
        app.change_options(Options(pace="instant"))
    with tenant.world.unit(tenant.app) as app:
        app.reset()
    left, changed, reset = changes
    assert left.removed == {("stream", stream), ("connection", client.id)}
    assert set(left.records) == {("session", session.id)}
    assert set(changed.records) == {("application", "app")}
    assert reset.reset


def test_every_event_that_is_emitted_is_known() -> None:
    emitted = {
        found
        for path in (ROOT / "state").glob("*.py")
        for found in re.findall(r'emit\(\s*"([a-z]+\.\w+)"', path.read_text())
    }
    assert emitted
    assert emitted <= TYPES


def test_entering_a_unit_applies_what_is_due_each_at_its_own_time() -> None:
    now = [START]
    world = World(source=lambda: now[0])
    app = world.add("app", "", Credentials("", "", "1", ""), Options(pace="realistic", auto_participants=1))
    with world.unit(app):
        from state import sessions

        session = sessions.create(app, "app", sessions.SessionSettings())
        archive = archives.start(app, session, ArchiveSettings())
        archives.stop(app, archive.id)
    now[0] += 3_600_000
    with world.unit(app):
        assert archive.status == "available"
    assert [event.at - START for event in app.events.after(0) if event.type.startswith("archive.")] == [
        0,
        0,
        4_000,
        5_000,
    ]


def test_the_same_seed_gives_the_same_ids() -> None:
    first, second, other = Tenant(seed=7), Tenant(seed=7), Tenant(seed=8)
    assert first.session().id == second.session().id != other.session().id


def test_a_new_pace_holds_at_once_for_what_is_being_processed() -> None:
    tenant = Tenant(pace="realistic")
    session = tenant.session()
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
        archives.stop(app, archive.id)
        app.change_options(Options(pace="instant"))
    with tenant.world.unit(tenant.app):
        assert archive.status == "available"


def test_reset_forgets_everything_but_who_the_application_is() -> None:
    tenant = Tenant(seed=1)
    before = tenant.session().id
    with tenant.world.unit(tenant.app) as app:
        app.reset()
    assert (tenant.app.sessions, len(tenant.app.timeline), tenant.app.events.after(0)) == ({}, 0, [])
    assert tenant.session().id == before


def test_ids_and_api_keys_are_taken_once() -> None:
    world = World()
    world.add("one", "", Credentials("", "", "1", ""), Options())
    for application_id, api_key in (("one", "2"), ("two", "1")):
        with pytest.raises(ApplicationExistsError):
            world.add(application_id, "", Credentials("", "", api_key, ""), Options())
    assert world.get("1") is world.get("one")
    world.remove("one")
    with pytest.raises(UnknownApplicationError):
        world.get("1")


def test_a_clock_stands_moves_and_speeds_up_but_never_goes_back() -> None:
    now = [1_000_000]
    clock = Clock(lambda: now[0])
    now[0] += 10
    assert clock.now() == 1_000_010
    now[0] -= 5
    assert clock.now() == 1_000_010
    clock.freeze()
    now[0] += 1000
    assert clock.now() == 1_000_010
    assert clock.real_delay(1_000_020) is None
    clock.move(1_000_500)
    clock.move(1_000_400)
    assert clock.now() == 1_000_500
    clock.resume(speed=60)
    now[0] += 100
    assert clock.now() == 1_006_500
    assert clock.real_delay(1_012_500) == pytest.approx(0.1)


def test_timers_of_the_same_time_keep_their_order_and_a_new_one_replaces_the_old() -> None:
    timeline = Timeline()
    timeline.set("a", "1", 10)
    timeline.set("b", "1", 10)
    timeline.set("a", "1", 10)
    timeline.set("c", "1", 5)
    timeline.cancel("c", "1")
    assert [timer.action for timer in timeline] == ["b", "a"]
    assert [timeline.pop().action, timeline.pop().action, timeline.next_due()] == ["b", "a", None]


def test_a_long_run_does_not_pile_up_cancelled_timers() -> None:
    timeline = Timeline()
    for due in range(10_000):
        timeline.set("a", "1", due)
    assert len(timeline._heap) < 200


def test_the_event_ring_gives_up_the_oldest() -> None:
    events = Events(3)
    for number in range(1, 6):
        events.append(Event(number, 0, "x", "y"))
    assert [event.number for event in events.after(0)] == [3, 4, 5]
    assert [event.number for event in events.after(4)] == [5]
    assert events.after(5) == []


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("state", {"emulator", "scenarios", "asyncio", "socket", "fastapi", "starlette", "httpx", "datetime"}),
        ("scenarios", {"emulator", "asyncio", "socket", "fastapi", "starlette", "httpx", "time", "datetime"}),
    ],
)
def test_layers_import_downwards_only(package: str, forbidden: set[str]) -> None:
    for path in (ROOT / package).rglob("*.py"):
        banned = forbidden | ({"time"} if path.name != "clock.py" else set())
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found = {name.partition(".")[0] for name in names} & banned
            assert not found, f"{path.relative_to(ROOT)} imports {found}"


def test_an_api_key_that_was_taken_for_a_while_is_that_of_its_owner_again() -> None:
    world = World()
    first, second = (Credentials("", "", api_key, "") for api_key in ("1", "2"))
    one, other = (world.add(each.api_key * 3, "", each, Options()) for each in (first, second))
    world.rekey(one, second, take=True)
    assert (world.find("1"), world.find("2")) == (None, one)
    world.rekey(one, first)
    assert (world.find("1"), world.find("2")) == (one, other)
    world.rekey(one, second, take=True)
    world.remove(one.id)
    assert world.find("2") is other
