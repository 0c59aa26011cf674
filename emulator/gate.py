"""The gate: what every request passes before its route, as pure ASGI.

It folds the path, reads the body up to the limit, finds the operation and writes the journal. Operations are then
dispatched without trying routes one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator import safe_headers
from emulator.answers import Answer
from emulator.cross_site import CrossSite
from emulator.operations import Operation, Table
from emulator.paths import CONTROL, fold
from emulator.protocol.head import MAX_HEAD, TOO_LARGE
from emulator.protocol.line import line_of
from emulator.store import Store
from emulator.unread import PIECE, Unread
from state.application import Application
from state.journal import MAX_BODY, Exchange, Journal
from state.world import World

if TYPE_CHECKING:
    from scenarios.rules import Fault

log = logging.getLogger("emulator")

KEY = "emulator.exchange"

MAX_SNAPSHOT = 64 * 1024 * 1024
"""Bytes of a snapshot that is put back; other bodies have the limit of the settings."""

MAX_BODIES = 128 * 1024 * 1024
"""Bytes of all bodies that are being read or worked on at once."""

LINE = 4
"""Bytes of a header line besides its name and value."""

PATIENCE = 60.0
"""s in which a body has to arrive."""

INTERNAL = Answer(500, "Internal server error")
TOO_SLOW = Answer(408, "Request timed out.")
STOPPING = Answer(503, "The emulator is stopping.")
BUSY = Answer(503, f"Bodies of more than {MAX_BODIES} bytes are being read; ask again.")


@dataclass(slots=True)
class Passing:
    """One request on its way: its operation (None for an unknown path or method) and what is noted for the journal.

    `app` is that of the path or the caller, `held` that which the store holds for it. `wanted` is the fault that the
    request asks for itself, `since` when it came, s of the monotonic clock. `created` is the id of the session that
    the call made.
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
    taken: Taken | None = None


class Room:
    """The bytes of all bodies that are being read or worked on; `used` are taken by now."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class Taken:
    """What one body takes of the room, until it is given back."""

    __slots__ = ("_room", "bytes")

    def __init__(self, room: Room) -> None:
        self._room = room
        self.bytes = 0

    def take(self, size: int) -> bool:
        """Take so many bytes more; False where there is no room for them."""
        if self._room.used + size > MAX_BODIES:
            return False
        self._room.used += size
        self.bytes += size
        return True

    def give_back(self) -> None:
        """Let others have the room."""
        self._room.used -= self.bytes
        self.bytes = 0


class Gate:
    """ASGI middleware around the routes; `journal` keeps exchanges that belong to no application."""

    def __init__(
        self,
        inner: ASGIApp,
        world: World,
        store: Store,
        journal: Journal,
        max_body: int,
        room: Room,
        unread: Unread,
        cross_site: CrossSite,
    ) -> None:
        self._inner = inner
        self._world = world
        self._store = store
        self._journal = journal
        self._max_body = max_body
        self.room = room
        self.unread = unread
        self._cross_site = cross_site
        self._table = Table()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        path = fold(scope["path"])
        # What GET answers, HEAD does too, without the body.
        method = scope["method"]
        if method == "HEAD":
            method, send = "GET", _head_only(send)
        scope = {**scope, "path": path, "method": method}
        control = path.startswith(CONTROL)
        passing = self._open(scope)
        try:
            await self._pass(passing, scope, receive, send, control)
        finally:
            if passing.taken is not None:
                passing.taken.give_back()

    async def _pass(self, passing: Passing, scope: Scope, receive: Receive, send: Send, control: bool) -> None:
        """Read the body, let the request be answered, and keep it in the journal."""
        body = await self._read(scope, receive)
        if body is None:
            return  # the caller went away before it had said what it wanted
        inner = self._inner
        if isinstance(body, Answer):
            inner = _refuse(body, control)
            if line := line_of(scope):
                line.linger()
        else:
            passing.body = body
            passing.exchange.body = body[:MAX_BODY]
            passing.exchange.truncated = len(body) > MAX_BODY
            if control and body[:1] in (b"{", b"["):
                _label_json(scope)
        await self._serve(inner, passing, scope, _replay(body, receive), send, control)
        if not control and not passing.exchange.number:
            await self._keep(passing)

    def _open(self, scope: Scope) -> Passing:
        """Begin to note a request, and find its operation and application."""
        exchange = Exchange(
            at=0,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=tuple(scope["headers"]),
        )
        passing = scope[KEY] = Passing(exchange)
        found = self._table.find(scope["path"])
        if found is not None:
            methods, passing.params = found
            passing.allowed = tuple(methods)
            passing.operation = methods.get(exchange.method)
            if passing.operation is not None:
                exchange.operation = passing.operation.id
            if project := passing.params.get("applicationId"):
                passing.app = self._world.find(project)
        return passing

    async def _serve(
        self, inner: ASGIApp, passing: Passing, scope: Scope, receive: Receive, send: Send, control: bool
    ) -> None:
        """Let the request be answered, note the answer, and answer 500 where nobody did."""
        exchange, path = passing.exchange, scope["path"]

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*safe_headers.of(path, message["headers"]), *message["headers"]]
            elif not control:
                part = message.get("body", b"")
                exchange.truncated |= len(exchange.answer) + len(part) > MAX_BODY
                exchange.answer += part[: MAX_BODY - len(exchange.answer)]
                if self._store.shared and not message.get("more_body"):
                    await self._keep(passing)  # who has the answer may ask another replica for the journal
            if len(message.get("body", b"")) > PIECE and (line := line_of(scope)):
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

    async def _keep(self, passing: Passing) -> None:
        app, exchange = passing.app, passing.exchange
        exchange.duration = (time.perf_counter() - passing.since) * 1000
        if app:
            exchange.at = app.clock.now()
            await self._store.keep(app, exchange)
        else:
            exchange.at = time.time_ns() // 1_000_000
            self._journal.append(exchange)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | Answer | None:
        """Return the body, the answer to one that cannot be taken, or None when the caller went away."""
        line = line_of(scope)
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
        most = MAX_SNAPSHOT if path.startswith(CONTROL) and path.endswith("/snapshot") else self._max_body
        if declared > most:
            return _too_large(most)
        if not declared and not chunked:
            return b""
        try:
            async with asyncio.timeout(PATIENCE):
                taken = scope[KEY].taken = Taken(self.room)
                body = await _collect(receive, most, taken)
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


async def _collect(receive: Receive, most: int, taken: Taken) -> bytes | Answer | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body") or b""
        if len(body) > most:
            return _too_large(most)
        if not taken.take(len(message.get("body") or b"")):
            return BUSY
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(most: int) -> Answer:
    return Answer(413, f"The request body is larger than {most} bytes.")


def _refuse(answer: Answer, control: bool) -> ASGIApp:
    """Return the answer to a request that is not passed on, in the shape of the side that was asked."""
    if control:
        answer = Answer(answer.status, body={"error": {"message": answer.message}})
    return answer.response({"connection": "close"})


def _replay(body: bytes | Answer, receive: Receive) -> Receive:
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
