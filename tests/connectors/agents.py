"""WebSocket servers as users of audio connectors have them, in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

Speaks = Callable[["Agent", web.WebSocketResponse, Any], Awaitable[None]]


async def listens(agent: Agent, socket: web.WebSocketResponse, message: Any) -> None:
    """Say nothing."""


async def echoes(agent: Agent, socket: web.WebSocketResponse, message: Any) -> None:
    """Send audio back as it came."""
    if isinstance(message, bytes):
        await socket.send_bytes(message)


class Agent:
    """A server that keeps what it is sent, and does something with each message."""

    def __init__(self, speaks: Speaks = listens, tls: ssl.SSLContext | None = None, **answers: Any) -> None:
        self._speaks = speaks
        self._tls = tls
        self._answers = answers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._news = threading.Condition()
        self.headers: Mapping[str, str] = {}
        self.path = ""
        self.messages: list[Any] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.codes: list[int | None] = []
        self.port = 0

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"{'wss' if self._tls else 'ws'}://localhost:{self.port}/agent?room=1"

    @property
    def texts(self) -> list[dict[str, Any]]:
        """The texts that came, read."""
        return [json.loads(each) for each in self.messages if isinstance(each, str)]

    @property
    def frames(self) -> list[bytes]:
        """The binary messages that came."""
        return [each for each in self.messages if isinstance(each, bytes)]

    def wait(self, condition: Callable[[Agent], object], seconds: float = 20.0) -> None:
        """Wait until something is true of it."""
        with self._news:
            assert self._news.wait_for(lambda: condition(self), seconds), (self.texts, len(self.frames), self.codes)

    def do(self, work: Callable[[web.WebSocketResponse], Awaitable[Any]]) -> None:
        """Do something with the newest WebSocket."""

        async def done() -> None:
            await work(self.sockets[-1])

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)

    def send(self, *messages: Any) -> None:
        """Send messages: bytes as they are, anything else as JSON."""

        async def all_of(socket: web.WebSocketResponse) -> None:
            for each in messages:
                await (socket.send_bytes(each) if isinstance(each, bytes) else socket.send_str(json.dumps(each)))

        self.do(all_of)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.headers, self.path = request.headers, request.path_qs
        if "status" in self._answers:
            return web.Response(status=self._answers["status"], headers=self._answers.get("headers"))
        if self._answers.get("hangs"):
            await asyncio.sleep(60)
        response = web.WebSocketResponse(protocols=self._answers.get("protocols", ()))
        await response.prepare(request)
        self.sockets.append(response)
        async for message in response:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._note(message.data)
                await self._speaks(self, response, message.data)
        with self._news:
            self.codes.append(response.close_code)
            self._news.notify_all()
        return response

    def _note(self, message: Any) -> None:
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/{any:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        await web.SockSite(self._runner, listening, ssl_context=self._tls).start()
        self.port = listening.getsockname()[1]

    async def _end(self) -> None:
        for each in self.sockets:
            await each.close()
            if each._req is not None and each._req.transport is not None:
                each._req.transport.abort()
        await self._runner.cleanup()
        await asyncio.sleep(0.05)  # transports close in a later turn of the loop

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
