"""What can become of each kind of resource is declared with it, completely, and leads somewhere."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from scenarios.effects import EFFECTS
from scenarios.later_effects import Outcome
from scenarios.magic import MAGIC
from scenarios.outcomes import BEGINNINGS, BESIDE, CONCERNS, HANDLERS, SCHEDULES
from scenarios.resources.outcome import KindOutcomes, action
from scenarios.resources.registry import OUTCOMES
from state.event_types import TYPES
from state.resources import RESOURCE_KINDS

OF_SESSIONS = {"networkDrops", "serverRotation"}

each_kind = pytest.mark.parametrize("declared", OUTCOMES.values(), ids=lambda declared: declared.kind.name)


def test_every_kind_is_declared_in_the_order_of_the_state() -> None:
    assert list(OUTCOMES) == list(RESOURCE_KINDS)


def test_every_outcome_concerns_one_kind_or_sessions() -> None:
    outcomes = {name for name, effect in EFFECTS.items() if issubclass(effect, Outcome)}
    assert sum(len(each.outcomes) for each in OUTCOMES.values()) == len(CONCERNS)
    assert outcomes == set(CONCERNS) | OF_SESSIONS
    assert set(HANDLERS) == {action(name) for name in (*outcomes, *BESIDE)}


@each_kind
def test_outcomes_come_at_events_that_there_are(declared: KindOutcomes) -> None:
    kind = declared.kind
    statuses = set(kind.lifecycle.transitions)
    events = set(kind.events) - {kind.changes} | (statuses if kind.changes else set())
    assert declared.outcomes
    assert kind.beginning in TYPES & BEGINNINGS.keys()
    for effect, outcome in declared.outcomes.items():
        assert outcome.at.keys() | set(outcome.planned) <= events
        assert declared.during(effect) <= statuses - kind.lifecycle.endings
        assert all(effect in SCHEDULES[declared.named(event)] for event in outcome.at)
        assert any(effect in BEGINNINGS.get(declared.named(event), ()) for event in kind.events)


@each_kind
def test_magic_values_select_outcomes_of_their_kind(declared: KindOutcomes) -> None:
    assert {magic.effect for magic in declared.magic} <= set(declared.outcomes)
    assert all(magic in MAGIC for magic in declared.magic)
    default = next(each.default for each in fields(KindOutcomes) if each.name == "magic_of")
    assert bool(declared.magic) is (declared.magic_of is not default)


def test_what_comes_before_a_status_in_which_something_happens_is_no_end() -> None:
    """A kind of which only the upload can fail: it is not over while it records."""
    whole = OUTCOMES["archive"]
    uploads = replace(whole, outcomes={"uploadFails": whole.outcomes["uploadFails"]})
    ends = {"archive.uploaded", "archive.available", "archive.expired", "archive.failed", "archive.deleted"}
    assert set(uploads.endings()) == set(whole.endings()) == ends
