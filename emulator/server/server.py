"""The server behind both listeners: uvicorn, taught to speak HTTPS next to HTTP for the same application."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

import uvicorn

from emulator.logs.writer import set_up
from emulator.protocol.http import Protocol
from emulator.protocol.tls_listener import TlsListener
from emulator.server.listeners import Listeners
from emulator.settings import Settings
from emulator.tls.files import TlsFiles

SHUTDOWN_SECONDS = 1.0
"""How long running requests may take to end after SIGTERM."""

KEEP_ALIVE_SECONDS = 75
"""Longer than HTTP clients pool idle connections: one that reuses a connection as it closes sends its request twice."""


LEAVE_SECONDS = 0.2
"""How long connections may take to end once they were told to."""

TICKS = 10
"""Ticks of uvicorn's main loop, of 0.1 s, between two looks at what takes too long."""


class _Config(uvicorn.Config):
    """What each connection is told; `urls` are those that are listened on, by scheme."""

    urls: Mapping[str, str] = {}


class EmulatorServer(uvicorn.Server):
    """One server, one lifespan and one set of connections for the HTTP and the HTTPS sockets."""

    def __init__(self, app: Any, settings: Settings, files: TlsFiles | None) -> None:
        """Prepare to serve `app`; with `files`, over HTTPS too."""
        self._log = app.state.services.call_log.writer = set_up(sys.stderr, settings.log_level, settings.log_format)
        config = _Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",  # `serve_on` sees to it: what goes wrong in it is to be told in a line
            log_config=None,
            log_level=settings.log_level if settings.log_level in ("critical", "error") else "warning",
            access_log=False,
            proxy_headers=False,  # `publicUrl` says what clients see; looking for the headers costs every request
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ssl_certfile=files.server if files else None,
            ssl_keyfile=files.server_key if files else None,
        )
        config.load()
        super().__init__(config)
        self.stopping: asyncio.Event = app.state.services.stopping
        self._app = app
        self._tls, config.ssl = config.ssl, None  # the HTTP sockets are opened by uvicorn itself
        self._https: list[socket.socket] = []
        self._ca = str(files.ca) if files else ""
        self._doors: list[TlsListener] = []
        self._announce: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve_on(self, listeners: Listeners, announce: Callable[[], None]) -> None:
        """Serve until a signal ends it; `announce` is called once both listeners answer.

        Raises `StoreError` when what was made at the start cannot be kept.
        """
        self._https, self._announce = listeners.https, announce
        self.config.urls = self._app.state.services.urls  # type: ignore[attr-defined]
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve_alive(listeners.http))
        finally:
            if self._log is not None:
                self._log.flush()

    async def _serve_alive(self, sockets: list[socket.socket]) -> None:
        with self.capture_signals():
            async with self._app.router.lifespan_context(self._app):
                await self.serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the HTTP sockets as uvicorn does, then the HTTPS ones with the same protocol and state."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self._tls is not None:
            self._doors = [TlsListener(each, self._tls, self._protocol, self._ca) for each in self._https]
        self._announce()

    async def on_tick(self, counter: int) -> bool:
        """End what takes too long, once a second."""
        if counter % TICKS == 0 and self._loop is not None:
            now = self._loop.time()
            for connection in self._connections():
                connection.check(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, let running requests end for a while, then end them and every connection."""
        listening: list[asyncio.Server | TlsListener] = [*self.servers, *self._doors]
        for each in listening:
            each.close()
        for each_socket in sockets or []:
            each_socket.close()
        for connection in self._connections():
            connection.shutdown()
        if not await self._ended(SHUTDOWN_SECONDS):
            for connection in self._connections():
                connection.drop_if_unread()
            await asyncio.sleep(0)  # they learn of it
            for task in list(self.server_state.tasks):
                task.cancel()
            await self._ended(LEAVE_SECONDS)
            for connection in self._connections():
                connection.transport.abort()
            await self._ended(LEAVE_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await asyncio.gather(*(each.wait_closed() for each in listening))

    async def _ended(self, seconds: float) -> bool:
        """Wait up to so many s until no connection and no request is left; return whether that is so."""
        assert self._loop is not None
        deadline = self._loop.time() + seconds
        while self.server_state.connections or self.server_state.tasks:
            if self.force_exit or self._loop.time() >= deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    def _connections(self) -> list[Protocol]:
        return [each for each in self.server_state.connections if isinstance(each, Protocol)]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End gracefully at the first signal, at once at the second."""
        self.force_exit = self.should_exit
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.stopping.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM; unlike uvicorn's, a graceful end is a normal end and exits 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _protocol(self) -> Protocol:
        return Protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=self._loop
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop
