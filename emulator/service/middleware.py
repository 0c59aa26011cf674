"""The middleware: what every request passes before its route, as pure ASGI.

It folds the path, reads the body up to the limit, finds the operation and writes the journal. Operations are then
dispatched without trying routes one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.context import KEY, MAX_BODIES, BodyAllocation, BodyBudget, RequestContext
from emulator.logs.calls import CallLog
from emulator.protocol.client_connection import connection_of
from emulator.protocol.head import MAX_HEAD, TOO_LARGE
from emulator.security import safe_headers
from emulator.security.cross_site import CrossSite
from emulator.service.unread import PIECE, Unread
from emulator.spec.operations import OperationTable
from emulator.spec.paths import CONTROL, fold
from emulator.spec.responses import STOPPING, ErrorBody
from emulator.store.base import Store
from state.journal import MAX_BODY, Exchange, Journal
from state.world import World

if TYPE_CHECKING:
    pass

log = logging.getLogger("emulator")


MAX_SNAPSHOT = 64 * 1024 * 1024
"""Bytes of a snapshot that is put back; other bodies have the limit of the settings."""

SEED_ADVICE = " A larger snapshot is put back at the start: VONAGE_EMULATOR_SEED_FILE names its file, of any size."


LINE = 4
"""Bytes of a header line besides its name and value."""

BODY_TIMEOUT_SECONDS = 60.0
"""s in which a body has to arrive."""

INTERNAL = ErrorBody(500, "Internal server error")
TOO_SLOW = ErrorBody(408, "Request timed out.")

BUSY = ErrorBody(503, f"Bodies of more than {MAX_BODIES} bytes are being read; ask again.")


class ServiceMiddleware:
    """ASGI middleware around the routes; `journal` keeps exchanges that belong to no application."""

    def __init__(
        self,
        inner: ASGIApp,
        world: World,
        store: Store,
        journal: Journal,
        max_body: int,
        body_budget: BodyBudget,
        unread: Unread,
        cross_site: CrossSite,
        calls: CallLog,
    ) -> None:
        self._inner = inner
        self._world = world
        self._store = store
        self._journal = journal
        self._max_body = max_body
        self.body_budget = body_budget
        self.unread = unread
        self._cross_site = cross_site
        self._calls = calls
        self._table = OperationTable()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        path = fold(scope["path"])
        # What GET answers, HEAD does too, without the body.
        method = scope["method"]
        head_only = method == "HEAD"
        if head_only:
            method, send = "GET", _head_only(send)
        scope = {**scope, "path": path, "method": method}
        control = path.startswith(CONTROL)
        context = self._open(scope)
        context.head_only = head_only
        try:
            await self._pass(context, scope, receive, send, control)
        finally:
            if context.allocation is not None:
                context.allocation.give_back()

    async def _pass(self, context: RequestContext, scope: Scope, receive: Receive, send: Send, control: bool) -> None:
        """Read the body, let the request be answered, and keep it in the journal."""
        body = await self._read(scope, receive)
        if body is None:
            return  # the caller went away before it had said what it wanted
        inner = self._inner
        if isinstance(body, ErrorBody):
            inner = _refuse(body, control)
            if line := connection_of(scope):
                line.linger()
        else:
            context.body = body
            context.exchange.body = body[:MAX_BODY]
            context.exchange.truncated = len(body) > MAX_BODY
            if control and body[:1] in (b"{", b"["):
                _label_json(scope)
        await self._serve(inner, context, scope, _replay(body, receive), send, control)
        if not control and not context.exchange.number:
            await self._keep(context)
        self._calls.note(context)

    def _open(self, scope: Scope) -> RequestContext:
        """Begin to note a request, and find its operation and application."""
        exchange = Exchange(
            at=0,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=tuple(scope["headers"]),
        )
        context = scope[KEY] = RequestContext(exchange)
        found = self._table.find(scope["path"])
        if found is not None:
            methods, context.params = found
            context.allowed = tuple(methods)
            context.operation = methods.get(exchange.method)
            if context.operation is not None:
                exchange.operation = context.operation.id
            if project := context.params.get("applicationId"):
                context.app = self._world.find(project)
        return context

    async def _serve(
        self, inner: ASGIApp, context: RequestContext, scope: Scope, receive: Receive, send: Send, control: bool
    ) -> None:
        """Pass the request on, note the response, and respond with 500 where nobody did."""
        exchange, path = context.exchange, scope["path"]

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*safe_headers.of(path, message["headers"]), *message["headers"]]
            elif not control:
                part = message.get("body", b"")
                exchange.truncated |= len(exchange.answer) + len(part) > MAX_BODY
                exchange.answer += part[: MAX_BODY - len(exchange.answer)]
                if self._store.shared and not message.get("more_body"):
                    await self._keep(context)  # who has the response may ask another replica for the journal
            elif exchange.status >= 400:
                exchange.answer += message.get("body", b"")[:MAX_BODY]  # for the log
            if len(message.get("body", b"")) > PIECE and (line := connection_of(scope)):
                await self.unread.send(send, message, line)
            else:
                await send(message)

        try:
            await inner(scope, receive, note)
        except asyncio.CancelledError:  # the emulator ends
            if not exchange.status:
                await _refuse(STOPPING, control)(scope, receive, note)
        except Exception:
            if exchange.status:
                raise
            log.exception("%s %s failed", exchange.method, exchange.path)
            await _refuse(INTERNAL, control)(scope, receive, note)

    async def _keep(self, context: RequestContext) -> None:
        app, exchange = context.app, context.exchange
        exchange.duration = (time.perf_counter() - context.since) * 1000
        if app:
            exchange.at = app.clock.now()
            await self._store.save_exchange(app, exchange)
        else:
            exchange.at = time.time_ns() // 1_000_000
            self._journal.append(exchange)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | ErrorBody | None:
        """Return the body, the response to one that is refused, or None when the caller went away."""
        line = connection_of(scope)
        if line is not None and line.refusal is not None:
            return line.refusal
        if (foreign := self._cross_site.refusal(scope)) is not None:
            return foreign
        declared, chunked, size = 0, False, len(scope["path"]) + len(scope["query_string"])
        for name, value in scope["headers"]:
            size += len(name) + len(value) + LINE
            if name == b"content-length":
                declared = _number(value)
            elif name == b"transfer-encoding":
                chunked = True
        if size > MAX_HEAD:
            _shorten(scope[KEY].exchange)
            return TOO_LARGE
        path: str = scope["path"]
        snapshot = path.startswith(CONTROL) and path.endswith("/snapshot")
        most, advice = (MAX_SNAPSHOT, SEED_ADVICE) if snapshot else (self._max_body, "")
        if declared > most:
            return _too_large(most, advice)
        if not declared and not chunked:
            return b""
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                allocation = scope[KEY].allocation = BodyAllocation(self.body_budget)
                body = await _collect(receive, most, allocation, advice)
        except TimeoutError:
            return TOO_SLOW
        except asyncio.CancelledError:
            return STOPPING  # an unfinished request is no reason for a traceback
        return body if line is None or line.refusal is None else line.refusal


def _number(value: bytes) -> int:
    """Return a Content-Length, which may have blanks around it and any number of zeros before it."""
    digits = value.strip(b" \t").lstrip(b"0")[:20]
    return int(digits) if digits.isdigit() else 0


def _head_only(send: Send) -> Send:
    """Return a `send` that ends the response behind its headers, also one of a stream that goes on."""

    async def head_only(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return head_only


async def _collect(receive: Receive, most: int, allocation: BodyAllocation, advice: str) -> bytes | ErrorBody | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body") or b""
        if len(body) > most:
            return _too_large(most, advice)
        if not allocation.take(len(message.get("body") or b"")):
            return BUSY
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(most: int, advice: str = "") -> ErrorBody:
    return ErrorBody(413, f"The request body is larger than {most} bytes.{advice}")


def _refuse(refusal: ErrorBody, control: bool) -> ASGIApp:
    """Return the response to a request that is not passed on, in the shape of the side that was asked."""
    if control:
        refusal = ErrorBody(refusal.status, body={"error": {"message": refusal.message}})
    return refusal.response({"connection": "close"})


def _replay(body: bytes | ErrorBody, receive: Receive) -> Receive:
    """Return a `receive` that tells the body that was read; whoever listens on waits for the caller to go away."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body if isinstance(body, bytes) else b"", "more_body": False}

    return replay


def _shorten(exchange: Exchange) -> None:
    exchange.path, exchange.query, exchange.headers = exchange.path[:1000], exchange.query[:1000], ()
    exchange.truncated = True


def _label_json(scope: Scope) -> None:
    """Say that the body is JSON, which `curl -d` does not."""
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    scope["headers"] = [*others, (b"content-type", b"application/json")]
