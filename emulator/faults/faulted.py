"""One call with the faults that fire on it: delays, answers in place of the work, outcomes, distorted answers."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson
from starlette.responses import Response

from emulator.faults import connection, documented
from emulator.faults.asked import AskedCall
from emulator.gate import Passing
from scenarios import answer_effects as kinds
from scenarios import outcomes, timeline
from scenarios.effect import Effect
from scenarios.engine import Fate, Faults, Firing
from scenarios.later_effects import Outcome
from scenarios.rules import Fault
from state.application import Application
from state.world import World

HEADER = "X-Emulator-Fault"
KEPT_READS = 1000
"""Paths whose last answer is remembered while there is a rule that answers stale reads."""


class Run:
    """The faults of one call, at the gate or around the work; `fired` are the rules that fire on it."""

    def __init__(
        self, world: World, faults: Faults, app: Application, passing: Passing, asked: AskedCall, fired: list[Firing]
    ) -> None:
        self._world = world
        self._faults = faults
        self._app = app
        self._passing = passing
        self._operation = passing.exchange.operation
        self._asked = asked
        self._fired = fired

    def take(self, fault: Fault) -> None:
        """Let a rule fire that the request brings along."""
        fault.hits += 1
        self._fired.insert(0, Firing(fault, fault.effects))

    async def ahead(self) -> Response | None:
        """Do what comes ahead of the work; return the answer that takes its place, if any."""
        await self._delay(after=False)
        return self._answer(after=False)

    async def around(self, work: Callable[[], Awaitable[Response]]) -> Response:
        """Do the work, or what takes its place, and what comes after it."""
        response = await self.ahead()
        if response is not None:
            self._release_outcomes(frozenset())
            return response
        response = await self._work(work)
        await self._delay(after=True)
        return self._answer(after=True) or self._distort(response)

    def finish(self, response: Response) -> Response:
        """Name the rules that fired, in the answer and in the journal."""
        names = [firing.fault.name for firing in self._fired]
        names += [name for name in self._faults.attached if name not in names]
        self._faults.attached.clear()
        if names:
            before = response.headers.get(HEADER)
            text = ", ".join([*([before] if before else []), *names])
            response.headers[HEADER] = text
            self._passing.exchange.fault = text
        return response

    def _effects(self, kind: str) -> Iterator[tuple[Firing, Effect]]:
        for firing in list(self._fired):
            for effect in firing.effects.values():
                if effect.kind == kind:
                    yield firing, effect

    async def _delay(self, *, after: bool) -> None:
        for firing, effect in self._effects("delay"):
            if (firing.fault.position == "after") is after and isinstance(effect, kinds.Latency):
                await asyncio.sleep(delay(effect, firing.fault.hits) / 1000)

    def _answer(self, *, after: bool) -> Response | None:
        for firing, effect in self._effects("answer"):
            if (firing.fault.position == "after") is after:
                return answer_of(effect, self._operation, self._app.options.contract)
        return None

    # Outcomes

    async def _work(self, work: Callable[[], Awaitable[Response]]) -> Response:
        faults = self._faults
        faults.attached.clear()
        faults.upcoming = [
            (firing.fault, Fate(_name(firing, effect), effect.model_dump(by_alias=True), firing.fault.name))
            for firing, effect in self._effects("outcome")
            if isinstance(effect, Outcome) and effect.follows
        ]
        sessions = len(self._app.sessions)
        try:
            response = await work()
        finally:
            faults.upcoming = []
        attached = set(faults.attached)
        if response.status_code < 300:
            attached |= self._befall_session()
            if self._operation == "createSession" and len(self._app.sessions) > sessions:
                with self._world.unit(self._app) as app:
                    timeline.begin_everywhere(app, faults, self._session())
        self._release_outcomes(attached)
        return response

    def _befall_session(self) -> set[str]:
        befallen: set[str] = set()
        for firing, effect in self._effects("outcome"):
            session = "" if effect.follows else self._session()
            if session in self._app.sessions:
                with self._world.unit(self._app) as app:
                    fate = Fate(_name(firing, effect), effect.model_dump(by_alias=True), firing.fault.name)
                    outcomes.befall_session(app, self._faults, session, fate)
                befallen.add(firing.fault.name)
        return befallen

    def _session(self) -> str:
        return next(reversed(self._app.sessions)) if self._operation == "createSession" else self._asked.session

    def _release_outcomes(self, attached: frozenset[str] | set[str]) -> None:
        """Take back the hits of rules whose outcomes found nothing: the operation was refused."""
        for firing in list(self._fired):
            if firing.fault.kinds == {"outcome"} and firing.fault.name not in attached:
                self._take_back(firing)

    def _take_back(self, firing: Firing) -> None:
        self._faults.release(firing.fault)
        self._fired.remove(firing)

    # Distortions

    def _distort(self, response: Response) -> Response:
        truth = response
        for firing, effect in self._effects("distortion"):
            changed = self._distorted(response, effect)
            if changed is None:
                self._take_back(firing)
            else:
                response = changed
        self._remember(truth)
        return response

    def _distorted(self, response: Response, effect: Effect) -> Response | None:
        """Return the answer as the effect leaves it, None where there is nothing to distort."""
        if isinstance(effect, kinds.Truncated):
            return connection.TruncatedAnswer(response, effect.share)
        if isinstance(effect, kinds.SlowDrip):
            return connection.Dripping(response, effect.bytes, effect.ms / 1000)
        body = bytes(response.body)
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
        exchange = self._passing.exchange
        return f"{exchange.path}?{exchange.query}" if exchange.method == "GET" else ""

    def _remember(self, truth: Response) -> None:
        """Keep what a read saw, for stale reads to come."""
        previous = self._faults.previous
        if self._key and truth.status_code == 200 and self._faults.reads_stale:
            previous.pop(self._key, None)
            previous[self._key] = bytes(truth.body)
            if len(previous) > KEPT_READS:
                del previous[next(iter(previous))]


def _name(firing: Firing, effect: Effect) -> str:
    return next(name for name, each in firing.effects.items() if each is effect)


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


def answer_of(effect: Effect, operation: str, contract: str) -> Response:
    """Return the answer that takes the place of the true one."""
    if isinstance(effect, kinds.Documented):
        found = documented.answer(effect.status, operation, contract)
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
    return connection.Unanswered(effect.max_ms / 1000)
