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
from state.errors import (
    AlreadyRunningError,
    ApplicationExistsError,
    MalformedIdError,
    NotRoutedError,
    SelectsItselfError,
    ServiceError,
    TooManyApplicationsError,
    UnknownApplicationError,
    UnknownResourceError,
    WrongStatusError,
)
from state.event_types import TYPES
from state.events import Event, Events
from state.options import Options
from state.resources import RESOURCES
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
    one = world.add("3", "", second, Options(), take=True)
    world.remove(other.id)  # whose key is another one's by now
    assert world.find("2") is one


def test_a_look_changes_nothing_and_says_so_when_it_did() -> None:
    now = [START]
    world = World(source=lambda: now[0])
    app = world.add("app", "", Credentials("", "", "1", ""), Options())
    with world.unit(app):
        app.after("session.rotate", "s", 1000)
    now[0] += 5000
    with world.view(app) as seen:
        assert seen.now == START + 5000
        assert len(seen.timeline) == 1  # what is due has not happened
    with pytest.raises(RuntimeError, match="application app was changed by who was to look at it"), world.view(app):
        app.touch(app)


def test_an_api_key_of_another_application_is_not_given_away() -> None:
    world = World()
    one, other = (world.add(key, "", Credentials("", "", key, ""), Options()) for key in "12")
    with pytest.raises(ApplicationExistsError) as caught:
        world.rekey(one, Credentials("", "", "2", ""))
    assert (caught.value.field, caught.value.value) == ("apiKey", "2")
    before = one.credentials
    world.rekey(one, Credentials("", "", "1", ""))
    assert one.credentials is before  # whoever compares by identity sees that nothing changed
    assert (list(world), len(world)) == ([one, other], 2)


def test_a_unit_of_an_application_that_was_deleted_in_it_tells_nobody() -> None:
    world = World()
    app = world.add("app", "", Credentials("", "", "1", ""), Options())
    told: list[Change] = []
    world.listeners.append(told.append)
    with world.unit(app):
        app.touch(app)
        world.remove("app")
    assert [(change.removed, change.reset) for change in told] == [({("application", "app")}, True)]
    assert len(world) == 0


def test_many_transitions_are_applied_in_parts_so_that_others_get_their_turn(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        for number in range(5):
            app.after("callback.retry", str(number), 1000)
        assert [app.advance_towards(app.now + 2000, most=2) for _ in range(3)] == [False, False, True]
        assert (len(app.timeline), app.now) == (0, START + 3000)


def test_the_next_processing_is_waited_for_and_what_is_contractual_is_not(tenant: Tenant) -> None:
    session = tenant.session()
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
        assert app.next_processing() is None  # it could record for hours
        archives.stop(app, archive.id)
        assert app.next_processing() == START + 4000
        app.after("callback.retry", "c", 1000)
        assert app.next_processing() == START + 1000


def test_another_seed_makes_other_ids_as_soon_as_no_id_can_come_twice() -> None:
    made: list[str] = []
    for begun in (False, True):
        tenant = Tenant(seed=1)
        if begun:
            tenant.session()
        with tenant.world.unit(tenant.app) as app:
            app.change_options(Options(seed=2))
        if begun:
            assert tenant.app.ids.seed == "1"
            with tenant.world.unit(tenant.app) as app:
                app.reset()
        made.append(tenant.session().id)
    assert made[0] == made[1] == Tenant(seed=2).session().id


def test_nothing_was_done_twice(tenant: Tenant) -> None:
    assert tenant.app.take_change() is not None  # it is new
    assert tenant.app.take_change() is None


def test_a_clock_that_was_set_goes_on_from_the_last_time_that_it_told() -> None:
    """The machine's clock was set back since, or the other one's process had another idea of time."""
    now = [1_000_000]
    clock = Clock(lambda: now[0])
    clock.set(anchor=1_000_000, started=1_000_000, speed=2.0, frozen=False, orders=3, last=1_000_500)
    clock.go_on()
    now[0] += 100
    assert (clock.now(), clock.orders) == (1_000_700, 3)
    clock.set(anchor=2_000_000, started=now[0], speed=1.0, frozen=False, orders=4)
    clock.go_on()
    assert clock.now() == 2_000_000
    assert clock.real_delay(1) == 0.0
    clock.set(anchor=3_000_000, started=0, speed=1.0, frozen=True, orders=5)
    clock.go_on()
    assert clock.now() == 3_000_000
    assert Clock(lambda: now[0], anchor=5, started=now[0]).now() == 5


def test_an_event_of_a_kind_of_resource_tells_its_beginning() -> None:
    assert {kind.beginning for kind in RESOURCES} <= TYPES


@pytest.mark.parametrize(
    ("error", "text", "attributes"),
    [
        (UnknownApplicationError("a"), "unknown application a", {"application_id": "a"}),
        (ApplicationExistsError("id", "a"), "id a is taken", {"field": "id", "value": "a"}),
        (NotRoutedError("archive"), "archive needs a routed session", {"feature": "archive"}),
        (MalformedIdError("render"), "malformed render id", {"kind": "render"}),
        (UnknownResourceError("call"), "unknown call", {"kind": "call"}),
        (AlreadyRunningError("archive", "t"), "archive is already running", {"kind": "archive", "action": "tag"}),
        (AlreadyRunningError("captions"), "captions is already running", {"kind": "captions", "action": ""}),
        (SelectsItselfError("broadcast"), "broadcast selects its streams by itself", {"kind": "broadcast"}),
        (
            WrongStatusError("archive", "stop", "failed"),
            "cannot stop archive in status failed",
            {"kind": "archive", "action": "stop", "status": "failed"},
        ),
    ],
)
def test_what_is_refused_says_what_and_why(error: ServiceError, text: str, attributes: dict[str, str]) -> None:
    assert str(error) == text
    assert {name: getattr(error, name) for name in attributes} == attributes


def test_a_world_has_so_many_applications_and_those_that_were_there_already() -> None:
    world = World()
    world.most = 1
    first, second = (Credentials("", "", key, "") for key in "12")
    world.add("one", "", first, Options())
    with pytest.raises(TooManyApplicationsError, match="there are 1 applications"):
        world.add("two", "", second, Options())
    assert (len(world), world.find("2")) == (1, None)
    world.add("two", "", second, Options(), take=True)
    assert len(world) == 2
