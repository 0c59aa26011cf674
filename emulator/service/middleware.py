"""The middleware: what every request passes, as pure ASGI.

It resolves the request once, reads the body up to the limit, and writes the journal. Operations of the service go to
their handler from here, and their response goes back: FastAPI serves the control API and the pages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import chain

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.context import KEY, MAX_BODIES, BodyAllocation, RequestContext
from emulator.protocol.client_connection import connection_of
from emulator.protocol.head import MAX_HEAD, TOO_LARGE
from emulator.protocol.unread import PIECE
from emulator.security import safe_headers
from emulator.security.cross_site import CrossSite
from emulator.service.dispatch import OperationDispatcher
from emulator.services import Services
from emulator.spec.paths import CONTROL, fold
from emulator.spec.request_headers import RequestHeaders
from emulator.spec.responses import STOPPING, ErrorBody
from state.journal import MAX_BODY, Exchange

log = logging.getLogger("emulator")

MAX_SNAPSHOT = 64 * 1024 * 1024
"""Bytes of a snapshot that is put back; other bodies have the limit of the settings."""

SEED_ADVICE = " A larger snapshot is put back at the start: VONAGE_EMULATOR_SEED_FILE names its file, of any size."


LINE = 4
"""Bytes of a header line besides its name and value."""

ORDINARY = 1024 * 1024
REST_EVERY = 128 * 1024
REST_SECONDS = 0.001
"""Bytes of a body that are read without a rest, bytes between two rests of a larger one, and s that each lasts."""

BODY_TIMEOUT_SECONDS = 60.0
"""s in which a body has to arrive."""

INTERNAL = ErrorBody(500, "Internal server error")
TOO_SLOW = ErrorBody(408, "Request timed out.")

BUSY = ErrorBody(503, f"Bodies of more than {MAX_BODIES} bytes are being read; ask again.")


class ServiceMiddleware:
    """ASGI middleware around everything: operations of the service go no further, control requests and pages do."""

    def __init__(
        self, inner: ASGIApp, services: Services, dispatcher: OperationDispatcher, cross_site: CrossSite
    ) -> None:
        self.inner = inner
        self._world = services.world
        self._store = services.store
        self._journal = services.journal
        self._max_body = services.settings.max_body_bytes
        self._body_budget = services.body_budget
        self._unread = services.unread
        self._calls = services.call_log
        self._dispatcher = dispatcher
        self._cross_site = cross_site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        context = self._resolve(scope, receive)
        if context.head_only:
            send = _head_only(send)
        try:
            body = await self._read(context)
            if body is None:
                return  # the caller went away before it had said what it wanted
            if isinstance(body, ErrorBody):
                if line := connection_of(scope):
                    line.linger()
                await self._send(context, _refuse(body, context.control), send)
            else:
                context.body = body
                context.exchange.body = body[:MAX_BODY]
                context.exchange.truncated = len(body) > MAX_BODY
                await self._respond(context, send)
            self._calls.note(context)
        finally:
            if context.allocation is not None:
                context.allocation.give_back()

    def _resolve(self, scope: Scope, receive: Receive) -> RequestContext:
        """Return what is known of a request by its head: path, operation, parameters, application."""
        path, method = fold(scope["path"]), scope["method"]
        # What GET answers, HEAD does too, without the body.
        head_only = method == "HEAD"
        if head_only:
            method = "GET"
        if head_only or path is not scope["path"]:
            scope = {**scope, "path": path, "method": method}
        raw = scope["headers"]
        exchange = Exchange(0, method, path, scope["query_string"].decode("latin-1"), headers=tuple(raw))
        control = path.startswith(CONTROL)
        context = RequestContext(scope, receive, RequestHeaders(raw), exchange, control, head_only)
        found = None if control else self._dispatcher.find(path)
        if found is not None:
            methods, context.params = found
            context.allowed = tuple(methods)
            context.operation = methods.get(method)
            if context.operation is not None:
                exchange.operation = context.operation.id
            if project := context.params.get("applicationId"):
                context.app = self._world.find(project)
        return context

    async def _respond(self, context: RequestContext, send: Send) -> None:
        """Let the request be answered, and respond with 500 where nobody did."""
        exchange = context.exchange
        try:
            operation = context.operation
            if operation is None:
                await self._pass_on(context, send)
            else:
                await self._send(context, await self._dispatcher.respond(context, operation), send)
        except asyncio.CancelledError:  # the emulator ends
            if not exchange.status:
                await self._send(context, _refuse(STOPPING, context.control), send)
        except Exception:
            if exchange.status and not context.responded:
                raise
            log.exception("%s %s failed", exchange.method, exchange.path)
            if not context.responded:
                await self._send(context, internal_error(context.control), send)

    async def _pass_on(self, context: RequestContext, send: Send) -> None:
        """Let FastAPI serve what is no operation."""
        scope = {**context.scope, KEY: context}
        if context.control and context.body[:1] in (b"{", b"["):
            _label_json(scope)
        await self._follow(context, self.inner, scope, _replay(context.body, context.receive), send)

    async def _send(self, context: RequestContext, response: Response, send: Send) -> None:
        """Note a response and send it."""
        if type(response).__call__ is not Response.__call__:  # it has a way of its own, below HTTP
            await self._follow(context, response, context.scope, context.receive, send)
            return
        exchange, body = context.exchange, response.body
        exchange.status = response.status_code
        headers = [*safe_headers.of(exchange.path, response.raw_headers), *response.raw_headers]
        exchange.answer = bytes(body[:MAX_BODY])
        exchange.truncated |= len(body) > MAX_BODY
        if not context.control:
            await self._keep(context)  # who has the response may ask for the journal, another replica too
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        message: Message = {"type": "http.response.body", "body": body, "more_body": False}
        if len(body) > PIECE and (line := connection_of(context.scope)):
            await self._unread.send(send, message, line)
        else:
            await send(message)

    async def _follow(
        self, context: RequestContext, inner: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let `inner` respond, and note what it sends."""
        exchange = context.exchange

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*safe_headers.of(exchange.path, message["headers"]), *message["headers"]]
            else:
                context.responded = not message.get("more_body")
                if not context.control:
                    part = message.get("body", b"")
                    exchange.truncated |= len(exchange.answer) + len(part) > MAX_BODY
                    exchange.answer += part[: MAX_BODY - len(exchange.answer)]
                    if context.responded:
                        await self._keep(context)
                elif exchange.status >= 400:
                    exchange.answer += message.get("body", b"")[:MAX_BODY]  # for the log
            if len(message.get("body", b"")) > PIECE and (line := connection_of(scope)):
                await self._unread.send(send, message, line)
            else:
                await send(message)

        await inner(scope, receive, note)
        if not context.control and not exchange.number:  # no response, or not the end of one
            await self._keep(context)

    async def _keep(self, context: RequestContext) -> None:
        """Keep the exchange in the journal of its application, unless it is a look at a page."""
        if context.looked:
            return
        app, exchange = context.app, context.exchange
        exchange.duration = (time.perf_counter() - context.since) * 1000
        if app is not None:
            exchange.at = app.clock.now()
            await self._store.save_exchange(app, exchange)
        else:
            exchange.at = time.time_ns() // 1_000_000
            self._journal.append(exchange)

    async def _read(self, context: RequestContext) -> bytes | ErrorBody | None:
        """Return the body, the response to one that is refused, or None when the caller went away."""
        scope, headers, exchange = context.scope, context.headers.first, context.exchange
        line = connection_of(scope)
        if line is not None and line.refusal is not None:
            return line.refusal
        if (foreign := self._cross_site.refusal(scope, context.headers)) is not None:
            return foreign
        size = len(exchange.path) + len(exchange.query) + LINE * len(exchange.headers)
        if size + sum(map(len, chain.from_iterable(exchange.headers))) > MAX_HEAD:
            _shorten(exchange)
            return TOO_LARGE
        declared = _number(headers.get(b"content-length", b""))
        snapshot = context.control and exchange.path.endswith("/snapshot")
        most, advice = (MAX_SNAPSHOT, SEED_ADVICE) if snapshot else (self._max_body, "")
        if declared > most:
            return _too_large(most, advice)
        if not declared and b"transfer-encoding" not in headers:
            return b""
        context.allocation = BodyAllocation(self._body_budget)
        collecting = _collect(context.receive, most, context.allocation, advice)
        try:
            if line is not None and not line.cycle.more_body:
                body = await collecting  # all of it is there
            else:
                async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                    body = await collecting
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
    rested = ORDINARY
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
        if len(body) >= rested:  # others are served meanwhile
            rested = len(body) + REST_EVERY
            await asyncio.sleep(REST_SECONDS)


def _too_large(most: int, advice: str = "") -> ErrorBody:
    return ErrorBody(413, f"The request body is larger than {most} bytes.{advice}")


def internal_error(control: bool) -> Response:
    """Return the response where something failed that should not have."""
    return _refuse(INTERNAL, control)


def _refuse(refusal: ErrorBody, control: bool) -> Response:
    """Return the response to a request that is not passed on, in the shape of the side that was asked."""
    if control:
        refusal = ErrorBody(refusal.status, body={"error": {"message": refusal.message}})
    return refusal.response({"connection": "close"})


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that tells the body that was read; whoever listens on waits for the caller to go away."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _shorten(exchange: Exchange) -> None:
    exchange.path, exchange.query, exchange.headers = exchange.path[:1000], exchange.query[:1000], ()
    exchange.truncated = True


def _label_json(scope: Scope) -> None:
    """Say that the body is JSON, which `curl -d` does not."""
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    scope["headers"] = [*others, (b"content-type", b"application/json")]
