"""The server behind both listeners: uvicorn, taught to speak HTTPS next to HTTP for the same application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from emulator.faults.connection import Protocol
from emulator.listeners import Listeners
from emulator.settings import Settings
from emulator.tls import TlsFiles

SHUTDOWN_SECONDS = 3
"""How long running requests may take to end after SIGTERM."""

KEEP_ALIVE_SECONDS = 75
"""Longer than HTTP clients pool idle connections: one that reuses a connection as it closes sends its request twice."""


TLS_GOODBYE = 0.2
"""s that an idle client has to agree to the end of a TLS connection when the emulator stops."""


class Server(uvicorn.Server):
    """One server, one lifespan and one set of connections for the HTTP and the HTTPS sockets."""

    def __init__(self, app: Any, settings: Settings, files: TlsFiles | None) -> None:
        """Prepare to serve `app`; with `files`, over HTTPS too."""
        logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",  # `serve_on` sees to it: what goes wrong in it is to be told in a line
            log_config=None,
            log_level=settings.log_level,
            access_log=False,
            proxy_headers=False,  # `publicUrl` says what clients see; looking for the headers costs every request
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            ssl_certfile=files.server if files else None,
            ssl_keyfile=files.server_key if files else None,
        )
        config.load()
        super().__init__(config)
        self.stopping = asyncio.Event()
        """Set when the server begins to end: answers that wait or stream watch it."""
        self._app = app
        self._tls, config.ssl = config.ssl, None  # the HTTP sockets are opened by uvicorn itself
        self._https: list[socket.socket] = []
        self._announce: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve_on(self, listeners: Listeners, announce: Callable[[], None]) -> None:
        """Serve until a signal ends it; `announce` is called once both listeners answer.

        Raises `StoreError` when what was made at the start cannot be kept.
        """
        self._https, self._announce = listeners.https, announce
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve_alive(listeners.http))

    async def _serve_alive(self, sockets: list[socket.socket]) -> None:
        with self.capture_signals():
            async with self._app.router.lifespan_context(self._app):
                await self.serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the HTTP sockets as uvicorn does, then the HTTPS ones with the same protocol and state."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        for listener in self._https:
            server = await self._loop.create_server(
                self._protocol, sock=listener, ssl=self._tls, ssl_shutdown_timeout=TLS_GOODBYE
            )
            self.servers.append(server)
        self._announce()

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

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=self._loop
        )
        return protocol


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop
