"""Snapshots: what is put back is the same and goes on in the same way; what people broke is refused with its place."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest

from state import callbacks, sessions, snapshots
from state.documents import DocumentError
from state.event_types import TYPES
from state.options import Options
from state.record_kinds import KINDS, STORED
from state.resources import RESOURCES
from state.snapshots import Parsed, dump, install, parse, prepare, write
from tests.state.conftest import Tenant
from tests.state.everything import filled, moved_on, now, post, snapshot

CONTENT = snapshot(filled().app)
"""The snapshot of an application that has something of everything."""

DAY = 24 * 3600
Change = Callable[[dict[str, Any]], object]


class Rules:
    """What is to go wrong, as the state sees it."""

    def __init__(self, dumped: Mapping[str, Any] | None = None) -> None:
        self.dumped = dict(dumped or {})
        self.untouched = not self.dumped
        self.revision = self.bytes = self.stamp = 0

    def forget(self, subject: str) -> tuple[str, ...]:
        return ()

    def dump(self) -> dict[str, Any]:
        return self.dumped


def put_back(content: bytes, *, rows: bool = False, into: Tenant | None = None) -> Tenant:
    """Return another tenant that is what a snapshot says."""
    tenant = into or Tenant()
    parsed = now(parse(content))
    parsed.rules = None if parsed.faults is None else Rules(parsed.faults)
    prepared = now(prepare(tenant.world, parsed, rows=rows))
    with tenant.world.unit(tenant.app) as app:
        tenant.world.rekey(app, parsed.identity.credentials)
        install(app, prepared, tenant.world.defaults)
        callbacks.resume(app)
    return tenant


def changed(change: Change) -> bytes:
    document = orjson.loads(CONTENT)
    change(document)
    return orjson.dumps(document)


def refused(content: bytes) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        now(parse(content))
    return caught.value


def test_everything_is_of_every_kind() -> None:
    document = orjson.loads(CONTENT)
    assert [name for name in KINDS if not document[name]] == []
    for resource in RESOURCES:
        assert {record["live"] for record in document[resource.name]} == {True, False}, resource.name
    assert {each["status"] for each in document["callback"]} == {"pending", "held", "delivered", "dropped"}


def test_what_is_put_back_is_the_same() -> None:
    assert snapshot(put_back(CONTENT).app) == CONTENT


@pytest.mark.parametrize("seconds", [1, 100, DAY, 5 * DAY])
def test_what_is_put_back_goes_on_as_it_would_have(seconds: int) -> None:
    first, second = filled(), put_back(CONTENT)
    assert moved_on(first, seconds) == moved_on(second, seconds)


def test_what_is_put_back_makes_the_same_ids_and_forgets_nothing_of_before() -> None:
    first, second = filled(), put_back(CONTENT, into=filled(auto_participants=2))
    assert snapshot(second.app) == CONTENT
    assert first.session() == second.session()


def test_a_snapshot_stays_as_it_was_while_the_application_goes_on() -> None:
    tenant = filled()
    dumped = dump(tenant.app)
    moved_on(tenant, DAY)
    with tenant.world.unit(tenant.app) as app:
        app.reset()
    assert now(write(dumped)) == CONTENT


def test_a_callback_that_waits_for_the_next_one_waits_when_it_is_put_back() -> None:
    first, second = filled(), put_back(CONTENT)
    for tenant in (first, second):
        parked = next(each for each in tenant.app.outbox if each.distortion.behind_next)
        with tenant.world.unit(tenant.app) as app:
            app.outbox.take_ready()
            post(app, parked.session_id)
            assert parked.id in [each.id for each in app.outbox.take_ready()]
    assert snapshot(first.app) == snapshot(second.app)


def test_what_was_on_its_way_is_sent_again_and_what_waits_is_not() -> None:
    tenant = Tenant()
    with tenant.world.unit(tenant.app) as app:
        for given in ({}, {"delay": 5000}, {"lost": True}):
            post(app, **given)
    again = put_back(snapshot(tenant.app)).app
    assert [again.outbox.is_ready(each) for each in again.outbox] == [True, False, False]


def test_an_empty_application_is_put_back_too() -> None:
    content = snapshot(Tenant().app)
    assert b'"session": [],' in content
    assert snapshot(put_back(content).app) == content


def test_what_is_to_go_wrong_is_in_it_once_there_was_something() -> None:
    tenant = Tenant()
    tenant.app.faults = Rules()
    assert orjson.loads(snapshot(tenant.app))["faults"] is None
    tenant.app.faults = Rules({"rules": []})
    again = put_back(snapshot(tenant.app)).app
    assert again.faults is not None
    assert again.faults.dump() == {"rules": []}
    assert put_back(CONTENT).app.faults is None


def test_options_that_an_older_snapshot_does_not_say_are_those_of_the_world() -> None:
    document = orjson.loads(CONTENT)
    document["application"]["options"] = {"pace": "fast"}
    tenant = Tenant()
    tenant.world.defaults = Options(auth="lax", pace="instant")
    options = put_back(orjson.dumps(document), into=tenant).app.options
    assert (options.pace, options.auth) == ("fast", "lax")


def test_what_a_store_keeps_of_it_is_made_with_it_and_told_as_one_change() -> None:
    tenant = Tenant()
    changes: list[Any] = []
    tenant.world.listeners.append(changes.append)
    put_back(CONTENT, rows=True, into=tenant)
    (change,) = changes
    assert change.reset
    assert {row.kind for row in change.restored} == set(KINDS)
    document = orjson.loads(CONTENT)
    assert len(change.restored) == sum(len(document[name]) for name in KINDS)
    assert {kind for kind, _ in change.records} == {"application"}
    assert not change.timers


def test_parts_may_come_in_any_order_and_kinds_that_are_left_out_are_empty() -> None:
    document = orjson.loads(CONTENT)
    reversed_ = orjson.dumps(dict(reversed(document.items())))
    assert snapshot(put_back(reversed_).app) == CONTENT
    few = {name: document[name] for name in ("schema", "application", "head")}
    few["head"] = {**few["head"], "event": 0}
    assert not put_back(orjson.dumps(few)).app.sessions


def test_an_unsent_change_of_a_live_record_is_found_by_key_again() -> None:
    """Indexes of what is live come back too: a second run with the same key is refused."""
    tenant = put_back(CONTENT)
    for resource in RESOURCES:
        before = [(each.id, tenant.app[resource.type].holds(each)) for each in filled().app[resource.type]]
        assert [(each.id, tenant.app[resource.type].holds(each)) for each in tenant.app[resource.type]] == before


# What is refused


def put(*path: Any, value: Any) -> Change:
    """Return what sets a part of a document."""

    def change(document: dict[str, Any]) -> None:
        found: Any = document
        for part in path[:-1]:
            found = found[part]
        found[path[-1]] = value

    return change


def gone(*path: Any) -> Change:
    """Return what takes a part out of a document."""

    def change(document: dict[str, Any]) -> None:
        found: Any = document
        for part in path[:-1]:
            found = found[part]
        del found[path[-1]]

    return change


def again(name: str) -> Change:
    return lambda document: document[name].append(copy.deepcopy(document[name][0]))


def first_live(document: dict[str, Any], name: str) -> int:
    return next(index for index, each in enumerate(document[name]) if each["live"])


WRONG: list[tuple[Change, str, str]] = [
    (put("schema", value=2), "schema", "must be 1"),
    (put("schema", value="1"), "schema", "must be 1"),
    (gone("schema"), "schema", "must be 1"),
    (gone("application"), "application", "is required"),
    (gone("head"), "head", "is required"),
    (put("more", value=1), "more", "there is no such part; the parts are application, archive, broadcast"),
    (put("faults", value=[]), "faults", "must be an object or null"),
    (put("application", "id", value=1), "application.id", "Input should be a valid string"),
    (put("application", "options", "pace", value="slow"), "application.options.pace", "Input should be 'realistic'"),
    (put("application", "webhooks", "archive_status", "active", value="often"),
     "application.webhooks.archive_status.active", "Input should be a valid boolean"),
    (put("head", "clock", "speed", value=0), "head.clock", "must be a time before the year 9999"),
    (put("head", "clock", "speed", value=2e6), "head.clock", "at a speed from above 0 to 1,000,000"),
    (put("head", "clock", "anchor", value=0), "head.clock", "must be a time before the year 9999"),
    (put("head", "clock", "anchor", value=10**15), "head.clock", "must be a time before the year 9999"),
    *(
        (put("head", *name.split("."), value=-1), f"head.{name}", "must be a number from 0 to 9007199254740991")
        for name in ("clock.started", "clock.orders", "clock.last", "ids.made", "outbox.last", "timer", "event",
                     "exchange")
    ),
    (put("head", "exchange", value=2**53), "head.exchange", "must be a number from 0 to"),
    *((put(name, value={}), name, "must be a list") for name in KINDS),
    *((again(name), f"{name}.", "comes twice: ") for name in KINDS),
    *((put(name, 0, value=1), f"{name}.0", "") for name in KINDS),
    *(
        (put(resource.name, 0, value={"live": False}), f"{resource.name}.0", "must be an object of live, listed and")
        for resource in RESOURCES
    ),
    *(
        (put(resource.name, 0, which, value=1), f"{resource.name}.0.{which}", "must be true or false")
        for resource in RESOURCES
        for which in ("live", "listed")
    ),
    *(
        (put(resource.name, 0, "record", "status", value="lost"), f"{resource.name}.0.record.status", "must be one of ")
        for resource in RESOURCES
    ),
    (put("callback", 0, "status", value="lost"), "callback.0.status", "must be one of pending, held, "),
    (put("callback", 0, "body", value="{"), "callback.0.body", "must be JSON"),
    (put("callback", 0, "body", value="base64:?"), "callback.0.body", "is not base64"),
    (put("callback", 0, "body", value=1), "callback.0.body", "valid bytes"),
    (put("callback", 0, "number", value=0), "callback.0.number", "must be from 1 to head.outbox.last"),
    (put("callback", 0, "number", value=99), "callback.0.number", "must be from 1 to head.outbox.last"),
    (put("timer", 0, "number", value=10**6), "timer.0.number", "must be from 1 to head.timer"),
    (put("event", 3, "number", value=10**6), "event.3.number", "must be 4: numbers have no gaps"),
    (put("event", 0, "number", value=0), "event.0.number", "must be 1: numbers have no gaps"),
    (put("event", 0, "type", value="archive.lost"), "event.0.type", "there is no such event"),
    (put("event", 0, "type", value=[]), "event.0.type", "there is no such event"),
    (put("event", 0, "kind", value="timer"), "event.0.kind", "must be one of archive, broadcast, call, callback"),
    (put("event", 0, "kind", value=[]), "event.0.kind", "must be one of archive, broadcast, call, callback"),
    (put("event", 0, "record", "id", value=1), "event.0.record.id", "valid string"),
    (put("event", 0, value=[]), "event.0", "must be an object"),
    (put("head", "event", value=1), "head.event", "the number of the newest event"),
    (put("head", "ids", "made", value=1), "head.ids.made", "or more: as many ids as there are in sessions were made"),
    (put("connection", 0, "session_id", value="no"), "connection.0.session_id", "there is no such session"),
    (put("stream", 0, "connection_id", value="no"), "stream.0.connection_id", "there is no such connection in its"),
    (put("signal", 0, "session_id", value="no"), "signal.0.session_id", "there is no such session"),
    (put("timer", 0, "action", value="archive.idle"), "timer.0.subject", "there is no such archive in the snapshot"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field", "problem"), WRONG)
def test_what_is_wrong_is_refused_with_its_place(change: Change, field: str, problem: str) -> None:
    error = refused(changed(change))
    assert problem in str(error)
    assert error.field == field or (field.endswith(".") and error.field.startswith(field))


@pytest.mark.parametrize("name", [resource.name for resource in RESOURCES])
def test_what_goes_on_needs_its_session_and_what_has_ended_does_not(name: str) -> None:
    document = orjson.loads(CONTENT)
    index = first_live(document, name)
    document[name][index]["record"]["session_id"] = "no"
    assert refused(orjson.dumps(document)).field == f"{name}.{index}.record.session_id"
    document = orjson.loads(CONTENT)
    for each in document[name]:
        if not each["live"]:
            each["record"]["session_id"] = "no"
    assert now(parse(orjson.dumps(document))).ids[name] == {each["record"]["id"] for each in document[name]}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_what_has_ended_is_not_live(resource: Any) -> None:
    document = orjson.loads(CONTENT)
    index = next(index for index, each in enumerate(document[resource.name]) if not each["live"])
    status = document[resource.name][index]["record"]["status"]
    document[resource.name][index]["live"] = True
    error = refused(orjson.dumps(document))
    assert (error.field, str(error)) == (
        f"{resource.name}.{index}.live",
        f"must be false where the status is {status}",
    )


@pytest.mark.parametrize("name", [resource.name for resource in RESOURCES if resource.connects])
def test_what_is_a_connection_needs_it_while_it_is_live(name: str) -> None:
    document = orjson.loads(CONTENT)
    index = first_live(document, name)
    document[name][index]["record"]["connection_id"] = "no"
    assert refused(orjson.dumps(document)).field == f"{name}.{index}.record.connection_id"


@pytest.mark.parametrize(
    ("output", "where"),
    [(name, where) for resource in RESOURCES for name, where in zip(resource.outputs, ("hls", "rtmp.0"), strict=False)],
)
def test_outputs_have_a_status_that_there_is(output: str, where: str) -> None:
    document = orjson.loads(CONTENT)
    index = first_live(document, "broadcast")
    found = document["broadcast"][index]["record"]
    for part in where.split("."):
        found = found[int(part) if part.isdecimal() else part]
    found["status"] = "lost"
    assert refused(orjson.dumps(document)).field == f"broadcast.{index}.record.{where}.status", output


@pytest.mark.parametrize("content", [b"[]", b"1", b'"a"', b"null"])
def test_what_is_no_object_is_no_snapshot(content: bytes) -> None:
    assert str(refused(content)) == "a snapshot is a JSON object"


def test_an_unknown_timer_is_refused_where_an_application_is_built() -> None:
    tenant = Tenant()
    parsed: Parsed = now(parse(changed(put("timer", 0, "action", value="fault.unknown"))))
    with pytest.raises(DocumentError, match=r"nothing is known of fault\.unknown"):
        now(prepare(tenant.world, parsed))


def test_events_of_every_type_carry_a_record_that_can_be_read() -> None:
    """Also a signal and a session, which are kept apart; and none at all."""
    document = orjson.loads(CONTENT)
    carried = {each.get("kind") for each in document["event"]}
    assert carried >= {"session", "connection", "stream", "signal", *(resource.name for resource in RESOURCES)}
    assert all("connections" not in each["record"] for each in document["event"] if each["kind"] == "session")
    assert {each["type"] for each in document["event"]} <= TYPES
    plain = orjson.dumps({**document, "event": [{"number": 1, "at": 1, "type": "session.created", "subject": "s"}],
                          "head": {**document["head"], "event": 1}})  # fmt: skip
    (event,) = put_back(plain).app.events.after(0)
    assert event.record is None
    assert orjson.loads(snapshot(put_back(plain).app))["event"][0].keys().isdisjoint({"kind", "record"})


def test_a_store_keeps_checkpoints_too_and_a_snapshot_does_not() -> None:
    assert set(STORED) - set(KINDS) == {"checkpoint"}
    tenant = put_back(CONTENT, into=filled())
    assert list(tenant.app.checkpoints) == ["seed"]  # what it was keeps its checkpoints


def test_a_signal_counts_when_it_is_put_back() -> None:
    first, second = filled().app, put_back(CONTENT).app
    # A record is weighed when it ends, or where its event is kept, and changes a little after that.
    about = {"records": 0, "checkpoints": 0, "live": 0}
    assert dict(second.bytes) | about == dict(first.bytes) | about
    with put_back(CONTENT).world.unit(second):
        sessions.signal(second, next(iter(second.sessions.values())), "a", "b")
    assert second.signal_bytes > first.signal_bytes


# What is to go wrong: large, and read part by part


FAULTS: dict[str, Any] = {
    "number": 3,
    "named": {},
    "rules": [{"rule": {"then": "internal", "name": "a"}, "hits": 1}, {"rule": {"name": "b"}}],
    "fates": {"subject": {"sipBusy": {"settings": {}, "rule": "a"}}, "Ż": {"hlsError": {"settings": {"seconds": 1}}}},
    "packs": {"pack": {"timeline": [{"at": 1}]}},
    "cast": {},
}


def test_rules_are_read_as_they_were_written() -> None:
    tenant = Tenant()
    tenant.app.faults = Rules(copy.deepcopy(FAULTS))
    content = snapshot(tenant.app)
    assert orjson.loads(content)["faults"] == FAULTS
    again = put_back(content).app
    assert again.faults is not None
    assert again.faults.dump() == FAULTS
    assert snapshot(again) == content
    assert now(parse(orjson.dumps({**orjson.loads(content), "faults": {"rules": 5}}))).faults == {"rules": 5}


def test_a_document_is_written_in_lines_unless_these_are_far_more_than_it_says() -> None:
    deep: Any = [0] * 1000
    for _ in range(40):
        deep = [deep]
    tenant = Tenant()
    tenant.app.faults = Rules({"rules": [{"rule": {"body": deep}}, {"rule": {"body": ["long" * 20] * 100}}]})
    content = snapshot(tenant.app)
    assert len(content) < 30_000
    assert content.count(b'\n            "longlong') == 100  # what is as long as its lines is in lines
    assert b"[[[[[0,0,0" in content
    again = put_back(content).app
    assert again.faults is not None
    assert again.faults.dump() == tenant.app.faults.dump()


@pytest.mark.parametrize(
    ("faults", "field", "problem"),
    [
        ({"rules": [5]}, "faults.rules.0", "must be an object"),
        ({"rules": [{}, {}, {}]}, "faults.rules", "an application has 2 rules at most"),
        ({"rules": [{"a": [1] * 6}, {"b": [1] * 6}]}, "faults.rules", "has more than 10 values"),
        ({"fates": {"a": [1] * 6, "b": [1] * 6}}, "faults.fates", "has more than 10 values"),
    ],
)
def test_rules_that_are_none_or_too_many_are_refused(
    monkeypatch: pytest.MonkeyPatch, faults: dict[str, Any], field: str, problem: str
) -> None:
    monkeypatch.setattr(snapshots, "MAX_RULES", 2)
    monkeypatch.setattr(snapshots, "MAX_VALUES_OF_FAULTS", 10)
    error = refused(changed(put("faults", value=faults)))
    assert (error.field, str(error)) == (field, problem)
