"""How much is kept: the oldest of what has ended goes, what lives stays, whoever took it, and it is told."""

from __future__ import annotations

from typing import Any

import pytest

from state import archives, renders, sessions
from state import world as worlds
from state.application import Change, Credentials
from state.archive_records import Archive, ArchiveSettings
from state.contents import Sizes
from state.journal import Exchange
from state.options import Options
from state.renders import RenderSettings
from state.world import World
from tests.state.conftest import START, Tenant
from tests.state.everything import post


def small(**sizes: int) -> Tenant:
    """A tenant that keeps little."""
    tenant = Tenant()
    tenant.world = World(source=lambda: START, sizes=Sizes(**sizes))
    tenant.app = tenant.world.add("app", "app", Credentials("", "", "1", ""), Options(pace="instant"))
    tenant.app.clock.freeze()
    return tenant


class Forgetful:
    """What is to go wrong, of which a record may have a timer of its own."""

    untouched = False
    revision = stamp = 0
    bytes = 7

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(self, subject: str) -> list[str]:
        self.forgotten.append(subject)
        return [f"{subject} rule"]

    def dump(self) -> dict[str, Any]:
        return {}


def recorded(tenant: Tenant, count: int) -> list[Archive]:
    session = tenant.session()
    tenant.join(session)
    found = []
    for _ in range(count):
        with tenant.world.unit(tenant.app) as app:
            found.append(archives.start(app, session, ArchiveSettings()))
            archives.stop(app, found[-1].id)
        tenant.advance(1)
    return found


def test_the_oldest_that_have_ended_are_given_up_with_their_timers_and_those_of_rules() -> None:
    tenant = small(records=2)
    changes: list[Change] = []
    tenant.world.listeners.append(changes.append)
    tenant.app.faults = faults = Forgetful()
    first = recorded(tenant, 1)[0]
    tenant.app.timeline.set("archive.release", f"{first.id} rule", START + 10**9)
    rest = recorded(tenant, 3)
    assert list(tenant.app[Archive]) == rest[-2:]
    assert faults.forgotten == [first.id, rest[0].id]
    assert {("archive", first.id), ("archive", rest[0].id)} <= set().union(*(change.removed for change in changes))
    assert {timer.subject for timer in tenant.app.timeline} == {each.id for each in rest[-2:]}  # they expire


def test_what_lives_is_never_given_up() -> None:
    tenant = small(records=2)
    session = tenant.session()
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        live = [renders.start(app, session, RenderSettings("http://localhost/")) for _ in range(5)]
    recorded(tenant, 3)
    assert [app[type(each)].has(each.id) for each in live] == [True] * 5


def test_old_sessions_in_which_nobody_is_are_given_up_some_at_once() -> None:
    tenant = small(records=20)
    busy = tenant.session()
    tenant.join(busy)
    old = tenant.session()
    client = tenant.join(old)
    with tenant.world.unit(tenant.app) as app:
        sessions.signal(app, old, "a", "b")
        assert app.signal_bytes > 0
        rendered = tenant.session()
        renders.start(app, rendered, RenderSettings("http://localhost/"))  # it joins in a moment
    tenant.leave(old, client)
    changes: list[Change] = []
    tenant.world.listeners.append(changes.append)
    others = [tenant.session() for _ in range(19)]
    left = list(tenant.app.sessions)
    assert len(left) == 19  # 21 were too many, and 18 were left
    assert {busy.id, rendered.id, others[-1].id} < set(left)
    assert old.id not in left
    removed = set().union(*(change.removed for change in changes))
    assert ("session", old.id) in removed
    assert len([kind for kind, _ in removed if kind == "signal"]) == 1
    assert tenant.app.signal_bytes == 0
    tenant.session()
    assert len(tenant.app.sessions) == 20  # not looked for again at once
    tenant.session()
    assert len(tenant.app.sessions) == 18


def test_the_newest_signals_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = small()
    first, second = tenant.session(), tenant.session()
    for session in (first, second):
        tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        sent = [sessions.signal(app, session, "a", "b") for session in (first, second, first)]
        each = app.signal_bytes // 3
        monkeypatch.setattr(sessions, "SIGNALS", 4 * each)
        sessions.signal(app, second, "a", "b")
        assert len(first.signals) == 2
        sessions.signal(app, second, "a", "b")
    assert list(first.signals) == []  # down to three quarters, the oldest session first
    assert (len(second.signals), app.signal_bytes) == (3, 3 * each)
    assert sent[1].id in second.signals


def test_all_that_is_kept_is_counted() -> None:
    tenant = small()
    tenant.app.faults = Forgetful()
    recorded(tenant, 1)
    with tenant.world.unit(tenant.app) as app:
        post(app)
        app.journal.append(Exchange(1, "GET", "/"))
        sessions.signal(app, next(iter(app.sessions.values())), "a", "b")
    kept = tenant.app.bytes
    assert [name for name, count in kept.items() if not count] == ["checkpoints"]
    assert sum(kept.values()) == tenant.app.total_bytes == tenant.world.bytes
    assert kept["rules"] == 7
    tenant.world.forget(tenant.app)
    assert tenant.world.bytes == 0


def test_where_all_take_too_many_bytes_the_largest_gives_up_its_older_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others than the one that changes give up only what no store has to learn of."""
    tenant = small()
    large = tenant.world.add("large", "", Credentials("", "", "2", ""), Options())
    with tenant.world.unit(large):
        for _ in range(10):
            large.journal.append(Exchange(1, "GET", "/", answer=b"x" * 1000))
        post(large)
        large.touch(large)
    before = large.bytes
    most = tenant.world.bytes - 1
    monkeypatch.setattr(worlds, "ALL", most)
    recorded(tenant, 1)
    assert len(large.journal) == 5
    assert large.bytes["callbacks"] == before["callbacks"]
    assert tenant.world.bytes == sum(each.total_bytes for each in tenant.world) < most


def test_who_changes_gives_up_of_everything_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = small()
    tenant.session()
    kept = recorded(tenant, 8)
    with tenant.world.unit(tenant.app) as app:
        for _ in range(8):
            post(app, lost=True)
    monkeypatch.setattr(worlds, "ALL", 1)
    changes: list[Change] = []
    tenant.world.listeners.append(changes.append)
    with tenant.world.unit(tenant.app) as app:
        app.touch(app)
    (change,) = changes
    assert {kind for kind, _ in change.removed} == {"archive", "callback"}
    assert kept[0] not in list(app[Archive])
    assert len(app.outbox) < 8
    assert app.sessions  # it is refused where it would be too much, not given up
    stuck = tenant.world.bytes
    with tenant.world.unit(tenant.app) as app:
        app.touch(app)
    assert tenant.world.bytes == stuck  # what cannot be less is not tried again until it is more


def test_one_that_is_gone_is_weighed_no_more() -> None:
    tenant = small()
    with tenant.world.unit(tenant.app) as app:
        app.touch(app)
        tenant.world.forget(app)
    assert tenant.world.bytes == 0
