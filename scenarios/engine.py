"""The faults of one application: its rules, found by operation, and what is to become of its resources."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.effect import Effect, Kind
from scenarios.index import Bucket
from scenarios.rules import Fault, Rule, read_rule
from scenarios.strict import RuleError
from scenarios.targets import CALLBACK, MatchTarget, Names
from state import nesting
from state.application import MAX_RULES
from state.memory import RULES, weight
from state.spelling import did_you_mean

Place = tuple[str, str]

MAX_VALUES = 500_000
"""Values in all rules of an application: each takes memory, however short it is written."""

NAME_ROOM = 120
"""Bytes that the name of a rule may take, which it has where it is kept."""

MAX_PATTERN_STEPS = 250_000
"""Steps of the patterns of all rules of an application: what compiling them anew may cost."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fires on a call, with the effects that it has on it."""

    fault: Fault
    effects: Mapping[str, Effect]


@dataclass(frozen=True, slots=True)
class PlannedOutcome:
    """What is to become of a resource: an outcome by its name, what it is set to, and the rule it comes from."""

    effect: str
    settings: Mapping[str, Any]
    rule: str


class Faults:
    """What is to go wrong in one application.

    `planned` are outcomes by subject: the id of a resource, or that of a session and the rule's name behind a blank.
    `pending` are those that wait for what the current call starts; `attached` names the rules whose outcomes it has
    taken. `cast` has by session who plays whom. `reads_stale`: there is a rule that answers stale reads.
    `revision` is another one whenever something that `dump` returns may have changed: who changes it counts on.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.revision = 0
        self.bytes = 0
        self.values = 0
        self.rules: dict[str, Fault] = {}
        self.planned: dict[str, dict[str, PlannedOutcome]] = {}
        self._of_session: dict[str, list[str]] = {}
        self.pending: list[PlannedOutcome] = []
        self.applied: list[str] = []
        self.packs: dict[str, Any] = {}
        self.cast: dict[str, dict[str, list[str]]] = {}
        self.previous: dict[str, bytes] = {}
        self.reads_stale = False
        self._number = 0
        self._size = 0
        self._named: dict[str, int] = {}
        self._index: dict[Place, Bucket] = {}

    def __len__(self) -> int:
        return len(self.rules)

    # Rules

    def check(self, data: Any) -> Rule:
        """Return what is written as a rule. Raises `RuleError`."""
        return read_rule(data, self.names)

    def add(
        self, data: Mapping[str, Any], now: int, *, source: str = "", replace: bool = False, taken: Collection[str] = ()
    ) -> Fault:
        """Add a rule, written at `now` ms. Raises `RuleError`, also when the name is taken and not to be replaced."""
        rule = self.check(data)
        name = rule.name or self._free_name(rule, taken)
        if name in self.rules and not replace:
            raise RuleError(f"there is a rule {name} already", ("name",))
        replaced = self.rules.get(name)
        self.require_room([data], without=[replaced] if replaced else ())
        self.require_patterns(rule.size, without=replaced.size if replaced else 0)
        if replaced:
            self.remove(name)
        self._number += 1
        self.revision += 1
        fault = Fault(rule, dict(data), name, self._number, now, self.names)
        fault.source = source
        self._keep(fault)
        return fault

    def _keep(self, fault: Fault) -> None:
        self.rules[fault.name] = fault
        self.bytes += _bytes_of(fault.data)
        self.values += _values_of(fault.data)
        self._size += fault.size
        self._enter(fault)

    def require_patterns(self, size: int, *, without: int = 0) -> None:
        """Raise `RuleError` where patterns of such a size more would be too many, `without` some of those there are."""
        if size and self._size - without + size > MAX_PATTERN_STEPS:
            raise RuleError(
                f"the patterns of an application's rules have {MAX_PATTERN_STEPS} steps at most, and with these "
                f"{self._size - without + size}: write shorter ones"
            )

    def require_room(self, rules: Sequence[Any], *, without: Collection[Fault] = ()) -> None:
        """Raise `RuleError` where `rules` more would be too many or too large, `without` some of those there are.

        What passes is what a snapshot of them may hold too: they are asked for here when they are put back.
        """
        size = sum(map(_bytes_of, rules)) + self.bytes - sum(_bytes_of(each.data) for each in without)
        if size > RULES:
            raise RuleError(
                f"the rules of an application have {RULES} bytes at most, and these would be {size}: remove some"
            )
        values = sum(map(_values_of, rules)) + self.values - sum(_values_of(each.data) for each in without)
        if values > MAX_VALUES:
            raise RuleError(
                f"the rules of an application have {MAX_VALUES} values at most, and with these {values}: remove some"
            )
        if len(self.rules) + len(rules) - len(without) > MAX_RULES:
            raise RuleError(
                f"an application has {MAX_RULES} rules at most, and there are {len(self.rules)}: remove some"
            )

    def remove(self, name: str) -> Fault:
        """Remove a rule. Raises `KeyError`."""
        fault = self.rules.pop(name)
        self.bytes -= _bytes_of(fault.data)
        self.values -= _values_of(fault.data)
        self._size -= fault.size
        self.revision += 1
        self._leave(fault)
        return fault

    def clear(self) -> None:
        """Remove every rule; what has been decided of resources stays so."""
        self.revision += 1
        self.rules.clear()
        self.bytes = 0
        self.values = 0
        self._size = 0
        self._index.clear()
        self.previous.clear()
        self.reads_stale = False

    def nearest(self, name: str) -> str:
        """Return a suggestion for the name of a rule."""
        return did_you_mean(name, self.rules)

    def _free_name(self, rule: Rule, taken: Collection[str]) -> str:
        base = "-".join(rule.then.effects())
        while True:
            self._named[base] = self._named.get(base, 0) + 1
            if (name := f"{base}-{self._named[base]}") not in self.rules and name not in taken:
                return name

    def _enter(self, fault: Fault) -> None:
        self.reads_stale = self.reads_stale or "staleRead" in fault.effects
        if not fault.spent:
            for place in fault.places:
                self._index.setdefault(place, Bucket()).enter(fault)

    def _leave(self, fault: Fault) -> None:
        for place in fault.places:
            if place in self._index:
                self._index[place].leave(fault)
                if self._index[place].empty:
                    del self._index[place]

    # Outcomes

    def decide(self, subject: str, planned: PlannedOutcome) -> None:
        """Decide what is to become of a resource or session."""
        self.revision += 1
        self._put_planned(subject, planned)

    def _put_planned(self, subject: str, planned: PlannedOutcome) -> None:
        if subject not in self.planned:
            self.planned[subject] = {}
            session, blank, _ = subject.partition(" ")
            if blank:
                self._of_session.setdefault(session, []).append(subject)
        self.planned[subject][planned.effect] = planned

    def forget(self, subject: str) -> Sequence[str]:
        """Forget what was to become of a resource, or of a session with who plays in it.

        Return the subjects of outcomes that are forgotten: their timers have nothing to do any more.
        """
        subjects = [each for each in (subject, *self._of_session.pop(subject, ())) if self.planned.pop(each, None)]
        session, _, _ = subject.partition(" ")
        if subject in self._of_session.get(session, ()):
            self._of_session[session].remove(subject)
            if not self._of_session[session]:
                del self._of_session[session]
        played = self.cast.pop(subject, None)
        self.revision += bool(subjects) or played is not None
        return subjects

    def carry_out(self, subject: str, effect: str) -> Mapping[str, Any]:
        """Return what an outcome of a session is set to, which comes to pass now, and once: it is forgotten."""
        self.revision += 1
        planned = self.planned[subject].pop(effect)
        if not self.planned[subject]:
            self.forget(subject)
        return planned.settings

    # Asking

    def has(self, stage: str, operation: str) -> bool:
        """Tell whether any rule can hold at this stage of this operation."""
        return (stage, operation) in self._index

    def ask(self, stage: str, target: MatchTarget, taken: Collection[Kind] = ()) -> list[Match]:
        """Return the rules that fire, in order; each counts a hit.

        Of each kind of effect the first one wins, but for kinds that are `taken` already.
        """
        bucket = self._index.get((stage, target.operation))
        candidates = bucket.candidates(target) if bucket else ()
        if not candidates:
            return []
        self.revision += 1  # conditions count calls, even where the rule does not fire
        taken = set(taken)
        matched: list[Match] = []
        for fault in tuple(candidates):
            matcher = fault.matcher
            for check in matcher.checks:
                if not check(target):
                    break
            else:
                if not matcher.count() or fault.kinds <= taken:
                    continue
                effects = {name: effect for name, effect in fault.effects.items() if effect.kind not in taken}
                taken |= fault.kinds
                self._hit(fault)
                matched.append(Match(fault, effects))
        return matched

    def callback_effects(self, target: MatchTarget) -> list[Match]:
        """Return what happens to a callback that is about to be sent; `target.operation` is its kind."""
        return self.ask(CALLBACK, target)

    def release(self, fault: Fault) -> None:
        """Take back a hit: what the rule was to do did not happen."""
        was_spent = fault.spent
        self.revision += 1
        fault.hits -= 1
        if was_spent and self.rules.get(fault.name) is fault:
            self._enter(fault)

    def _hit(self, fault: Fault) -> None:
        fault.hits += 1
        if fault.spent:
            self._leave(fault)

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever done with it: who only looks for rules changes nothing."""
        return not (self._number or self._named or self.planned or self.packs or self.cast)

    @property
    def stamp(self) -> int:
        """A number that is another one after a hit, or after rules or packs have changed."""
        return hash((self._number, len(self.rules), *self.packs, *(fault.hits for fault in self.rules.values())))

    # Snapshots

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {
            "number": self._number,
            "named": self._named,
            "rules": [
                {
                    "rule": {**fault.data, "name": fault.name},
                    "number": fault.number,
                    "since": fault.since,
                    "source": fault.source,
                    "hits": fault.hits,
                    "counters": fault.matcher.counters(),
                }
                for fault in self.rules.values()
            ],
            "fates": {
                subject: {
                    planned.effect: {"settings": dict(planned.settings), "rule": planned.rule}
                    for planned in outcomes.values()
                }
                for subject, outcomes in self.planned.items()
            },
            "packs": self.packs,
            "cast": self.cast,
        }

    @classmethod
    def load(cls, names: Names, dumped: Mapping[str, Any]) -> Faults:
        """Return what `dump` gave, as it was. Raises `RuleError` for what is no rule, or has counted something else."""
        loading = cls.load_in_steps(names, dumped)
        while True:
            try:
                next(loading)
            except StopIteration as end:
                faults: Faults = end.value
                return faults

    @classmethod
    def load_in_steps(cls, names: Names, dumped: Mapping[str, Any]) -> Generator[None, None, Faults]:
        """Do what `load` does, step by step."""
        faults = cls(names)
        for index, entry in enumerate(dumped["rules"]):
            yield
            try:
                rule = read_rule(entry["rule"], names)
            except RuleError as error:
                raise error.below("rules", index, "rule") from None
            try:
                faults.require_room([entry["rule"]])
            except RuleError as error:
                raise error.below("rules") from None
            faults.require_patterns(rule.size)
            fault = Fault(rule, entry["rule"], entry["rule"]["name"], entry["number"], entry["since"], names)
            fault.source, fault.hits = entry["source"], entry["hits"]
            if len(fault.matcher.counters()) != len(entry["counters"]):
                raise RuleError(f"must be {len(fault.matcher.counters())} counts", ("rules", index, "counters"))
            fault.matcher.restore(entry["counters"])
            faults._keep(fault)
        faults._number, faults._named = dumped["number"], dict(dumped["named"])
        for subject, outcomes in dumped["fates"].items():
            yield
            for name, planned in outcomes.items():
                faults._put_planned(subject, PlannedOutcome(name, planned["settings"], planned["rule"]))
        faults.packs = dict(dumped["packs"])
        faults.cast = {session: dict(cast) for session, cast in dumped["cast"].items()}
        return faults


def _nameless(data: Any) -> Any:
    if isinstance(data, Mapping) and "name" in data:
        return {part: value for part, value in data.items() if part != "name"}
    return data


def _bytes_of(data: Any) -> int:
    """Return about how many bytes a rule takes where it is kept, which is under a name."""
    return weight(_nameless(data)) + NAME_ROOM


def _values_of(data: Any) -> int:
    """Return how many values a rule has where it is kept, which is under a name."""
    return nesting.count(_nameless(data)) + 1
