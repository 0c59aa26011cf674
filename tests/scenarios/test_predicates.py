"""Every condition: when it holds, and when not."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.predicates import When
from scenarios.strict import RuleError
from tests.scenarios.targets import NAMES, Target, matcher

MINUTE = 60_000

CASES: list[tuple[dict[str, Any], Target, Target]] = [
    ({"operation": "dial"}, Target("dial"), Target("startArchive")),
    ({"operation": ["dial", "getArchive"]}, Target("getArchive"), Target("startArchive")),
    ({"tag": "Archives"}, Target("stopArchive"), Target("dial")),
    ({"session": "s1"}, Target(session="s1"), Target(session="s2")),
    ({"resource": "lesson"}, Target(resources={"id", "lesson"}), Target(resources={"id"})),
    ({"state": ["stopped", "uploaded"]}, Target(state="stopped"), Target(state="started")),
    ({"role": "moderator"}, Target(role="moderator"), Target(role="publisher")),
    ({"body": {"name": "a"}}, Target(body={"name": "a"}), Target(body={"name": "b"})),
    ({"body": {"sip.uri": {"contains": "busy"}}}, Target(body={"sip": {"uri": "sip:busy@x"}}), Target()),
    ({"body": {"name": {"matches": "^a.c$"}}}, Target(body={"name": "abc"}), Target(body={"name": "abcd"})),
    ({"body": {"name": {"exists": True}}}, Target(body={"name": None}), Target()),
    ({"body": {"name": {"exists": False}}}, Target(), Target(body={"name": ""})),
    ({"body": {"hasAudio": True}}, Target(body={"hasAudio": True}), Target(body={"hasAudio": False})),
    (
        {"body": {"list": [1, {"a": None}]}},
        Target(body={"list": [1, {"a": None}]}),
        Target(body={"list": [1, {"b": None}]}),
    ),
    ({"body": {"list": [1, 2]}}, Target(body={"list": [1, 2]}), Target(body={"list": [1, 2, 3]})),
    ({"body": {"list": [1]}}, Target(body={"list": [1]}), Target(body={"list": [True]})),
    ({"body": {"a": {"equals": {"b": 1}}}}, Target(body={"a": {"b": 1}}), Target(body={"a": {"b": 1, "c": 2}})),
    ({"body": {"a": 0}}, Target(body={"a": 0.0}), Target(body={"a": False})),
    ({"body": {"a": {"equals": "abc", "contains": "b"}}}, Target(body={"a": "abc"}), Target(body={"a": "b"})),
    ({"header": {"X-Suite": "one"}}, Target(headers={"x-suite": "one"}), Target()),
    (
        {"header": {"X-Suite": {"contains": "n"}}},
        Target(headers={"x-suite": "one"}),
        Target(headers={"x-suite": "two"}),
    ),
    ({"header": {"X-Suite": {"matches": "^o"}}}, Target(headers={"x-suite": "one"}), Target()),
    ({"until": MINUTE}, Target(now=MINUTE - 1), Target(now=MINUTE)),
    ({"until": "1970-01-01T00:01:00Z"}, Target(now=MINUTE - 1), Target(now=MINUTE)),
    ({"within": 60}, Target(now=MINUTE - 1), Target(now=MINUTE)),
    ({"all": [{"session": "s"}, {"state": "x"}]}, Target(session="s", state="x"), Target(session="s")),
    ({"any": [{"session": "s"}, {"state": "x"}]}, Target(state="x"), Target(state="y")),
    ({"not": {"session": "s"}}, Target(session="t"), Target(session="s")),
    ({"operation": "*", "not": {"operation": "dial"}}, Target("getArchive"), Target("dial")),
    ({"nth": 1}, Target(), Target()),
    ({"probability": 1}, Target(), Target(operation="x")),
]


@pytest.mark.parametrize(("when", "held", "refused"), CASES[:-2], ids=lambda value: str(value)[:40])
def test_a_condition_holds_or_not(when: dict[str, Any], held: Target, refused: Target) -> None:
    assert matcher(when)(held)
    assert not matcher(when)(refused)


def test_every_condition_is_tried() -> None:
    tried = {key for when, _, _ in CASES for key in when} | {"callback", "after", "seed"}
    assert tried == When.keys()


def test_nth_counts_the_calls_for_which_the_rest_holds() -> None:
    second = matcher({"operation": "dial", "session": "s", "nth": 2})
    calls = [
        Target("dial", session="s"),
        Target("dial"),
        Target(),
        Target("dial", session="s"),
        Target("dial", session="s"),
    ]
    assert [second(call) for call in calls] == [False, False, False, True, False]
    several = matcher({"nth": [1, 3]})
    assert [several(Target()) for _ in range(4)] == [True, False, True, False]


def test_after_lets_so_many_calls_pass() -> None:
    later = matcher({"after": 2})
    assert [later(Target()) for _ in range(4)] == [False, False, True, True]


def test_inner_conditions_count_on_their_own() -> None:
    either = matcher({"any": [{"operation": "dial", "nth": 2}, {"operation": "startArchive", "nth": 1}]})
    calls = [Target("dial"), Target("startArchive"), Target("dial"), Target("startArchive")]
    assert [either(call) for call in calls] == [False, True, True, False]


def test_probability_draws_the_same_calls_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        sometimes = matcher({"probability": 0.3, "seed": seed})
        return [sometimes(Target()) for _ in range(1000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 250 < sum(drawn(1)) < 350


def test_counters_can_be_taken_up_again() -> None:
    when = {"probability": 0.5, "seed": 3, "any": [{"nth": [2, 3, 5, 8]}, {"after": 9}]}
    whole, first = matcher(when), matcher(when)
    told = [whole(Target()) for _ in range(20)]
    assert [first(Target()) for _ in range(7)] == told[:7]
    second = matcher(when)
    assert second.restore(first.counters()) == []
    assert [second(Target()) for _ in range(13)] == told[7:]


@pytest.mark.parametrize(
    ("when", "field", "message"),
    [
        ({"until": "tomorrow"}, "when.until", "must be ms since the epoch, or a time"),
        ({"nth": 0}, "when.nth.0", "greater than or equal to 1"),
        ({"nth": "two"}, "when.nth.0", "valid integer"),
        ({"probability": 2}, "when.probability", "less than or equal to 1"),
        ({"body": {"a": {"matches": "("}}}, "when.body.a.matches", "no regular expression"),
        ({"body": {"a": {"equal": 1}}}, "when.body.a.equal", "no such field"),
        ({"operation": []}, "when.operation", "at least 1 item"),
        ({"any": {"session": "s"}}, "when.any", "valid list"),
        ([], "when", "expected a mapping"),
    ],
)
def test_what_cannot_be_is_refused(when: Any, field: str, message: str) -> None:
    from scenarios.rules import read_rule

    with pytest.raises(RuleError) as caught:
        read_rule({"when": when, "then": "internal"}, NAMES)
    assert caught.value.field == field
    assert message in caught.value.message
