"""When a rule holds: conditions on one call or callback, which compose with `all`, `any` and `not`.

The keys of one `when` must all hold. `nth`, `after` and `probability` come last: they look only at the calls for which
everything beside them holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Annotated, Any, cast

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, TypeAdapter, ValidationInfo, field_validator

from scenarios.patterns import Search
from scenarios.strict import Path, Strict, unknown
from scenarios.targets import EVERY, MISSING, MatchTarget, Names, same

Check = Callable[[MatchTarget], bool]

Kind = tuple[str, str]
"""What rules are indexed by: `session`, `resource`, `body`, `header`, `state` or `role`; and which field or header."""

PLAIN = (str, int, float, bool, type(None))
"""The types of values that rules can be indexed by."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def _moment(value: Any) -> Any:
    """Return a time in ms since the epoch."""
    moment = value
    if isinstance(value, str):
        try:
            if "-" not in value[1:]:  # a number as text is none
                raise ValueError
            moment = int(_TIME.validate_python(value).timestamp() * 1000)
        except ValueError:
            raise ValueError("must be ms since the epoch, or a time with its zone like 2026-01-31T12:00:00Z") from None
    if isinstance(moment, int) and moment < 0:
        raise ValueError("must be a time since 1970")
    return moment


_TIME = TypeAdapter(AwareDatetime)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Word = Annotated[str, Field(min_length=1)]
Words = Annotated[list[Word], BeforeValidator(_listed, json_schema_input_type=Word | list[Word]), Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Counts = Annotated[
    list[Count], BeforeValidator(_listed, json_schema_input_type=Count | list[Count]), Field(min_length=1)
]
Moment = Annotated[int, BeforeValidator(_moment, json_schema_input_type=int | AwareDatetime)]

MAX_SPAN_SECONDS = 366 * 24 * 3600
"""The longest time that can be asked for, s."""


class Test(Strict):
    """How a field or header is compared: all that is given must hold."""

    __test__ = False  # not for pytest

    equals: Any = Field(default_factory=lambda: MISSING, description="the value itself")
    contains: str | None = Field(None, description="text that is in it")
    matches: str | None = Field(None, description="regular expression (RE2) that is found in it")
    exists: bool | None = Field(None, description="whether it is there at all")

    @property
    def is_plain(self) -> bool:
        """Whether it is about being equal and nothing else."""
        return self.model_fields_set == {"equals"}

    def holds(self, value: Any, search: Search) -> bool:
        """Tell whether a value (`MISSING` when there is none) is as wanted; `search` looks for the pattern."""
        if self.exists is not None and self.exists is (value is MISSING):
            return False
        if self.equals is not MISSING and not same(value, self.equals):
            return False
        if self.contains is not None and (value is MISSING or self.contains not in str(value)):
            return False
        return self.matches is None or (value is not MISSING and search.found(self.matches, str(value)))


def _as_test(value: Any) -> Any:
    return value if isinstance(value, Mapping | Test) else {"equals": value}


def _of_headers(tests: dict[str, Test]) -> dict[str, Test]:
    for name, test in tests.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if test.equals is not MISSING and not isinstance(test.equals, str):
            raise ValueError(f'headers are text: write "{test.equals}"')
    return tests


Tests = Annotated[
    dict[str, Annotated[Test, BeforeValidator(_as_test, json_schema_input_type=Any)]], Field(min_length=1)
]


class When(Strict):
    """Conditions, all of which must hold."""

    operation: Words | None = Field(None, description="operation name, several, or `*`")
    tag: Words | None = Field(None, description="tag of the operation: Archives, SIP, …")
    callback: Words | None = Field(None, description="kind of callback, several, or `*`")
    session: Words | None = Field(None, description="session id")
    resource: Words | None = Field(None, description="id, name or tag of the archive, broadcast, render …")
    state: Words | None = Field(None, description="status of that resource")
    body: Tests | None = Field(None, description="fields of the request's body by dotted path")
    header: Annotated[Tests, AfterValidator(_of_headers)] | None = Field(None, description="headers of the request")
    role: Words | None = Field(None, description="role of the client token in the request")
    nth: Counts | None = Field(None, description="which calls, counted from 1")
    after: int | None = Field(None, ge=0, description="every call after so many")
    until: Moment | None = Field(
        None, description="until this time of the application: ms since the epoch, or 2026-01-31T12:00:00Z"
    )
    within: float | None = Field(
        None, ge=0, le=MAX_SPAN_SECONDS, description="for so many s of the application's time from being written"
    )
    probability: float | None = Field(None, ge=0, le=1, description="share of the calls, drawn by `seed`")
    seed: int = Field(0, description="seed of `probability`: the same seed draws the same calls")
    all_: list[When] | None = Field(None, alias="all", min_length=1, description="all of these hold")
    any_: list[When] | None = Field(None, alias="any", min_length=1, description="one of these holds")
    not_: When | None = Field(None, alias="not", description="this does not hold")

    @field_validator("operation", "tag", "callback", "role", "state")
    @classmethod
    def _known(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        names, noun = cast(Names, info.context), str(info.field_name)
        known, every = {
            "operation": (names.operations, EVERY),
            "tag": (names.tags, EVERY),
            "callback": (names.callbacks, EVERY),
            "role": (names.roles, ""),
            "state": (names.states, ""),
        }[noun]
        for name in value or ():
            if known and name not in known and name != every:
                raise unknown(f"there is no {noun} {name}", name, known)
        return value

    def operations(self, names: Names) -> frozenset[str]:
        """Return the operations for which this can hold."""
        possible = frozenset(names.operations)
        if self.operation is not None and EVERY not in self.operation:
            possible &= frozenset(self.operation)
        if self.tag is not None and EVERY not in self.tag:
            possible &= frozenset().union(*(names.tagged(tag) for tag in self.tag))
        for inner in self.all_ or ():
            possible &= inner.operations(names)
        if self.any_:
            possible &= frozenset().union(*(inner.operations(names) for inner in self.any_))
        if self.not_ is not None and self.not_.model_fields_set <= {"operation", "tag"}:
            possible -= self.not_.operations(names)
        return possible

    def inner(self) -> list[tuple[When, Path]]:
        """Return the conditions inside this one, with their places."""
        found: list[tuple[When, Path]] = [(each, ("all", index)) for index, each in enumerate(self.all_ or ())]
        found += [(each, ("any", index)) for index, each in enumerate(self.any_ or ())]
        return found if self.not_ is None else [*found, (self.not_, ("not",))]

    def count(self) -> int:
        """Return how many conditions this is, those inside it included."""
        return 1 + sum(inner.count() for inner, _ in self.inner())

    def index_key(self) -> tuple[Kind, tuple[Any, ...]] | None:
        """Return a field that must match, with the values it may have, to index the rule by; None without one."""
        if self.session:
            return ("session", ""), tuple(self.session)
        if self.resource:
            return ("resource", ""), tuple(self.resource)
        for part, tests in (("body", self.body), ("header", self.header)):
            for name, test in (tests or {}).items():
                if test.is_plain and isinstance(test.equals, PLAIN):
                    return (part, name if part == "body" else name.lower()), (test.equals,)
        if self.state:
            return ("state", ""), tuple(self.state)
        return (("role", ""), tuple(self.role)) if self.role else None


class Matcher:
    """The compiled conditions of a rule: tells whether they hold for a target, and counts the targets."""

    __slots__ = ("_after", "_inner", "_nth", "_probability", "_seed", "calls", "checks")

    def __init__(self, when: When, names: Names, since: int, *, indexed: bool = False) -> None:
        """Prepare `when`, written at `since` ms; `indexed`: it is only asked about operations that it is about."""
        self._inner: list[Matcher] = []
        self.checks = self._prepare(when, names, since)
        if not indexed and (when.operation or when.tag):
            operations = when.operations(names)
            self.checks.insert(0, lambda target: target.operation in operations)
        self._nth = None if when.nth is None else frozenset(when.nth)
        self._after = when.after
        self._probability = when.probability
        self._seed = when.seed
        self.calls = 0

    def __call__(self, target: MatchTarget) -> bool:
        """Tell whether it holds for this call, which is counted."""
        return all(check(target) for check in self.checks) and self.count()

    def count(self) -> bool:
        """Count a call for which every one of the `checks` holds; tell whether it is one of those that are meant."""
        self.calls += 1
        if self._nth is not None and self.calls not in self._nth:
            return False
        if self._after is not None and self.calls <= self._after:
            return False
        return self._probability is None or _drawn(self._seed, self.calls) < self._probability

    def counters(self) -> list[int]:
        """Return what was counted, inner conditions included."""
        return [self.calls, *(count for inner in self._inner for count in inner.counters())]

    def restore(self, counters: list[int]) -> list[int]:
        """Take up counters again; return those that are left."""
        self.calls, *rest = counters
        for inner in self._inner:
            rest = inner.restore(rest)
        return rest

    def _prepare(self, when: When, names: Names, since: int) -> list[Check]:
        checks: list[Check] = []
        if when.session is not None:
            sessions = frozenset(when.session)
            checks.append(lambda target: target.session in sessions)
        if when.until is not None:
            end = when.until
            checks.append(lambda target: target.now < end)
        if when.within is not None:
            last = since + int(when.within * 1000)
            checks.append(lambda target: target.now < last)
        if when.resource is not None:
            resources = frozenset(when.resource)
            checks.append(lambda target: not resources.isdisjoint(target.resources))
        if when.state is not None:
            states = frozenset(when.state)
            checks.append(lambda target: target.state in states)
        if when.role is not None:
            roles = frozenset(when.role)
            checks.append(lambda target: target.role in roles)
        checks += [_field(path, test) for path, test in (when.body or {}).items()]
        checks += [_header(name, test) for name, test in (when.header or {}).items()]
        for every in when.all_, when.any_:
            if every is not None:
                inner = [Matcher(each, names, since) for each in every]
                self._inner += inner
                checks.append(_together(inner, all if every is when.all_ else any))
        if when.not_ is not None:
            refused = Matcher(when.not_, names, since)
            self._inner.append(refused)
            checks.append(lambda target: not refused(target))
        return checks


def _drawn(seed: int, call: int) -> float:
    """Return a number from 0 to 1 for a call: the same one whatever was drawn before it."""
    return int.from_bytes(blake2b(b"%d:%d" % (seed, call), digest_size=8).digest()) / 2**64


def _together(inner: list[Matcher], combine: Callable[[list[bool]], bool]) -> Check:
    """Ask every one, so that each counts whatever the others say."""
    return lambda target: combine([matcher(target) for matcher in inner])


def _field(path: str, test: Test) -> Check:
    if test.is_plain:
        value = test.equals
        return lambda target: same(target.field(path), value)
    return lambda target: test.holds(target.field(path), target.search)


def _header(name: str, test: Test) -> Check:
    name = name.lower()
    if test.is_plain:
        value = test.equals
        return lambda target: same(target.header(name), value)
    return lambda target: test.holds(target.header(name), target.search)
