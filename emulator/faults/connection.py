"""Faults of the connection itself: reset, empty reply, garbage, a body that ends early, a response that never comes.

They need the transport below HTTP, which the `ClientConnection` of a request puts within reach. Without it, as in a
test client that has no sockets, the response is a 500 that says so.
"""

from __future__ import annotations

import asyncio
import random
from http import HTTPStatus
from typing import Any, Literal

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulator.protocol.client_connection import ClientConnection, connection_of, reset
from emulator.security.safe_headers import SANDBOXED
from emulator.spec.responses import ErrorBody


async def wait(seconds: float, receive: Receive, stopped: asyncio.Event) -> Literal["over", "gone", "stopping"]:
    """Let so many s go by; tell whether they are over, or the caller has gone or the emulator stops before."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    leaving = asyncio.ensure_future(gone())
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait((leaving, stopping), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return "stopping" if stopping.done() else "gone" if leaving.done() else "over"
    finally:
        leaving.cancel()
        stopping.cancel()


class NoResponse(Response):
    """No response: there is nobody left to hear it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""


class WireFault(Response):
    """A response that is none."""

    def __init__(self) -> None:
        super().__init__(status_code=500)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it to the connection."""
        connection = connection_of(scope)
        if connection is None:
            headers = {name: value for name, value in self.headers.items() if name != "content-length"}
            await ErrorBody(500, "This fault needs a real connection.").response(headers)(scope, receive, send)
            return
        await self.apply(connection, scope, receive)
        connection.give_up()

    async def apply(self, connection: ClientConnection, scope: Scope, receive: Receive) -> None:
        """Do it."""
        raise NotImplementedError


class ResetConnection(WireFault):
    """TCP RST: the socket is closed without lingering, over TLS too."""

    async def apply(self, connection: ClientConnection, scope: Scope, receive: Receive) -> None:
        """Reset the connection."""
        reset(connection.transport)


class CloseEmpty(WireFault):
    """The connection ends before the first byte of a response."""

    async def apply(self, connection: ClientConnection, scope: Scope, receive: Receive) -> None:
        """Close the connection."""
        connection.transport.close()


class SendGarbage(WireFault):
    """Bytes that are no HTTP."""

    def __init__(self, count: int, seed: int) -> None:
        super().__init__()
        self._bytes = b"\x00" + random.Random(seed).randbytes(count - 1)

    async def apply(self, connection: ClientConnection, scope: Scope, receive: Receive) -> None:
        """Send them and close the connection."""
        connection.transport.write(self._bytes)
        connection.transport.close()


class NeverResponds(WireFault):
    """No response while the caller waits, for up to `seconds`."""

    def __init__(self, seconds: float, stopping: asyncio.Event) -> None:
        super().__init__()
        self._seconds = seconds
        self._stopping = stopping

    async def apply(self, connection: ClientConnection, scope: Scope, receive: Receive) -> None:
        """Wait until the caller is gone or the time is over, then close the connection."""
        await wait(self._seconds, receive, self._stopping)
        connection.transport.close()


class TruncatedResponse(WireFault):
    """A true response of which only a part comes, under the Content-Length of all of it."""

    def __init__(self, whole: Response, share: float) -> None:
        super().__init__()
        self._whole = whole
        self._share = share

    async def apply(self, connection: ClientConnection, scope: Scope, receive: Receive) -> None:
        """Send the part, which HEAD has none of, and close the connection."""
        whole = self._whole
        body = bytes(whole.body)
        status = whole.status_code
        phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
        pairs = [*SANDBOXED, *(pair for pair in whole.raw_headers if pair[0] != b"content-length")]
        pairs += [
            (name.encode(), value.encode("latin-1")) for name, value in self.headers.items() if name != "content-length"
        ]
        pairs.append((b"content-length", str(len(body)).encode()))
        head = b"".join(b"%s: %s\r\n" % pair for pair in pairs)
        part = b"" if connection.cycle.scope["method"] == "HEAD" else body[: int(len(body) * self._share)]
        connection.transport.write(f"HTTP/1.1 {status} {phrase}\r\n".encode() + head + b"\r\n" + part)
        connection.transport.close()


class SlowResponse(Response):
    """A response whose body comes in small pieces."""

    def __init__(self, whole: Response, piece: int, pause: float, stopping: asyncio.Event) -> None:
        """Send `whole` in pieces of so many bytes, `pause` s apart, until the emulator is `stopping`."""
        super().__init__(whole.body, whole.status_code)
        self.raw_headers = whole.raw_headers
        self._piece = piece
        self._pause = pause
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; slowness ends when the caller goes away."""
        body = bytes(self.body)
        start: dict[str, Any] = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        for begin in range(0, len(body), self._piece):
            if begin and await wait(self._pause, receive, self._stopping) != "over":
                return self._break_off(scope)
            await send({"type": "http.response.body", "body": body[begin : begin + self._piece], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @staticmethod
    def _break_off(scope: Scope) -> None:
        connection = connection_of(scope)
        if connection is not None and not connection.cycle.response_complete:  # as it is for HEAD
            connection.transport.close()
            connection.give_up()
