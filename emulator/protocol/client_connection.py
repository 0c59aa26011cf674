"""The way back to the caller of one request, for what is done below HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

if TYPE_CHECKING:
    from emulator.spec.responses import ErrorBody

CONNECTION = "emulator.connection"
"""The ASGI extension that holds the `ClientConnection` of a request."""


class ClientConnection:
    """The way back to the caller of one request: other requests may wait behind it on the same connection.

    `refusal` is set when the request cannot be served as it was sent; for a body that turns out so, while it arrives.
    """

    __slots__ = ("_linger", "cycle", "refusal", "transport")

    def __init__(
        self, transport: asyncio.Transport, cycle: RequestResponseCycle, linger: Callable[[RequestResponseCycle], None]
    ) -> None:
        self.transport = transport
        self.cycle = cycle
        self.refusal: ErrorBody | None = None
        self._linger = linger

    def linger(self) -> None:
        """End the connection behind the response so that the caller reads it, and no reset, if it is still sending."""
        self._linger(self.cycle)

    def give_up(self) -> None:
        """Let uvicorn expect no more of a response."""
        self.cycle.disconnected = True
        self.cycle.message_event.set()


def connection_of(scope: Scope) -> ClientConnection | None:
    """Return the way back to the caller, None where there are no sockets."""
    connection = scope.get("extensions", {}).get(CONNECTION)
    return connection if isinstance(connection, ClientConnection) else None


def reset(transport: asyncio.Transport) -> None:
    """Close a connection with RST instead of FIN."""
    plain = transport.get_extra_info("socket")
    if plain is not None:
        # A copy of the descriptor: uvloop's sockets do not take options. The option belongs to the connection.
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(plain.fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
