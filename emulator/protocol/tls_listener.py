"""Accepting HTTPS connections: those that have not agreed on TLS yet count and end like all others."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from emulator.protocol.http import Protocol
from emulator.protocol.limits import max_connections

log = logging.getLogger("emulator")

HANDSHAKE_SECONDS = 10.0
"""How long a client may take to agree on TLS."""
GOODBYE_SECONDS = 0.2
"""How long an idle client has to agree to the end of a TLS connection."""
PAUSE_SECONDS = 0.1
"""How long nothing is accepted when the process has no descriptor left."""

HANDSHAKE = b"\x16"
"""The first byte of TLS."""
UNTRUSTED = ("UNKNOWN_CA", "CERTIFICATE_UNKNOWN", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_EXPIRED")
"""The alerts of clients that do not take a certificate, as OpenSSL names them."""


class TlsListener:
    """One listening socket of HTTPS; `make` makes the protocol of a connection, `ca` names the file to be trusted.

    The loop's own server tells nobody of a connection before TLS is agreed on, so that silent ones could take every
    descriptor: here the oldest that does not get on makes room.
    """

    def __init__(
        self, listening: socket.socket, context: ssl.SSLContext, make: Callable[[], Protocol], ca: str
    ) -> None:
        self._listening = listening
        self._context = context
        self._make = make
        self._ca = ca
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
        loop, client = asyncio.get_running_loop(), "a client"
        try:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = str(accepted.getpeername()[0])
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                first = await _first_byte(accepted)
            if not first:
                accepted.close()  # who only looks whether somebody listens
            elif first != HANDSHAKE and first.isalpha():
                await loop.connect_accepted_socket(lambda: self._make().of_misled(), accepted)
            else:
                await loop.connect_accepted_socket(
                    self._make,
                    accepted,
                    ssl=self._context,
                    ssl_handshake_timeout=HANDSHAKE_SECONDS,
                    ssl_shutdown_timeout=GOODBYE_SECONDS,
                )
        except asyncio.CancelledError:
            accepted.close()
        except OSError as error:  # whoever does not get on with TLS is let go
            accepted.close()
            self._tell(client, error)

    def _tell(self, client: str, error: OSError) -> None:
        reason = str(getattr(error, "reason", None) or error)
        if isinstance(error, ConnectionError):
            log.warning("%s hung up while TLS was agreed on: perhaps it does not trust %s", client, self._ca)
        elif any(alert in reason for alert in UNTRUSTED):
            log.warning(
                "%s does not trust the emulator's certificate (%s): let it trust %s", client, _words(reason), self._ca
            )
        else:
            log.warning("%s and the emulator could not agree on TLS: %s", client, _words(reason))

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


async def _first_byte(accepted: socket.socket) -> bytes:
    """Return the first byte that a client sends, and leave it to be read; nothing when the client hangs up."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    while True:
        try:
            return accepted.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            readable.clear()
        loop.add_reader(accepted, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(accepted)


def _words(reason: str) -> str:
    """Return what OpenSSL writes as `TLSV1_ALERT_UNKNOWN_CA` in words."""
    return reason.replace("_", " ").lower() if reason.isupper() else reason
