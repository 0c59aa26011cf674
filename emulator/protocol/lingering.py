"""The end of a connection on which the client may still be sending: it reads the refusal, and no reset.

Closing a socket with unread bytes resets the connection, and the client loses the response with it (RFC 9112 9.6).
So the emulator ends its own direction, and throws away what comes, for a bounded time and number of bytes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

SECONDS = 10.0
"""How long a client may go on sending after its refusal."""
IDLE_SECONDS = 1.0
"""How long it may pause meanwhile."""
BYTES = 128 * 1024 * 1024
"""How much is thrown away."""


class Lingering(asyncio.Transport):
    """The transport of a refused request: as the real one, but it is closed later."""

    def __init__(self, transport: asyncio.Transport, clock: Callable[[], float]) -> None:
        """Take the place of `transport`; `clock` tells the time, s."""
        super().__init__()
        self._transport = transport
        self._clock = clock
        self._left = BYTES
        self._pause = self._end = math.inf

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._end < math.inf or self._transport.is_closing()

    def close(self) -> None:
        """Send no more. TLS has no half of a connection to end: its clients see the length of the refusal."""
        now = self._clock()
        self._end, self._pause = now + SECONDS, now + IDLE_SECONDS
        if not self._transport.is_closing() and self._transport.can_write_eof():
            self._transport.write_eof()

    def discard(self, size: int) -> None:
        """Throw away so many bytes."""
        self._left -= size
        if self._end < math.inf:
            self._pause = self._clock() + IDLE_SECONDS
        if self._left < 0:
            self._transport.abort()

    def check(self, now: float) -> None:
        """End the connection when its time is over; `now` is of the same clock."""
        if now >= min(self._end, self._pause):
            self._transport.abort()
