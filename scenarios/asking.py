"""What rules are asked about, and what they may name. Light to import, for calls that no rule is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

GATE, SERVICE, CALLBACK = "gate", "service", "callback"
"""Where rules are asked: before the service sees the call, around its work, and when a callback is sent."""

EVERY = "*"
MISSING = object()
"""What a field is that the request does not have."""


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

    def header(self, name: str) -> Any:
        """Return a header of the request by its name in lower case, or `MISSING`."""
