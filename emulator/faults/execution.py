"""One request with the rules that match it: delays, responses in place of the work, outcomes, distorted responses."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterator
from typing import Any, cast

import orjson
from starlette.responses import Response

from emulator.context import RequestContext
from emulator.faults import connection, documented
from emulator.faults.targets import RequestTarget
from emulator.spec.operations import Operation
from emulator.spec.responses import STOPPING
from emulator.store.base import Store
from scenarios import outcomes, timeline
from scenarios import response_effects as kinds
from scenarios.effect import Effect
from scenarios.engine import Faults, Match
from state.application import Application
from state.world import World

HEADER = "X-Emulator-Fault"
READS_LIMIT = 1000
"""Paths whose last response is remembered while there is a rule with `staleRead`."""


class FaultExecution:
    """Carries out the rules that match one request: before authentication, or around the handler.

    A rule whose effects did not happen, because another rule came first, has no hit counted and is not named in the
    header of the response.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        stopping: asyncio.Event,
        faults: Faults,
        app: Application,
        context: RequestContext,
        target: RequestTarget,
        matched: list[Match],
    ) -> None:
        self._world = world
        self._store = store
        self._stopping = stopping
        self._faults = faults
        self._app = app
        self._context = context
        self._operation = context.operation
        self._target = target
        self._matched = matched
        self._happened: set[str] = set()
        self._applied: list[str] = []

    async def ahead(self) -> Response | None:
        """Delay; return the response of an effect in place of what follows, or None."""
        return await self._delay(after=False) or self._replacement(after=False)

    async def before(self) -> Response | None:
        """Do the same ahead of the handler, and plan what becomes of the resources that it makes."""
        response = await self.ahead()
        if response is None:
            self._plan()
        return response

    async def after(self, response: Response) -> Response:
        """Return the handler's response as the effects after it leave it, or that of an effect in its place."""
        self.take_applied()
        self._happened.update(self._applied)
        if response.status_code < 300:
            self._apply_to_session()
            if self._context.created:
                with self._world.unit(self._app) as app:
                    timeline.begin_everywhere(app, self._faults, self._context.created)
        return await self._delay(after=True) or self._replacement(after=True) or self._distort(response)

    def close(self) -> None:
        """Count no hit of the rules whose effects did not happen, and plan no more."""
        self._faults.pending = []
        for match in self._matched:
            if match.fault.name not in self._happened:
                self._faults.release(self._faults.rules.get(match.fault.name, match.fault))

    def take_applied(self) -> None:
        """Take the names of the rules that planned what becomes of the resources that the handler made."""
        self._applied = list(self._faults.applied)
        self._faults.applied.clear()

    def named(self, response: Response) -> Response:
        """Name the rules and magic values that took effect, in a header of the response and in the journal."""
        self._context.app = self._context.app or self._app
        names = [match.fault.name for match in self._matched if match.fault.name in self._happened]
        names += [name for name in self._applied if name not in names]
        if names:
            before = response.headers.get(HEADER)
            text = ", ".join([*([before] if before else []), *names])
            response.headers[HEADER] = text
            self._context.exchange.fault = text
        return response

    def _effects(self, kind: str) -> Iterator[tuple[Match, Effect]]:
        for match in self._matched:
            for effect in match.effects.values():
                if effect.kind == kind:
                    yield match, effect

    async def _delay(self, *, after: bool) -> Response | None:
        """Wait; return the response when the caller, or the emulator, does not wait that long."""
        for match, effect in self._effects("delay"):
            if (match.fault.position == "after") is after and isinstance(effect, kinds.Latency):
                self._happened.add(match.fault.name)
                seconds = delay(effect, match.fault.hits) / 1000
                async with self._store.release(self._app):
                    end = await connection.wait(seconds, self._context.receive, self._stopping)
                self._faults = cast(Faults, self._app.faults or self._faults)  # another replica may have worked on it
                if end == "stopping":
                    return STOPPING.response({"connection": "close"})
                if end == "gone" and match.fault.position == "before":
                    return connection.NoResponse()
        return None

    def _replacement(self, *, after: bool) -> Response | None:
        for match, effect in self._effects("response"):
            if (match.fault.position == "after") is after:
                self._happened.add(match.fault.name)
                return response_of(effect, self._operation, self._app.options.contract, self._stopping)
        return None

    # Outcomes

    def _plan(self) -> None:
        """Let rules say what becomes of the resources that the handler makes."""
        self._faults.applied.clear()
        self._faults.pending = [
            outcomes.planned_outcome(_name(match, effect), effect, match.fault.name)
            for match, effect in self._effects("outcome")
            if effect.follows
        ]

    def _apply_to_session(self) -> None:
        for match, effect in self._effects("outcome"):
            session = "" if effect.follows else self._session()
            if session in self._app.sessions:
                with self._world.unit(self._app) as app:
                    planned = outcomes.planned_outcome(_name(match, effect), effect, match.fault.name)
                    outcomes.apply_to_session(app, self._faults, session, planned)
                self._happened.add(match.fault.name)

    def _session(self) -> str:
        return self._context.created or self._target.session

    # Distortions

    def _distort(self, response: Response) -> Response:
        truth = response
        for match, effect in self._effects("distortion"):
            changed = self._distorted(response, effect)
            if changed is not None:
                self._happened.add(match.fault.name)
                response = changed
        self._remember(truth)
        return response

    def _distorted(self, response: Response, effect: Effect) -> Response | None:
        """Return the response as the effect changes it, None where there is nothing to distort."""
        body = bytes(response.body)
        if isinstance(effect, kinds.Truncated):
            return connection.TruncatedResponse(response, effect.share) if body else None
        if isinstance(effect, kinds.SlowDrip):
            return connection.SlowResponse(response, effect.bytes, effect.ms / 1000, self._stopping) if body else None
        if isinstance(effect, kinds.MalformedJson):
            status = 200 if response.status_code == 204 else response.status_code
            return Response(body[: max(1, len(body) * 2 // 3)] or b"{", status, media_type="application/json")
        if isinstance(effect, kinds.WrongContentType):
            response.headers["content-type"] = effect.content_type
            return response
        previous = self._faults.previous.get(self._key)
        return None if previous is None else Response(previous, media_type="application/json")

    @property
    def _key(self) -> str:
        exchange = self._context.exchange
        return f"{exchange.path}?{exchange.query}" if exchange.method == "GET" else ""

    def _remember(self, truth: Response) -> None:
        """Keep what a read saw, for stale reads to come."""
        previous = self._faults.previous
        if self._key and truth.status_code == 200 and self._faults.reads_stale:
            previous.pop(self._key, None)
            previous[self._key] = bytes(truth.body)
            if len(previous) > READS_LIMIT:
                del previous[next(iter(previous))]


def _name(match: Match, effect: Effect) -> str:
    return next(name for name, each in match.effects.items() if each is effect)


def delay(latency: kinds.Latency, hit: int) -> float:
    """Return the delay of a rule's hit, ms; the same seed gives the same delays."""
    if latency.ms is not None:
        return latency.ms
    draw = random.Random(f"{latency.seed}:{hit}")
    if latency.median is not None:
        return min(draw.lognormvariate(math.log(latency.median), latency.sigma), kinds.MAX_DELAY_MS)
    assert latency.min is not None
    assert latency.max is not None
    return draw.uniform(latency.min, latency.max)


def response_of(effect: Effect, operation: Operation | None, contract: str, stopping: asyncio.Event) -> Response:
    """Return the response that takes the place of the true one."""
    if isinstance(effect, kinds.Documented):
        found = documented.error_body(effect.status, operation, contract)
        after: Any = getattr(effect, "retry_after", None)
        headers = {} if after is None else {"Retry-After": str(after)}
        return documented.with_text(found, effect.message, effect.code).response(headers)
    if isinstance(effect, kinds.Status):
        body = effect.body
        content = b"" if body is None else body.encode() if isinstance(body, str) else orjson.dumps(body)
        return Response(content, effect.status, {**effect.headers, "Content-Type": effect.content_type})
    if isinstance(effect, kinds.Reset):
        return connection.ResetConnection()
    if isinstance(effect, kinds.EmptyReply):
        return connection.CloseEmpty()
    if isinstance(effect, kinds.Garbage):
        return connection.SendGarbage(effect.bytes, effect.seed)
    assert isinstance(effect, kinds.Stall)
    return connection.NeverResponds(effect.max_ms / 1000, stopping)
