"""Callbacks: sent, tried again, held, put into another order, distorted, given up; and no more of them than is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from state import callbacks, memory, outbox
from state.application import Credentials
from state.callbacks import FIRST_WAIT, GIVEN_UP, MAX_WAIT
from state.contents import Sizes
from state.documents import write
from state.errors import UnknownResourceError
from state.options import Options
from state.outbox import FINISHED, LIFECYCLE, RETRY, Attempt, Callback, Outbox
from state.record_kinds import STORED
from state.world import World
from tests.state.conftest import START, Tenant
from tests.state.everything import post


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


def posted(tenant: Tenant, count: int = 1, session: str = "", event: str = "archive.stopped") -> list[Callback]:
    before = list(tenant.app.outbox)
    with tenant.world.unit(tenant.app) as app:
        for _ in range(count):
            post(app, session, event)
    return [each for each in tenant.app.outbox if each not in before]


def answer(tenant: Tenant, callback: Callback, cause: str = "", revision: int | None = None) -> None:
    """Note an attempt with which a callback was delivered, or for what `cause` it was not."""
    attempt = Attempt(len(callback.attempts) + 1, tenant.app.now, 1.0, 500 if cause else 200, cause)
    with tenant.world.unit(tenant.app) as app:
        app.outbox.hand_over(callback)
        callbacks.record(app, callback, attempt, callback.revision if revision is None else revision)


def ready(tenant: Tenant) -> list[Callback]:
    return [each for each in tenant.app.outbox if tenant.app.outbox.is_ready(each)]


def test_a_callback_is_sent_at_once_and_once(tenant: Tenant) -> None:
    first, second = posted(tenant, 2)
    assert (first.number, second.number, first.jti != second.jti) == (1, 2, True)
    assert tenant.app.outbox.has_ready
    assert tenant.app.outbox.take_ready() == [first, second]
    assert not tenant.app.outbox.has_ready
    answer(tenant, first)
    assert (first.status, len(first.attempts), first.tries) == ("delivered", 1, 1)


def test_what_is_refused_is_tried_again_after_longer_and_longer_until_a_day_has_passed(tenant: Tenant) -> None:
    (callback,) = posted(tenant)
    waits = []
    while callback.status == "pending":
        answer(tenant, callback, "refused")
        timer = tenant.app.timeline.get(RETRY, callback.id)
        if timer is not None:
            waits.append(timer.due - tenant.app.now)
            tenant.advance(waits[-1] / 1000)
            assert tenant.app.outbox.is_ready(callback)
    assert waits[:4] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT]
    assert waits == sorted(waits)
    assert max(waits) == MAX_WAIT
    assert GIVEN_UP - MAX_WAIT <= sum(waits) <= GIVEN_UP
    assert (callback.status, len(callback.attempts)) == ("failed", len(waits) + 1)


def test_a_new_series_begins_when_it_is_sent_again_by_hand(tenant: Tenant) -> None:
    (callback,) = posted(tenant)
    for _ in range(3):
        answer(tenant, callback, "refused")
    tenant.advance(20)
    with tenant.world.unit(tenant.app) as app:
        assert callbacks.redeliver(app, callback.id) is callback
    assert tenant.app.timeline.get(RETRY, callback.id) is None
    answer(tenant, callback, "refused")
    timer = tenant.app.timeline.get(RETRY, callback.id)
    assert timer is not None
    assert timer.due == tenant.app.now + FIRST_WAIT
    assert (callback.tries, callback.since, len(callback.attempts)) == (1, tenant.app.now, 4)


@pytest.mark.parametrize(
    ("decided", "cause", "status"),
    [
        ("hold", "", "delivered"),  # what has arrived is not sent again when released
        ("hold", "refused", "held"),
        ("drop", "", "dropped"),
        ("drop", "refused", "dropped"),
        ("redeliver", "", "pending"),
        ("redeliver", "refused", "pending"),
    ],
)
def test_what_is_decided_while_an_attempt_is_made_stands(tenant: Tenant, decided: str, cause: str, status: str) -> None:
    (callback,) = posted(tenant)
    revision = callback.revision
    tenant.app.outbox.take_ready()
    with tenant.world.unit(tenant.app) as app:
        if decided == "hold":
            callbacks.hold(app)
        else:
            {"drop": callbacks.drop, "redeliver": callbacks.redeliver}[decided](app, callback.id)
    answer(tenant, callback, cause, revision)
    assert callback.status == status
    assert tenant.app.timeline.get(RETRY, callback.id) is None
    assert len(callback.attempts) == 1


@pytest.mark.parametrize(
    ("pattern", "held"),
    [("*", {"archive.stopped", "archive.started", "call.created"}), ("archive", {"archive.stopped", "archive.started"}),
     ("archive.stopped", {"archive.stopped"}), ("arch", set())],
)  # fmt: skip
def test_events_are_held_by_pattern_and_released_by_pattern(tenant: Tenant, pattern: str, held: set[str]) -> None:
    types = ("archive.stopped", "archive.started", "call.created")
    waiting = [posted(tenant, event=event)[0] for event in types]
    with tenant.world.unit(tenant.app) as app:
        stopped = callbacks.hold(app, pattern)
    assert {each.event for each in stopped} == held
    assert {each.event for each in waiting if each.status == "held"} == held
    later = [posted(tenant, event=event)[0] for event in types]
    assert {each.event for each in later if each.status == "held"} == held
    with tenant.world.unit(tenant.app) as app:
        assert {each.event for each in callbacks.release(app, pattern)} == held
        assert app.outbox.held == frozenset()
    assert {each.status for each in (*waiting, *later)} == {"pending"}
    assert ready(tenant) == [*waiting, *later]
    assert posted(tenant)[0].status == "pending"


def test_single_ones_are_released_and_the_rest_stays_held(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        callbacks.hold(app)
    first, second = posted(tenant, 2)
    with tenant.world.unit(tenant.app) as app:
        assert callbacks.release(app, ids=[second.id]) == [second]
        assert callbacks.release(app, ids=[second.id]) == []
        with pytest.raises(UnknownResourceError):
            callbacks.release(app, ids=[first.id, "no"])
    assert (first.status, second.status) == ("held", "pending")
    assert posted(tenant)[0].status == "held"


def test_a_callback_that_waits_to_be_tried_again_is_held_and_sent_when_released(tenant: Tenant) -> None:
    (callback,) = posted(tenant)
    answer(tenant, callback, "refused")
    with tenant.world.unit(tenant.app) as app:
        callbacks.hold(app)
    tenant.advance(3600)
    assert not ready(tenant)
    with tenant.world.unit(tenant.app) as app:
        callbacks.release(app)
    assert ready(tenant) == [callback]


def test_copies_have_the_same_jti(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        post(app, copies=3)
        copy = callbacks.duplicate(app, next(iter(app.outbox)).id)
    assert [each.number for each in ready(tenant)] == [1, 2, 3, 4]
    assert len({each.jti for each in tenant.app.outbox}) == 1
    assert len({each.id for each in tenant.app.outbox}) == 4
    answer(tenant, copy)
    assert {each.status for each in tenant.app.outbox} == {"pending", "delivered"}


def test_a_callback_is_late_lost_or_behind_the_next_one_of_its_session(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        post(app, "one", delay=5000)
        post(app, "one", lost=True)
        post(app, "one", behind_next=True, delay=60_000)
        post(app, "two", behind_next=True, delay=60_000)
        late, lost, parked, other = app.outbox
    assert ([each.status for each in (late, lost)], ready(tenant)) == (["pending", "dropped"], [])
    (following,) = posted(tenant, session="one")
    assert tenant.app.outbox.take_ready() == [following, parked]  # that of another session goes on waiting
    posted(tenant, session="one")
    assert len(ready(tenant)) == 1  # it waited once
    tenant.app.outbox.take_ready()
    with tenant.world.unit(tenant.app) as app:
        assert app.advance_towards(app.now + 5000) is True
        assert ready(tenant) == [late]
        assert app.advance_towards(app.now + 60_000) is False  # time does not go on before it is sent
        app.outbox.take_ready()
        app.advance_towards(app.now + 60_000)
    assert ready(tenant) == [other]


def test_one_that_was_given_up_or_dropped_waits_for_nothing(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        post(app, "s", behind_next=True, delay=5000)
        post(app, "s", behind_next=True, delay=5000)
        gone, dropped = app.outbox
        app.outbox.forget(gone.id)
        app.outbox.forget(gone.id)  # it may be asked for twice
        callbacks.drop(app, dropped.id)
        assert app.outbox.find(gone.id) is None
        assert not app.outbox.has(gone)
    (following,) = posted(tenant, session="s")
    assert ready(tenant) == [following]
    tenant.advance(10)
    assert (len(tenant.app.outbox), dropped.status) == (2, "dropped")


ACTIONS: dict[str, Callable[[Tenant, str], object]] = {
    "drop": lambda tenant, callback_id: callbacks.drop(tenant.app, callback_id),
    "redeliver": lambda tenant, callback_id: callbacks.redeliver(tenant.app, callback_id),
    "duplicate": lambda tenant, callback_id: callbacks.duplicate(tenant.app, callback_id),
    "reorder": lambda tenant, callback_id: tenant.app.outbox.reorder([callback_id]),
    "get": lambda tenant, callback_id: tenant.app.outbox.get(callback_id),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_done_with_a_callback_that_is_not_there(tenant: Tenant, action: str) -> None:
    posted(tenant)
    with pytest.raises(UnknownResourceError) as caught:
        ACTIONS[action](tenant, "no")
    assert caught.value.kind == "callback"


def test_callbacks_share_out_their_places_in_another_order(tenant: Tenant) -> None:
    a, b, c, d, _ = posted(tenant, 5)
    with tenant.world.unit(tenant.app) as app:
        app.outbox.reorder([d.id, b.id, d.id])
        assert [each.number for each in app.outbox] == [1, 4, 3, 2, 5]
        assert [each.number for each in app.outbox.take_ready()] == [1, 4, 3, 2, 5]
        app.outbox.reorder([c.id, a.id])
    assert [each.number for each in app.outbox] == [3, 4, 1, 2, 5]
    assert app.outbox.order == (c.id, d.id, a.id, b.id)  # all that were ever moved, in order


def test_every_way_leads_along_the_table_of_the_life_cycle() -> None:
    """A callback is brought to each status, and from there as far as it goes."""

    def deliver(tenant: Tenant, callback: Callback) -> None:
        answer(tenant, callback, revision=1)

    def fail(tenant: Tenant, callback: Callback) -> None:
        callback.tries, callback.since = 1, START - GIVEN_UP
        answer(tenant, callback, "refused", revision=1)

    def hold(tenant: Tenant, callback: Callback) -> None:
        callbacks.hold(tenant.app)

    def release(tenant: Tenant, callback: Callback) -> None:
        callbacks.release(tenant.app)

    def drop(tenant: Tenant, callback: Callback) -> None:
        callbacks.drop(tenant.app, callback.id)

    def again(tenant: Tenant, callback: Callback) -> None:
        callbacks.redeliver(tenant.app, callback.id)

    ways = {"delivered": [deliver], "failed": [fail], "held": [hold], "dropped": [drop], "pending": []}
    seen: set[tuple[str, str]] = set()
    for begun in ways:
        for step in (deliver, fail, hold, release, drop, again):
            tenant = Tenant()
            (callback,) = posted(tenant)
            for way in ways[begun]:
                way(tenant, callback)
            assert callback.status == begun
            if step in (deliver, fail) and begun in FINISHED:
                continue  # nobody makes an attempt with it
            step(tenant, callback)
            if callback.status != begun:
                seen.add((begun, callback.status))
    table = {(status, after) for status, following in LIFECYCLE.transitions.items() for after in following}
    assert seen == table


# How much is kept


def small(callbacks_kept: int) -> Tenant:
    tenant = Tenant()
    tenant.world = World(source=lambda: START, sizes=Sizes(callbacks=callbacks_kept))
    tenant.app = tenant.world.add("app", "app", Credentials("", "", "1", ""), Options())
    tenant.app.clock.freeze()
    return tenant


def test_the_oldest_that_are_finished_are_given_up_and_told_as_gone() -> None:
    tenant = small(2)
    removed: list[set[tuple[str, str]]] = []
    tenant.world.listeners.append(lambda change: removed.append(change.removed))
    waiting, *rest = posted(tenant, 5)
    for each in rest:
        answer(tenant, each)
    assert list(tenant.app.outbox) == [waiting, *rest[2:]]
    assert set().union(*removed) == {("callback", each.id) for each in rest[:2]}
    assert tenant.app.outbox.bytes == sum(each.bytes for each in tenant.app.outbox)


def test_the_older_half_of_what_is_finished_can_be_given_up(tenant: Tenant) -> None:
    waiting, *rest = posted(tenant, 5)
    for each in rest:
        answer(tenant, each)
    with tenant.world.unit(tenant.app) as app:
        app.outbox.give_up_half()
    assert list(app.outbox) == [waiting, *rest[2:]]


def test_callbacks_take_no_more_bytes_than_they_may(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is finished goes first; then, as all of it is still to be sent, the oldest."""
    first, second, third = posted(tenant, 3)
    answer(tenant, second)
    monkeypatch.setattr(outbox, "CALLBACKS", tenant.app.outbox.bytes)
    (fourth,) = posted(tenant)
    assert list(tenant.app.outbox) == [first, third, fourth]
    posted(tenant, 2)
    assert first not in list(tenant.app.outbox)
    monkeypatch.setattr(outbox, "CALLBACKS", 1)
    posted(tenant)
    assert len(tenant.app.outbox) == 1  # one is kept, however large it is
    assert memory.CALLBACKS > 1


def test_a_finished_one_is_given_up_by_its_number_of_bytes_with_its_attempts(tenant: Tenant) -> None:
    (callback,) = posted(tenant)
    before = tenant.app.outbox.bytes
    attempt = Attempt(1, 0, 1.0, 200, "", (("a", "bc"),), (("d", "e"),), b"body")
    with tenant.world.unit(tenant.app) as app:
        callbacks.record(app, callback, attempt, callback.revision)
    assert app.outbox.bytes - before == attempt.bytes == memory.OVERHEAD + 9


def test_a_box_can_be_given_callbacks_that_were_read(tenant: Tenant) -> None:
    """A replica has them as another process left them: put again, a finished one may be pending."""
    (callback,) = posted(tenant)
    other = Outbox(10)
    other.put(callback, parked=True)
    assert other.unpark(callback.lane) == [callback]
    other.hand_in(callback)
    assert other.is_ready(callback)
    other.put(callback, parked=False)
    assert not other.has_ready
    other.stop(callback, "delivered")
    other.put(callback, parked=False)
    other.give_up_half()
    callback.status = "pending"
    other.put(callback, parked=False)
    for each in posted(tenant, 12):
        other.put(each, parked=False)
        other.stop(each, "delivered")
    assert other.find(callback.id) is callback  # it is not among the finished ones that are given up
    assert len(other) == 11


def test_a_callback_that_version_0_1_wrote_is_read(tenant: Tenant) -> None:
    """It said `turn` for what is a revision now: nothing is under way of a callback that is read, so any will do."""
    (callback,) = posted(tenant)
    document = orjson.loads(write(callback))
    document["turn"] = document.pop("revision")
    assert STORED["callback"].read(document, "callback.0") == replace(callback, revision=0)
