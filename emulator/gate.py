"""The gate: what every request passes before its route, as pure ASGI.

It folds the path, reads the body up to the limit, finds the operation and writes the journal. Operations are then
dispatched without trying routes one after the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.answers import Answer
from emulator.operations import Operation, Table
from emulator.paths import CONTROL, fold
from state.application import Application
from state.journal import MAX_BODY, Exchange, Journal
from state.world import World

log = logging.getLogger("emulator")

KEY = "emulator.exchange"

INTERNAL = Answer(500, "Internal server error")


@dataclass(slots=True)
class Passing:
    """One request on its way: its operation (None for an unknown path or method) and what is noted for the journal."""

    exchange: Exchange
    body: bytes
    operation: Operation | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    app: Application | None = None


class Gate:
    """ASGI middleware around the routes; `journal` keeps exchanges that belong to no application."""

    def __init__(self, inner: ASGIApp, world: World, journal: Journal, max_body: int) -> None:
        self._inner = inner
        self._world = world
        self._journal = journal
        self._max_body = max_body
        self._table = Table()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()
        path = scope["path"] = fold(scope["path"])
        control = path.startswith(CONTROL)
        exchange = Exchange(
            at=0,
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            headers=tuple(scope["headers"]),
        )
        body = await self._read(scope, receive)
        if isinstance(body, Answer):
            passing = Passing(exchange, b"")
            inner: ASGIApp = body.response({"connection": "close"})
        else:
            exchange.body = body[:MAX_BODY]
            passing = Passing(exchange, body)
            inner = self._inner
            self._resolve(passing, path)
        scope[KEY] = passing

        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()  # whoever still listens waits for the caller to go away
            replayed = True
            return {"type": "http.request", "body": passing.body, "more_body": False}

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            elif len(exchange.answer) < MAX_BODY:
                exchange.answer += message.get("body", b"")[:MAX_BODY]
            await send(message)

        if control:
            if passing.body[:1] in (b"{", b"["):
                _label_json(scope)
            await inner(scope, replay, send)
            return
        try:
            await inner(scope, replay, note)
        except Exception:
            if exchange.status:
                raise
            log.exception("%s %s failed", exchange.method, exchange.path)
            await INTERNAL.response()(scope, replay, note)
        exchange.duration = (time.perf_counter() - started) * 1000
        self._keep(passing)

    def _resolve(self, passing: Passing, path: str) -> None:
        found = self._table.find(path)
        if found is None:
            return
        methods, passing.params = found
        passing.allowed = tuple(methods)
        passing.operation = methods.get(passing.exchange.method)
        if passing.operation is not None:
            passing.exchange.operation = passing.operation.id
        if project := passing.params.get("applicationId"):
            passing.app = self._world.find(project)

    def _keep(self, passing: Passing) -> None:
        app = passing.app
        passing.exchange.at = app.clock.now() if app else time.time_ns() // 1_000_000
        (app.journal if app else self._journal).append(passing.exchange)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | Answer:
        """Return the body, or the answer to one that is too large."""
        too_large = Answer(413, f"The request body is larger than {self._max_body} bytes.")
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._max_body:
            return too_large
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return body
            body += message.get("body") or b""
            if len(body) > self._max_body:
                return too_large
            if not message.get("more_body", False):
                return body


def _label_json(scope: Scope) -> None:
    """Say that the body is JSON, which `curl -d` does not."""
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    scope["headers"] = [*others, (b"content-type", b"application/json")]
