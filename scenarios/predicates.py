"""When a rule holds: conditions on one call or callback, which compose with `all`, `any` and `not`.

The keys of one `when` must all hold. `nth`, `after` and `probability` come last: they look only at the calls for which
everything beside them holds.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationInfo, field_validator

from scenarios.strict import Strict, unknown

EVERY = "*"
MISSING = object()
"""What a field is that the request does not have."""

Check = Callable[["Asked"], bool]


@dataclass(frozen=True, slots=True)
class Names:
    """What rules may name: operations with their tags, and kinds of callbacks."""

    operations: Mapping[str, str]
    callbacks: Collection[str] = ()

    @property
    def tags(self) -> frozenset[str]:
        """The tags that operations have."""
        return frozenset(self.operations.values())

    def tagged(self, tag: str) -> frozenset[str]:
        """Return the operations with this tag."""
        return frozenset(name for name, its in self.operations.items() if its == tag)


class Asked(Protocol):
    """One call of an operation, or one callback, as rules see it."""

    @property
    def operation(self) -> str:
        """The operation, or the kind of callback."""

    @property
    def now(self) -> int:
        """The application's time, ms since the epoch."""

    @property
    def session(self) -> str:
        """The session it is about; empty when there is none."""

    @property
    def resources(self) -> Collection[str]:
        """Ids, names and tags of what it is about."""

    @property
    def state(self) -> str:
        """The status of the resource it is about; empty when there is none."""

    @property
    def role(self) -> str:
        """The role of the client token in the request; empty without one."""

    def field(self, path: str) -> Any:
        """Return the field of the request's body at a dotted path, or `MISSING`."""

    def header(self, name: str) -> str | None:
        """Return a header of the request, or None."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


Words = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str]), Field(min_length=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
Counts = Annotated[list[Count], BeforeValidator(_listed, json_schema_input_type=Count | list[Count])]


class Test(Strict):
    """How a field or header is compared: all that is given must hold."""

    __test__ = False  # not for pytest

    equals: Any = Field(default_factory=lambda: MISSING, description="the value itself")
    contains: str | None = Field(None, description="text that is in it")
    matches: str | None = Field(None, description="regular expression that is found in it")
    exists: bool | None = Field(None, description="whether it is there at all")

    @field_validator("matches")
    @classmethod
    def _compile(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"is no regular expression: {error}") from None
        return value

    def holds(self, value: Any) -> bool:
        """Tell whether a value (`MISSING` when there is none) is as wanted."""
        if self.exists is not None and self.exists is (value is MISSING):
            return False
        if self.equals is not MISSING and value != self.equals:
            return False
        if self.contains is not None and (value is MISSING or self.contains not in str(value)):
            return False
        return self.matches is None or (value is not MISSING and re.search(self.matches, str(value)) is not None)


def _as_test(value: Any) -> Any:
    return value if isinstance(value, Mapping | Test) else {"equals": value}


Tests = dict[str, Annotated[Test, BeforeValidator(_as_test, json_schema_input_type=Any)]]


class When(Strict):
    """Conditions, all of which must hold."""

    operation: Words | None = Field(None, description="operation name, several, or `*`")
    tag: Words | None = Field(None, description="tag of the operation: Archives, SIP, …")
    callback: Words | None = Field(None, description="kind of callback, several, or `*`")
    session: Words | None = Field(None, description="session id")
    resource: Words | None = Field(None, description="id, name or tag of the archive, broadcast, render …")
    state: Words | None = Field(None, description="status of that resource")
    body: Tests | None = Field(None, description="fields of the request's body by dotted path")
    header: Tests | None = Field(None, description="headers of the request")
    role: Words | None = Field(None, description="role of the client token in the request")
    nth: Counts | None = Field(None, description="which calls, counted from 1")
    after: int | None = Field(None, ge=0, description="every call after so many")
    until: int | AwareDatetime | None = Field(
        None, description="until this time of the application: ms since the epoch, or 2026-01-31T12:00:00Z"
    )
    within: float | None = Field(None, ge=0, description="for so many s of the application's time from being written")
    probability: float | None = Field(None, ge=0, le=1, description="share of the calls, drawn by `seed`")
    seed: int = Field(0, description="seed of `probability`: the same seed draws the same calls")
    all_: list[When] | None = Field(None, alias="all", description="all of these hold")
    any_: list[When] | None = Field(None, alias="any", description="one of these holds")
    not_: When | None = Field(None, alias="not", description="this does not hold")

    @field_validator("operation", "tag", "callback")
    @classmethod
    def _known(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        names = info.context
        if isinstance(names, Names):
            known = {"operation": names.operations, "tag": names.tags, "callback": names.callbacks}[
                str(info.field_name)
            ]
            for name in value or ():
                if name not in known and name != EVERY:
                    raise unknown(f"there is no {info.field_name} {name}", name, known)
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
        return possible

    def keys_of_index(self) -> tuple[str, ...]:
        """Return ids without which this cannot hold, for an index; empty when there are none."""
        return tuple(self.session or self.resource or ())


class Matcher:
    """A `when` made ready: tells whether it holds, and counts."""

    __slots__ = ("_after", "_checks", "_inner", "_nth", "_probability", "_random", "calls")

    def __init__(self, when: When, names: Names, since: int) -> None:
        """Prepare `when`, written at `since` ms."""
        self._inner: list[Matcher] = []
        self._checks = self._prepare(when, names, since)
        self._nth = None if when.nth is None else frozenset(when.nth)
        self._after = when.after
        self._probability = when.probability
        self._random = random.Random(when.seed) if when.probability is not None else None
        self.calls = 0

    def __call__(self, asked: Asked) -> bool:
        """Tell whether it holds for this call, which is counted."""
        for check in self._checks:
            if not check(asked):
                return False
        self.calls += 1
        if self._nth is not None and self.calls not in self._nth:
            return False
        if self._after is not None and self.calls <= self._after:
            return False
        if self._random is not None and self._probability is not None:
            return self._random.random() < self._probability
        return True

    def counters(self) -> list[int]:
        """Return what was counted, inner conditions included."""
        return [self.calls, *(count for inner in self._inner for count in inner.counters())]

    def restore(self, counters: list[int]) -> list[int]:
        """Take up counters again; return those that are left."""
        self.calls, *rest = counters
        # Draws are as many as the calls that got as far: with nth or after beside it, those that were let through.
        if self._random is not None:
            for call in range(1, self.calls + 1):
                if (self._nth is None or call in self._nth) and (self._after is None or call > self._after):
                    self._random.random()
        for inner in self._inner:
            rest = inner.restore(rest)
        return rest

    def _prepare(self, when: When, names: Names, since: int) -> list[Check]:
        checks: list[Check] = []
        if when.operation or when.tag or when.callback:
            allowed = when.operations(names) | frozenset(when.callback or ())
            if EVERY not in (when.callback or ()):
                checks.append(lambda asked: asked.operation in allowed)
        if when.session is not None:
            sessions = frozenset(when.session)
            checks.append(lambda asked: asked.session in sessions)
        if when.until is not None:
            end = when.until if isinstance(when.until, int) else int(when.until.timestamp() * 1000)
            checks.append(lambda asked: asked.now < end)
        if when.within is not None:
            last = since + int(when.within * 1000)
            checks.append(lambda asked: asked.now < last)
        if when.resource is not None:
            resources = frozenset(when.resource)
            checks.append(lambda asked: not resources.isdisjoint(asked.resources))
        if when.state is not None:
            states = frozenset(when.state)
            checks.append(lambda asked: asked.state in states)
        if when.role is not None:
            roles = frozenset(when.role)
            checks.append(lambda asked: asked.role in roles)
        if when.body is not None:
            body = when.body
            checks.append(lambda asked: all(test.holds(asked.field(path)) for path, test in body.items()))
        if when.header is not None:
            headers = when.header
            checks.append(lambda asked: all(test.holds(_header(asked, name)) for name, test in headers.items()))
        for every in when.all_, when.any_:
            if every is not None:
                inner = [Matcher(each, names, since) for each in every]
                self._inner += inner
                checks.append(_together(inner, all if every is when.all_ else any))
        if when.not_ is not None:
            refused = Matcher(when.not_, names, since)
            self._inner.append(refused)
            checks.append(lambda asked: not refused(asked))
        return checks


def _together(inner: list[Matcher], combine: Callable[[list[bool]], bool]) -> Check:
    """Ask every one, so that each counts whatever the others say."""
    return lambda asked: combine([matcher(asked) for matcher in inner])


def _header(asked: Asked, name: str) -> Any:
    value = asked.header(name)
    return MISSING if value is None else value
