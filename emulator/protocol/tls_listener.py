"""Accepting HTTPS connections: those that have not agreed on TLS yet count and end like all others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from emulator.protocol.limits import max_connections

HANDSHAKE_SECONDS = 10.0
"""How long a client may take to agree on TLS."""
GOODBYE_SECONDS = 0.2
"""How long an idle client has to agree to the end of a TLS connection."""
PAUSE_SECONDS = 0.1
"""How long nothing is accepted when the process has no descriptor left."""


class TlsListener:
    """One listening socket of HTTPS; `make` makes the protocol of a connection.

    The loop's own server tells nobody of a connection before TLS is agreed on, so that silent ones could take every
    descriptor: here the oldest that does not get on makes room.
    """

    def __init__(self, listening: socket.socket, context: ssl.SSLContext, make: Callable[[], asyncio.Protocol]) -> None:
        self._listening = listening
        self._context = context
        self._make = make
        self._handshakes: dict[asyncio.Task[None], None] = {}
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(self._listening)
            except OSError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if len(self._handshakes) >= max_connections() // 4:
                next(iter(self._handshakes)).cancel()
                await asyncio.sleep(0)
            task = loop.create_task(self._agree(accepted))
            self._handshakes[task] = None
            task.add_done_callback(self._forget)

    async def _agree(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):  # whoever does not get on with TLS is let go
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._handshakes.pop(task, None)

    def close(self) -> None:
        """Accept no more, and give up those who have not agreed on TLS."""
        self._accepting.cancel()
        for task in list(self._handshakes):
            task.cancel()
        asyncio.get_running_loop().call_soon(self._listening.close)  # once nothing waits for it

    async def wait_closed(self) -> None:
        """Wait until nothing of it is left."""
        await asyncio.gather(self._accepting, *self._handshakes, return_exceptions=True)
