"""One request on its way, as everything that serves it sees it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.spec.operations import Operation
from state.application import Application
from state.journal import Exchange

if TYPE_CHECKING:
    from scenarios.rules import Fault


KEY = "emulator.exchange"

MAX_BODIES = 128 * 1024 * 1024
"""Bytes of all bodies that are being read or worked on at once."""


@dataclass(slots=True)
class RequestContext:
    """One request on its way: its operation (None for an unknown path or method) and what is noted for the journal.

    `app` is that of the path or the caller, `held` that which the store holds for it. `wanted` is the fault that the
    request asks for itself, `since` when it came, s of the monotonic clock. `created` is the id of the session that
    the call made. `head_only`: a HEAD, which is answered as GET and without the body.
    """

    exchange: Exchange
    since: float = field(default_factory=time.perf_counter)
    body: bytes = b""
    operation: Operation | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    app: Application | None = None
    held: Application | None = None
    wanted: Fault | None = None
    created: str = ""
    allocation: BodyAllocation | None = None
    head_only: bool = False


class BodyBudget:
    """Counts the bytes of all bodies that are being read or worked on, up to `MAX_BODIES`; `used` is what they have."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class BodyAllocation:
    """The part of the budget that one body has, until it is given back."""

    __slots__ = ("_budget", "bytes")

    def __init__(self, body_budget: BodyBudget) -> None:
        self._budget = body_budget
        self.bytes = 0

    def take(self, size: int) -> bool:
        """Allocate so many bytes more; return False, and allocate none, when the budget has not that many."""
        if self._budget.used + size > MAX_BODIES:
            return False
        self._budget.used += size
        self.bytes += size
        return True

    def give_back(self) -> None:
        """Return all of them to the budget."""
        self._budget.used -= self.bytes
        self.bytes = 0
