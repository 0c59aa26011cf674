"""Patterns of rules: what is refused with its reason, and that nothing that is accepted costs much."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from scenarios import patterns
from scenarios.engine import MAX_PATTERN_STEPS, Faults
from scenarios.patterns import MAX_PATTERN, MAX_PATTERNS, MAX_SECONDS, Search
from scenarios.rules import MAX_CONDITIONS, read_rule
from scenarios.strict import RuleError
from tests.scenarios.targets import NAMES, Target, matched, matcher

STATM = Path("/proc/self/statm")
LIMIT = 0.5
"""s of processor time that one call may take at worst, on a slow machine: one search more than `MAX_SECONDS`."""


def rule(*found: str, **more: Any) -> dict[str, Any]:
    when = {"any": [{"body": {"name": {"matches": pattern}}} for pattern in found]}
    return {"when": {"operation": "startArchive", **when}, "then": "conflict", **more}


def resident() -> int:
    """Return the memory of this process, MiB."""
    if not STATM.exists():
        return 0  # not on Linux
    return int(STATM.read_text().split()[1]) * 4096 // 2**20


REFUSED = {
    "nested repetition": ("((a{1000}){1000}){1000}", "repetition"),
    "nested repetition, smaller": ("(a{100}){100}", "repetition"),
    "repetition of a class": (r"\pL{900}", "too large"),
    "several large repetitions": ("a.{900}b.{900}c.{900}", "too large"),
    "many classes": (r"\pL" * 300, "too large"),
    "look-ahead": ("lesson(?=s)", "look-arounds"),
    "look-behind": ("(?<!x)lesson", "look-arounds"),
    "back-reference": (r"(a+)\1", "back-references"),
    "named back-reference": ("(?P<x>a)(?P=x)", "back-references"),
    "atomic group": ("(?>a+)b", "atomic groups"),
    "possessive": ("a++b", "possessive"),
    "unbalanced": ("(lesson", "missing )"),
    "unknown class": (r"\p{Nothing}", "Nothing"),
    "too long": ("a" * (MAX_PATTERN + 1), f"{MAX_PATTERN} characters"),
    "far too long": ("(a|b)*" * 125_000, f"{MAX_PATTERN} characters"),
    "huge alternation": ("|".join(f"word{number}" for number in range(50_000)), f"{MAX_PATTERN} characters"),
    "huge class": ("[" + "".join(chr(0x4E00 + 2 * each) for each in range(10_000)) + "]", f"{MAX_PATTERN} characters"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_matched_is_refused_quickly_with_place_and_reason(kind: str) -> None:
    pattern, said = REFUSED[kind]
    before, started = resident(), time.thread_time()
    with pytest.raises(RuleError) as refused:
        read_rule({"when": {"body": {"name": {"matches": pattern}}}, "then": "conflict"}, NAMES)
    assert time.thread_time() - started < LIMIT
    assert resident() - before < 32
    assert refused.value.field == "when.body.name.matches"
    assert said in str(refused.value)


PATHOLOGICAL = {
    "nested plus": ("^(a+)+$", "a" * 60_000 + "b"),
    "alternation that overlaps": ("(a|aa)+$", "a" * 60_000 + "b"),
    "nested stars": ("((a*)*)*b", "a" * 60_000),
    "many stars": ("(.*)" * 20 + "[bc]$", "a" * 20_000),
    "optional before required": ("(?:a?){450}a{450}b", "a" * 3_000),
    "states that explode": ("[ab]*a[ab]{200}c", "ab" * 5_000),
    "groups": ("(" * 400 + "a" + ")" * 400 + "$", "a" * 60_000 + "b"),
    "classes of Unicode": (r"(\pL|\pN)*[a-c]\pL!", "äöüß漢字" * 300),
    "huge alternation": ("|".join(f"{number:02}x" for number in range(99)) + "$", "0123456789 x " * 200),
    "wide repetition": (".{150}é.{150}!", "é" * 1_000),
}


@pytest.mark.parametrize("kind", PATHOLOGICAL)
def test_no_pattern_runs_away(kind: str) -> None:
    pattern, text = PATHOLOGICAL[kind]
    is_so = matcher({"body": {"name": {"matches": pattern}}})
    started = time.thread_time()
    assert not is_so(Target(body={"name": text}))
    assert time.thread_time() - started < LIMIT


@pytest.mark.parametrize("kind", PATHOLOGICAL)
def test_many_rules_of_one_call_take_their_time_together(kind: str) -> None:
    pattern, text = PATHOLOGICAL[kind]
    faults = Faults(NAMES)
    for number in range(40):
        faults.add(rule(f"{pattern}|never{number}"), 0)
    faults.ask("service", Target(body={"name": "short"}))  # compiled
    started, before = time.thread_time(), resident()
    assert matched(faults, Target(body={"name": text})) == []
    assert time.thread_time() - started < MAX_SECONDS + LIMIT
    assert resident() - before < 64


def test_memory_of_patterns_is_bounded_however_many_there_are() -> None:
    search, before = Search(time.thread_time), resident()
    for number in range(2_000):
        search.left = 1.0
        search.found(f"[ab]*a[ab]{{{number % 90 + 10}}}{number}", "ab" * 500)
    assert resident() - before < 128


def test_a_text_too_long_for_a_pattern_counts_as_not_found() -> None:
    search = Search(time.thread_time)
    assert search.found("[ab]{1000}", "ab" * 500)
    assert not search.found("[ab]{1000}", "ab" * 500_000)
    assert search.found("lesson$", "x" * 100_000 + "lesson")


def test_without_time_left_nothing_is_found() -> None:
    search = Search(time.thread_time)
    search.left = 0.0
    assert not search.found("a", "a")


FOUND = [
    (r"^lesson-\d+$", "lesson-12", True),
    (r"(?i)LESSON", "my Lesson", True),
    (r"\pL+ß$", "Straß", True),
    (r"^.$", "漢", True),
    (r"[^\x00-\x7F]", "plain", False),
    (r"^(?P<kind>a|b)(?:c)?$", "ac", True),
    (r"\bterm\b", "a term here", True),
    (r"^$", "", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), FOUND)
def test_usual_patterns_are_found(pattern: str, text: str, expected: bool) -> None:
    assert matcher({"body": {"name": {"matches": pattern}}})(Target(body={"name": text})) is expected


TOO_MUCH: list[tuple[dict[str, Any], str, str]] = [
    (rule(*["a"] * (MAX_PATTERNS + 1)), f"when.any.{MAX_PATTERNS}.body.name.matches", "patterns at most"),
    (rule(*[f"a{{1000}}{number}" for number in range(30)]), "when.any.19.body.name.matches", "too large together"),
    (
        {"when": {"header": {"x": {"matches": "("}}, "operation": "*"}, "then": "conflict"},
        "when.header.x.matches",
        "missing )",
    ),
    (
        {"when": {"not": {"all": [{"body": {"name": {"matches": "["}}}]}}, "then": "conflict"},
        "when.not.all.0.body.name.matches",
        "missing ]",
    ),
    ({"when": {"any": [{"session": "s"}] * MAX_CONDITIONS}, "then": "conflict"}, "when", "conditions at most"),
    (
        {"when": {"all": [{"any": [{"session": "s"}] * 60}] * 20}, "then": "conflict"},
        "when",
        "conditions at most",
    ),
]


@pytest.mark.parametrize(("written", "field", "said"), TOO_MUCH)
def test_a_rule_that_asks_for_too_much_is_refused(written: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(RuleError) as refused:
        read_rule(written, NAMES)
    assert (refused.value.field, said in str(refused.value)) == (field, True)


def test_the_patterns_of_all_rules_of_an_application_are_bounded_together() -> None:
    faults = Faults(NAMES)
    size = patterns.size_of("a{1000}")
    count = MAX_PATTERN_STEPS // size - 5  # each has a few steps more
    for number in range(count):
        faults.add(rule(f"a{{1000}}|{number}", name=f"r{number}"), 0)
    with pytest.raises(RuleError, match="steps at most"):
        [faults.add(rule(f"b{{1000}}|{number}", name=f"s{number}"), 0) for number in range(10)]
    count = len(faults)
    faults.remove("r0")
    faults.add(rule("a{900}", name="again"), 0)
    assert len(Faults.load(NAMES, faults.dump())) == count
    faults.clear()
    faults.add(rule("a{1000}"), 0)
