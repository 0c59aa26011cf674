"""Large responses to clients that do not read, or read slowly: bounded in bytes and in time."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Send

from emulator.protocol.client_connection import ClientConnection, reset

MAX_UNREAD = 128 * 1024 * 1024
"""Bytes of all large responses that are not read yet; who has waited longest is cut off where it would be more."""

PIECE = 262_144
"""Bytes that are sent together; a response of more is large."""

BODY_TIMEOUT_SECONDS = 60.0
"""s in which a piece has to be read."""


class Unread:
    """The large responses that are on their way; `bytes` is what they take."""

    def __init__(self) -> None:
        self.bytes = 0
        self._sizes: dict[ClientConnection, int] = {}

    async def send(self, send: Send, message: Message, line: ClientConnection) -> None:
        """Send a body piece by piece, each when the one before has left; the server would take all of it at once."""
        body = memoryview(message["body"])
        self._make_room(len(body))
        self._sizes[line] = len(body)
        self.bytes += len(body)
        try:
            for start in range(0, len(body), PIECE):
                last = start + PIECE >= len(body)
                piece = {**message, "body": bytes(body[start : start + PIECE])}
                piece["more_body"] = not last or message.get("more_body", False)
                async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                    await send(piece)
        except TimeoutError:
            self._cut_off(line)
        finally:
            self._forget(line)

    def _make_room(self, size: int) -> None:
        """Cut off who has waited longest, until there is room for so many bytes more."""
        while self._sizes and self.bytes + size > MAX_UNREAD:
            self._cut_off(next(iter(self._sizes)))

    def _cut_off(self, line: ClientConnection) -> None:
        self._forget(line)
        line.give_up()
        reset(line.transport)

    def _forget(self, line: ClientConnection) -> None:
        self.bytes -= self._sizes.pop(line, 0)
