"""Finding the rules that can hold for a call without looking at the others.

The rules of one operation are filed by one thing that they insist on (a session, a resource, a field of the body, a
header, a status, a role): what a call costs depends on how many kinds of things there are, not on how many rules.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from scenarios.predicates import PLAIN, Kind
from scenarios.rules import Fault
from scenarios.targets import MatchTarget

Values = Callable[[MatchTarget], Collection[Any]]


def _values(kind: Kind) -> Values:
    """Return what reads a call's values of a kind."""
    part, name = kind
    readers: dict[str, Values] = {
        "session": lambda target: (target.session,),
        "resource": lambda target: target.resources,
        "body": lambda target: (target.field(name),),
        "header": lambda target: (target.header(name),),
        "state": lambda target: (target.state,),
        "role": lambda target: (target.role,),
    }
    return readers[part]


@dataclass(slots=True)
class Bucket:
    """The rules of one place: those filed by what they insist on, and the others, each in order."""

    general: list[Fault] = field(default_factory=list)
    indexed: dict[Kind, tuple[Values, dict[Any, list[Fault]]]] = field(default_factory=dict)

    def enter(self, fault: Fault) -> None:
        """File a rule."""
        for rules in self._lists(fault):
            bisect.insort(rules, fault, key=_order)

    def leave(self, fault: Fault) -> None:
        """Take a rule out."""
        for rules in self._lists(fault):
            if fault in rules:
                rules.remove(fault)
        if fault.key is not None:
            kind, values = fault.key
            table = self.indexed[kind][1]
            for value in values:
                if not table.get(value, True):
                    del table[value]
            if not table:
                del self.indexed[kind]

    @property
    def empty(self) -> bool:
        """Whether there is no rule left."""
        return not self.general and not self.indexed

    def candidates(self, target: MatchTarget) -> list[Fault]:
        """Return the rules that can hold, in order."""
        named: dict[str, Fault] = {}
        for values, table in self.indexed.values():
            for value in values(target):
                if isinstance(value, PLAIN) and value in table:
                    named.update((fault.name, fault) for fault in table[value])
        return sorted((*self.general, *named.values()), key=_order) if named else self.general

    def _lists(self, fault: Fault) -> Iterable[list[Fault]]:
        if fault.key is None:
            return [self.general]
        kind, values = fault.key
        if kind not in self.indexed:
            self.indexed[kind] = (_values(kind), {})
        table = self.indexed[kind][1]
        return [table.setdefault(value, []) for value in values]


def _order(fault: Fault) -> tuple[int, int]:
    return fault.order
