"""Rules of one application: order, times, places, snapshots, and the cost of looking."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scenarios import engine
from scenarios.engine import Faults, PlannedOutcome
from scenarios.predicates import Check
from scenarios.rules import read_rule
from scenarios.strict import RuleError
from scenarios.targets import ARRIVAL, CALLBACK, SERVICE, MatchTarget
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
        ({"then": "internal", "when": {"tag": "SIP"}, "position": "before"}, {(ARRIVAL, "dial")}),
        ({"then": {"latency": {"ms": 1}}, "when": {"operation": "dial"}}, {(ARRIVAL, "dial")}),
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
        ({"then": {"status": {"status": 200, "headers": {"a\r\nb": "c"}}}}, "cannot be sent"),
        ({"then": {"latency": {"ms": 1, "median": 3}}}, "give either"),
        ({"then": {"latency": {}}}, "give either"),
        ({"then": {"latency": {"min": 1}}}, "give both min and max, min first"),
        ({"then": {"latency": {"max": 1}}}, "give both min and max, min first"),
        ({"then": {"latency": {"min": 2, "max": 1}}}, "give both min and max, min first"),
        ({"then": {"status": {"status": 200, "headers": {"X-Content-Type-Options": "a"}}}}, "is the emulator's own"),
        (
            {"then": {"status": {"status": 200, "headers": {"Content-Length": "5"}}}},
            "header Content-Length is the connection's",
        ),
        ({"then": {"status": {"status": 200, "contentType": "a\n"}}}, "header Content-Type cannot be sent"),
        ({"then": []}, "expected a mapping"),
        ({"then": True}, "expected a mapping"),
        ({"then": 500}, "there is no such effect: 500; did you mean internal?"),
        ({"then": "503"}, "did you mean unavailable?"),
        ({"then": 418}, 'write {"status": {"status": 418}}'),
        ({"then": {"sleep": 5}}, "did you mean latency?"),
        ({"then": {"uploadSlow": {}, "uploadStuck": {}}}, "uploadSlow and uploadStuck cannot both happen: keep one"),
        (
            {"then": {"callbackLost": {}, "latency": {"ms": 1}}, "when": {"callback": "*"}},
            "effects on callbacks and on calls need a rule each",
        ),
        (
            {"then": "callbackLost", "when": {"callback": "*", "all": [{"callback": "archive_status"}]}},
            "`callback` stands at the top of `when`",
        ),
        (
            {"then": "callbackLost", "when": {"callback": "*", "not": {"operation": "dial"}}},
            "a callback has no operation",
        ),
        ({"then": "internal", "name": "request"}, "this name is that of what no rule has done"),
        ({"then": "internal", "name": "magic:upload"}, "this name is that of what no rule has done"),
        ("internal", "expected a rule"),
    ],
)
def test_what_cannot_be_is_refused(rule: Any, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule(rule, NAMES)
    assert message in str(caught.value)


def test_a_name_is_taken_once(faults: Faults) -> None:
    add(faults, "a")
    with pytest.raises(RuleError, match="already"):
        add(faults, "a")
    assert faults.add({"then": "internal"}, 0).name == "internal-1"
    assert faults.add({"then": "internal"}, 0).name == "internal-2"


def test_a_name_that_is_made_up_is_free(faults: Faults) -> None:
    add(faults, "internal-1")
    assert faults.add({"then": "internal"}, 0).name == "internal-2"
    assert faults.add({"then": "internal"}, 0, taken=["internal-3", "internal-4"]).name == "internal-5"
    assert faults.nearest("internl-2") == "did you mean internal-2?"


KEYS: list[tuple[dict[str, Any], Target]] = [
    ({"session": "s"}, Target(session="s")),
    ({"resource": ["a", "b"]}, Target(resources=["b", "c"])),
    ({"body": {"a.b": 1}}, Target(body={"a": {"b": 1}})),
    ({"header": {"X-A": "b"}}, Target(headers={"x-a": "b"})),
    ({"state": ["stopped", "started"]}, Target(state="started")),
    ({"role": "moderator"}, Target(role="moderator")),
    ({"body": {"a": [1]}}, Target(body={"a": [1]})),
    ({"body": {"a": {"exists": True}}}, Target(body={"a": 1})),
    ({}, Target()),
]


@pytest.mark.parametrize(("when", "target"), KEYS, ids=lambda value: str(value)[:30])
def test_a_rule_is_found_whatever_it_is_filed_by_and_not_when_it_is_gone(
    faults: Faults, when: dict[str, Any], target: Target
) -> None:
    """Also where it shares its place with others, and is spent before it is removed."""
    beside: dict[str, Any] = {"session": "s"} if "session" in when else when
    add(faults, "other", "internal", when=beside, priority=-1)
    add(faults, "one", "conflict", when=when, times=1)
    if when:
        assert matched(faults, Target()) == []
    assert [matched(faults, target) for _ in range(2)] == [["one"], ["other"]]
    faults.remove("one")
    assert matched(faults, target) == ["other"]
    faults.remove("other")
    assert (matched(faults, target), faults.has(SERVICE, "startArchive")) == ([], False)


def test_a_value_of_another_type_is_not_found_and_harms_nothing(faults: Faults) -> None:
    add(faults, "of-body", when={"body": {"a": 1}})
    for value in ([1], {"a": 1}, "1", None, True):
        assert matched(faults, Target(body={"a": value})) == []
    assert matched(faults, Target(body={"a": 1})) == ["of-body"]


def test_a_spent_rule_that_is_alone_in_its_place_can_be_removed(faults: Faults) -> None:
    add(faults, "once", when={"operation": "dial"}, times=1)
    assert faults.has(SERVICE, "dial")
    assert matched(faults, Target("dial")) == ["once"]
    assert not faults.has(SERVICE, "dial")
    assert faults.remove("once").hits == 1


def test_a_rule_that_was_replaced_takes_back_no_hit(faults: Faults) -> None:
    add(faults, "once", "uploadFails", times=1)
    (match,) = faults.ask(SERVICE, Target())
    faults.add({"name": "once", "then": "uploadFails", "times": 1}, 0, replace=True)
    (second,) = faults.ask(SERVICE, Target())
    faults.release(match.fault)
    assert matched(faults) == []
    faults.release(second.fault)
    assert matched(faults) == ["once"]


def test_rules_about_callbacks_are_asked_by_their_kind(faults: Faults) -> None:
    add(faults, "lost", "callbackLost", when={"callback": "archive_status"}, times=1)
    assert faults.callback_effects(Target("session_created")) == []
    assert [match.fault.name for match in faults.callback_effects(Target("archive_status"))] == ["lost"]
    assert faults.rules["lost"].show() == {
        "name": "lost",
        "then": "callbackLost",
        "when": {"callback": "archive_status"},
        "times": 1,
        "priority": 0,
        "hits": 1,
        "spent": True,
        "source": None,
    }


def test_kinds_of_effects_that_are_taken_are_left_out(faults: Faults) -> None:
    add(faults, "both", {"latency": {"ms": 1}, "internal": {}}, position="instead")
    (match,) = faults.ask(SERVICE, Target(), taken=["response"])
    assert list(match.effects) == ["latency"]
    assert faults.ask(SERVICE, Target(), taken=["response", "delay"]) == []


def test_what_a_resource_and_its_session_wait_for_is_forgotten_with_them(faults: Faults) -> None:
    planned = PlannedOutcome("networkDrops", {}, "rule")
    for subject in ("s a", "s b", "t a", "archive"):
        faults.decide(subject, planned)
    faults.cast["s"] = {"alice": []}
    assert faults.forget("s a") == ["s a"]
    assert faults.forget("s a") == []
    assert faults.forget("s") == ["s b"]
    assert faults.forget("s") == []
    assert faults.forget("t a") == ["t a"]
    assert (faults.forget("archive"), faults.planned, faults.cast) == (["archive"], {}, {})


def test_a_rule_that_reads_stale_is_known_until_all_are_gone(faults: Faults) -> None:
    assert not faults.reads_stale
    add(faults, "stale", "staleRead")
    assert faults.reads_stale
    faults.clear()
    assert not faults.reads_stale


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


def noting(name: str, asked: list[str]) -> Check:
    """Return a condition that holds, and notes who was asked."""

    def check(target: MatchTarget) -> bool:
        asked.append(name)
        return True

    return check


def test_a_thousand_rules_about_others_cost_nothing(faults: Faults) -> None:
    """Not how fast it is (a benchmark measures that), but that nobody looks at the others."""
    for number in range(500):
        add(faults, f"session-{number}", when={"operation": "startArchive", "session": f"s{number}"})
        add(faults, f"operation-{number}", when={"operation": "dial"})
    asked: list[str] = []
    for fault in faults.rules.values():
        fault.matcher.checks.insert(0, noting(fault.name, asked))
    assert matched(faults, Target(session="s77")) == ["session-77"]
    assert matched(faults, Target(session="else")) == []
    assert asked == ["session-77"]


def test_rules_have_so_many_values_together(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {"name": "a", "then": {"status": {"status": 200, "body": [1, 2, 3]}}}
    faults.add(rule, 0)
    monkeypatch.setattr(engine, "MAX_VALUES", faults.values + 1)
    faults.add(rule, 0, replace=True)  # it makes room for itself
    with pytest.raises(RuleError, match=r"the rules of an application have .* values at most"):
        faults.add({**rule, "name": "b"}, 0)
    dumped = json.loads(json.dumps(faults.dump()))
    assert Faults.load(NAMES, dumped).values == faults.values
    dumped["rules"].append({**dumped["rules"][0], "rule": {**rule, "name": "b"}})
    with pytest.raises(RuleError) as caught:
        Faults.load(NAMES, dumped)
    assert caught.value.path == ("rules",)
    faults.remove("a")
    assert (faults.values, faults.bytes) == (0, 0)
