"""A rule: when it holds, what it does, and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from scenarios import satisfiable
from scenarios.effect import Effect
from scenarios.effects import Then
from scenarios.later_effects import Outcome
from scenarios.pattern_sizes import size_of_all
from scenarios.predicates import Matcher, When
from scenarios.strict import RuleError, Strict, read, require_writable
from scenarios.targets import ARRIVAL, CALLBACK, EVERY, SERVICE, Names

Position = Literal["before", "instead", "after"]

MAX_CONDITIONS = 1000
"""Conditions of one rule, those inside of `all`, `any` and `not` included."""

NAME = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}"


def _named(name: str) -> str:
    if name and not re.fullmatch(NAME, name):
        raise ValueError("a name is up to 100 letters, digits, `.`, `_`, `:` and `-`, the first one a letter or digit")
    if name == "request" or name.startswith("magic:"):
        raise ValueError("this name is that of what no rule has done: a request's own fault, or a magic value")
    return name


Name = Annotated[str, AfterValidator(_named), Field(json_schema_extra={"pattern": f"^({NAME})?$"})]


class Rule(Strict):
    """A rule as it is written in JSON or YAML.

    `position`: `before` the service sees the call (not even its token is looked at), `instead` of the work, or `after`
    it (the work was done, the response is lost). Of several rules those of higher `priority` go first, then the older.
    """

    meant: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("effect", "effects", "do", "response", "respond", "fault", "action"), "then"),
        **dict.fromkeys(("count", "limit", "repeat", "hits"), "times"),
        **dict.fromkeys(("if", "match", "on", "condition", "conditions"), "when"),
    }
    name: Name = Field("", description="made up when left out")
    when: When = Field(default_factory=When, description="left out: every call")
    then: Then
    position: Position | None = Field(None, description="left out: as the effect is usually meant")
    times: int | None = Field(None, ge=1, description="how often it fires; left out: always")
    priority: int = Field(0, description="higher goes first")
    _size: int = PrivateAttr(0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        effects = self.then.effects()
        kinds = [effect.kind for effect in effects.values()]
        replacing = [name for name, effect in effects.items() if effect.kind in ("response", "distortion")]
        if len(replacing) > 1:
            raise ValueError(f"{' and '.join(replacing)} cannot both be the answer: write two rules")
        decided: dict[str, str] = {}
        for name, effect in effects.items():
            first = decided.setdefault(effect.decides or name, name) if isinstance(effect, Outcome) else name
            if first != name:
                raise ValueError(f"{first} and {name} cannot both happen: keep one")
        if ("callback" in kinds) != bool(self.when.callback):
            raise ValueError("effects on callbacks need `when: {callback: …}`, and it needs them")
        if len(set(kinds)) > 1 and "callback" in kinds:
            raise ValueError("effects on callbacks and on calls need a rule each")
        if self.position in ("before", "instead") and {"distortion", "outcome"} & set(kinds):
            raise ValueError(f"{', '.join(effects)} needs the work to be done: position after")
        if self.position is not None and "callback" in kinds:
            raise ValueError("a callback has no position")
        return self

    @property
    def size(self) -> int:
        """The size of its patterns together, in instructions; known once it was read by `read_rule`."""
        return self._size

    @property
    def effective_position(self) -> Position:
        """The position, or that in which the effects are usually meant."""
        if self.position is not None:
            return self.position
        kinds = {effect.kind for effect in self.then.effects().values()}
        if "response" in kinds:
            return "instead"
        return "after" if kinds & {"distortion", "outcome"} else "before"


class Fault:
    """A rule that is active in an application. It counts its hits, and is spent after `times` of them.

    `places` are the stages and operations (or kinds of callbacks) where it can match; `order` sorts it among the rules;
    `key` is a condition that every match must meet, by which it is indexed; `size` is that of its patterns.
    """

    __slots__ = (
        "data", "effects", "hits", "key", "kinds", "matcher", "name", "number", "order", "places", "position", "since",
        "size", "source", "times",
    )  # fmt: skip

    def __init__(self, rule: Rule, data: Mapping[str, Any], name: str, number: int, since: int, names: Names) -> None:
        """Prepare `rule`, written as `data` at `since` ms; `number` is its age among the application's rules."""
        self.data = data
        self.name = name
        self.number = number
        self.since = since
        self.source = ""
        self.hits = 0
        self.times = rule.times
        self.order = (-rule.priority, number)
        self.key = rule.when.index_key()
        self.position: Position = rule.effective_position
        self.effects: Mapping[str, Effect] = rule.then.effects()
        self.kinds = frozenset(effect.kind for effect in self.effects.values())
        self.size = rule.size
        self.places = self._places(rule.when, names)
        self.matcher = Matcher(rule.when, names, since, indexed=True)

    @property
    def spent(self) -> bool:
        """Whether it has fired as often as it may."""
        return self.times is not None and self.hits >= self.times

    def _places(self, when: When, names: Names) -> tuple[tuple[str, str], ...]:
        if when.callback is not None:
            return tuple((CALLBACK, kind) for kind in (names.callbacks if EVERY in when.callback else when.callback))
        stage = ARRIVAL if self.position == "before" else SERVICE
        satisfiable = set(when.operations(names))
        follows = [set(effect.follows) for effect in self.effects.values() if effect.follows]
        if follows and self.kinds == {"outcome"}:
            satisfiable &= set().union(*follows)
        return tuple((stage, operation) for operation in sorted(satisfiable))

    def show(self) -> dict[str, Any]:
        """Return the rule as it was written, with what became of it."""
        shown = {"position": self.position, "times": None, "priority": 0, **self.data, "name": self.name}
        if self.kinds == {"callback"}:
            del shown["position"]
        return {**shown, "hits": self.hits, "spent": self.spent, "source": self.source or None}


def read_rule(data: Any, names: Names) -> Rule:
    """Return a rule as it is written in JSON or YAML. Raises `RuleError`, with a suggestion for misspelt names."""
    if not isinstance(data, Mapping):
        raise RuleError(f"expected a rule, found {type(data).__name__}")
    require_writable(data)
    rule = read(Rule, data, names)
    if rule.when.count() > MAX_CONDITIONS:
        raise RuleError(f"a rule has {MAX_CONDITIONS} conditions at most", ("when",))
    rule._size = size_of_all(rule.when)
    satisfiable.require(rule.when, rule.then.effects(), names)
    return rule
