"""What rules are asked about, and what they may name. Light to import, for calls that no rule is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from scenarios.patterns import Search

ARRIVAL, SERVICE, CALLBACK = "arrival", "service", "callback"
"""Where rules are asked: before the service sees the call, around its work, and when a callback is sent."""

EVERY = "*"
MISSING = object()
"""What a field is that the request does not have."""


@dataclass(frozen=True, slots=True)
class Names:
    """What rules may name: operations with their tags, and kinds of callbacks.

    `reads` are the operations that change nothing, `stateful` those about a resource that has a status; `fields` are
    the dotted paths of each body, `#` for an index and `*` for anything. What is left empty is not checked.
    """

    operations: Mapping[str, str]
    callbacks: Collection[str] = ()
    reads: Collection[str] = ()
    stateful: Collection[str] = ()
    fields: Mapping[str, Collection[str]] = field(default_factory=dict)
    roles: Collection[str] = ()
    states: Collection[str] = ()

    @property
    def tags(self) -> frozenset[str]:
        """The tags that operations have."""
        return frozenset(self.operations.values())

    def tagged(self, tag: str) -> frozenset[str]:
        """Return the operations with this tag."""
        return frozenset(name for name, its in self.operations.items() if its == tag)

    def with_field(self, path: str) -> frozenset[str]:
        """Return the operations whose body has a field at a dotted path."""
        parts = ["#" if part.isdecimal() else part for part in path.split(".")]
        ways = {".".join(parts)} | {".".join([*parts[:count], "*"]) for count in range(1, len(parts))}
        return frozenset(name for name, paths in self.fields.items() if not ways.isdisjoint(paths))


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same; unlike Python, JSON tells `1` and `true` apart."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


class MatchTarget(Protocol):
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

    def header(self, name: str) -> Any:
        """Return a header of the request by its name in lower case, or `MISSING`."""

    @property
    def search(self) -> Search:
        """What looks for the patterns of all rules that are asked about it."""
