"""Kinds of resources: each is declared with everything that it needs, and nothing is declared that cannot happen."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields
from typing import Any

import pytest

import state
from state.event_types import TYPES
from state.lifecycles import LIFECYCLES
from state.project_records import STATUS
from state.records import Record
from state.registrations import GROUPS
from state.resource_kind import ResourceKind
from state.resources import RESOURCE_KINDS, RESOURCES
from state.world import World

each_kind = pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.name)


def test_every_record_with_a_life_is_declared() -> None:
    for module in pkgutil.iter_modules(state.__path__):
        importlib.import_module(f"state.{module.name}")
    records = {each for each in Record.__subclasses__() if each.__module__.startswith("state.")}
    assert {kind.type for kind in RESOURCES} == records
    assert [kind.name for kind in RESOURCES] == list(RESOURCE_KINDS)
    assert len({kind.plural for kind in RESOURCES}) == len({kind.noun for kind in RESOURCES}) == len(RESOURCES)


@each_kind
def test_every_kind_has_its_words_and_tables(kind: ResourceKind[Any]) -> None:
    optional = {"changes", "outputs", "connects", "registrable"}
    assert all(getattr(kind, each.name) for each in fields(kind) if each.name not in optional)
    assert kind.plural == kind.plural.lower()
    assert kind.noun.endswith(kind.name) or kind.noun.lower().endswith(kind.name)


@each_kind
def test_a_life_begins_live_and_no_end_is_live(kind: ResourceKind[Any]) -> None:
    cycle = kind.lifecycle
    statuses = set(cycle.transitions)
    assert cycle.initial in kind.live <= statuses
    assert cycle.endings
    assert not cycle.endings & kind.live
    assert all(set(after) <= statuses for after in cycle.transitions.values())
    assert LIFECYCLES[kind.name] is cycle
    assert all(LIFECYCLES[name] is output.lifecycle for name, output in kind.outputs.items())


@each_kind
def test_timers_and_events_are_named_after_their_kind(kind: ResourceKind[Any]) -> None:
    assert {action.partition(".")[0] for action in kind.handlers} == {kind.name}
    assert set(kind.delays) <= set(kind.handlers)
    assert set(kind.reactions) <= TYPES
    assert {f"{kind.name}.{event}" for event in kind.events} <= TYPES
    statuses = set(kind.lifecycle.transitions)
    assert kind.changes in kind.events if kind.changes else statuses <= set(kind.events)
    assert set(kind.registrable) <= {STATUS, *kind.events}
    assert GROUPS.get(kind.name, ()) == kind.registrable


@each_kind
def test_only_those_that_are_connections_have_one_from_the_start(kind: ResourceKind[Any]) -> None:
    required = {each.name for each in fields(kind.type) if each.default is each.default_factory}
    assert ("connection_id" in required) is kind.connects


def test_every_pace_has_every_delay_and_a_world_every_handler() -> None:
    rules = World()._rules
    for pace in rules.paces.values():
        assert {action for kind in RESOURCES for action in kind.delays} <= set(pace) <= set(rules.handlers)
    assert set(rules.paces["realistic"]) == set(rules.paces["fast"]) == set(rules.paces["instant"])
    assert not any(rules.paces["instant"].values())
