"""Rules of one application: order, times, places, snapshots, and the cost of looking."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.engine import Faults, PlannedOutcome
from scenarios.rules import read_rule
from scenarios.strict import RuleError
from scenarios.targets import CALLBACK, GATE, SERVICE
from tests.scenarios.targets import NAMES, Target, matched


@pytest.fixture
def faults() -> Faults:
    return Faults(NAMES)


def add(faults: Faults, name: str, then: Any = "internal", **rule: Any) -> None:
    faults.add({"name": name, "then": then, **rule}, 0)


def test_higher_priority_goes_first_then_the_older(faults: Faults) -> None:
    add(faults, "old")
    add(faults, "new")
    add(faults, "first", priority=5)
    assert matched(faults) == ["first"]
    faults.remove("first")
    assert matched(faults) == ["old"]


def test_of_each_kind_of_effect_one_rule_has_its_way(faults: Faults) -> None:
    add(faults, "slow", {"latency": {"ms": 5}}, position="instead")
    add(faults, "slower", {"latency": {"ms": 9}}, position="instead")
    add(faults, "broken", "internal")
    assert matched(faults) == ["slow", "broken"]
    assert [fault.hits for fault in faults.rules.values()] == [1, 0, 1]


def test_an_outranked_rule_keeps_its_times(faults: Faults) -> None:
    add(faults, "twice", times=2, priority=1)
    add(faults, "once", times=1)
    assert [matched(faults) for _ in range(4)] == [["twice"], ["twice"], ["once"], []]
    assert all(fault.spent for fault in faults.rules.values())


def test_rules_of_a_session_are_found_by_it(faults: Faults) -> None:
    add(faults, "general", when={"operation": "startArchive"})
    add(faults, "of-s", when={"session": "s"}, priority=1)
    add(faults, "of-lesson", when={"resource": ["lesson", "other"]}, priority=2)
    assert matched(faults, Target(session="t")) == ["general"]
    assert matched(faults, Target(session="s")) == ["of-s"]
    assert matched(faults, Target(session="s", resources={"lesson", "other"})) == ["of-lesson"]


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        ({"then": "internal", "when": {"operation": "dial"}}, {(SERVICE, "dial")}),
        ({"then": "internal", "when": {"tag": "SIP"}, "position": "before"}, {(GATE, "dial")}),
        ({"then": {"latency": {"ms": 1}}, "when": {"operation": "dial"}}, {(GATE, "dial")}),
        ({"then": "internal", "when": {"all": [{"tag": "Archives"}, {"not": {"operation": "x"}}]}}, None),
        ({"then": "callbackLost", "when": {"callback": "*"}}, {(CALLBACK, kind) for kind in NAMES.callbacks}),
        ({"then": "uploadFails"}, {(SERVICE, "startArchive"), (SERVICE, "stopArchive")}),
        (
            {"then": "internal", "when": {"any": [{"operation": "dial"}, {"operation": "getArchive"}]}},
            {(SERVICE, "dial"), (SERVICE, "getArchive")},
        ),
    ],
)
def test_a_rule_is_asked_only_where_it_can_hold(faults: Faults, rule: dict[str, Any], places: Any) -> None:
    if places is None:
        with pytest.raises(RuleError, match="there is no operation x"):
            faults.add(rule, 0)
        return
    assert set(faults.add(rule, 0).places) == places


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"then": {"internal": {}, "conflict": {}}}, "cannot both be the answer"),
        (
            {"then": "uploadFails", "when": {"operation": "dial"}},
            "uploadFails follows startArchive or stopArchive only",
        ),
        ({"then": "uploadFails", "position": "instead"}, "position after"),
        ({"then": "truncated", "position": "before"}, "position after"),
        ({"then": "callbackLost"}, "need `when: {callback"),
        ({"then": "internal", "when": {"callback": "*"}}, "need `when: {callback"),
        ({"then": "callbackLost", "when": {"callback": "*"}, "position": "after"}, "no position"),
        ({"then": {}}, "name an effect"),
        ({"when": {}}, "then is required"),
        ({"then": "internal", "name": "a b"}, "a name is up to 100 letters"),
        ({"then": {"status": {"status": 204, "body": "x"}}}, "has no body"),
        ({"then": {"status": {"status": 200, "headers": {"a\r\nb": "c"}}}}, "no header"),
        ({"then": {"latency": {"ms": 1, "median": 3}}}, "give either"),
        ("internal", "expected a rule"),
    ],
)
def test_what_cannot_be_is_refused(rule: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        read_rule(rule, NAMES)


def test_a_name_is_taken_once(faults: Faults) -> None:
    add(faults, "a")
    with pytest.raises(RuleError, match="already"):
        add(faults, "a")
    assert faults.add({"then": "internal"}, 0).name == "internal-1"
    assert faults.add({"then": "internal"}, 0).name == "internal-2"


def test_a_released_hit_can_be_used_again(faults: Faults) -> None:
    add(faults, "once", "uploadFails", times=1)
    (match,) = faults.ask(SERVICE, Target())
    assert matched(faults) == []
    faults.release(match.fault)
    assert matched(faults) == ["once"]


def test_a_snapshot_goes_on_where_it_was(faults: Faults) -> None:
    add(faults, "second", when={"nth": 2})
    add(faults, "twice", {"latency": {"ms": 1}}, times=2, position="instead")
    matched(faults)
    copy = Faults.load(NAMES, json.loads(json.dumps(faults.dump())))
    assert copy.dump() == faults.dump()
    assert matched(copy) == ["second", "twice"]
    assert matched(copy) == []
    assert copy.add({"then": "internal"}, 0).number == 3


def test_whatever_changes_a_snapshot_is_another_revision(faults: Faults) -> None:
    """Or a store would not keep it."""
    planned = PlannedOutcome("uploadFails", {}, "rule")
    steps: list[Callable[[], object]] = [
        lambda: add(faults, "third", "uploadFails", when={"nth": 3}),
        lambda: matched(faults),  # counted only
        lambda: matched(faults),
        lambda: faults.ask(SERVICE, Target()),
        lambda: faults.release(faults.rules["third"]),
        lambda: faults.add({"name": "third", "then": "internal"}, 5, replace=True),
        lambda: faults.decide("archive", planned),
        lambda: faults.remove("third"),
        lambda: add(faults, "another"),
        faults.clear,
    ]
    for number, step in enumerate(steps):
        revision, dumped = faults.revision, json.dumps(faults.dump())
        step()
        assert json.dumps(faults.dump()) != dumped, number
        assert faults.revision != revision, number


def test_a_thousand_rules_about_others_cost_nothing(faults: Faults) -> None:
    """Not how fast it is (a benchmark measures that), but that nobody looks at the others."""
    for number in range(500):
        add(faults, f"session-{number}", when={"operation": "startArchive", "session": f"s{number}"})
        add(faults, f"operation-{number}", when={"operation": "dial"})
    assert matched(faults, Target(session="s77")) == ["session-77"]
    assert matched(faults, Target(session="else")) == []
    assert [faults.rules[f"operation-{number}"].matcher.calls for number in range(500)] == [0] * 500
    started = time.perf_counter()
    for _ in range(1000):
        faults.ask(SERVICE, Target(session="else"))
    assert time.perf_counter() - started < 1
