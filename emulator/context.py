"""One request on its way, resolved once, as everything that serves it sees it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import Receive, Scope

from emulator.spec.operations import Operation
from emulator.spec.request_headers import RequestHeaders
from state.application import Application
from state.journal import Exchange

if TYPE_CHECKING:
    from scenarios.rules import Fault


KEY = "emulator.context"
"""Where the scope of a request that FastAPI serves has its `RequestContext`."""

MAX_BODIES = 128 * 1024 * 1024
"""Bytes of all bodies that are being read or worked on at once."""


class Closable(Protocol):
    """What a request began and has to end."""

    def close(self) -> None:
        """End it."""


@dataclass(slots=True)
class RequestContext:
    """One request on its way: what it is about, and what is noted of it for the journal.

    `scope` has the folded path, and GET as the method of a HEAD (`head_only`), which is answered without the body.
    `control`: it is for the control API. `since` is when it came, s of the monotonic clock.

    `operation` is None for an unknown path or method; `allowed` are the methods of the path. `app` is the application
    of the path, or of the caller once it is known; `held` the one whose rules apply before that, and which the store
    holds: that of the path, or the one that the token claims. `holds` ends what the store holds, where it saves;
    `reads`: it holds nothing, for the request changes nothing.

    `wanted` is the fault that the request asks for itself, `executions` are the rules that are carried out on it.
    `created` is the id of the session that it made. `responded`: all of a response that FastAPI made was sent.
    `looked`: a person looks at a page, which is no call for the journal.
    """

    scope: Scope
    receive: Receive
    headers: RequestHeaders
    exchange: Exchange
    control: bool = False
    head_only: bool = False
    since: float = field(default_factory=time.perf_counter)
    body: bytes = b""
    allocation: BodyAllocation | None = None
    operation: Operation | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    app: Application | None = None
    held: Application | None = None
    holds: AsyncExitStack | None = None
    reads: bool = False
    wanted: Fault | None = None
    executions: tuple[Closable, ...] = ()
    created: str = ""
    responded: bool = False
    looked: bool = False

    @property
    def base_url(self) -> str:
        """Scheme and host of the request's URL as the caller wrote them."""
        host = self.headers.get("host") or "{}:{}".format(*(self.scope.get("server") or ("localhost", 80)))
        return f"{self.scope['scheme']}://{host}"

    @property
    def query(self) -> QueryParams:
        """The parameters of the query."""
        return QueryParams(self.exchange.query)


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


def context_of(request: Request) -> RequestContext:
    """Return the context of a request that FastAPI serves."""
    context: RequestContext = request.scope[KEY]
    return context
