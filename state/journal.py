"""The journal: what was asked of the emulator and what it answered, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar

from state.bytes_json import JsonBytes
from state.memory import fitted

MAX_BODY = 65_536
MAX_BYTES = 16 * 1024 * 1024
"""Bytes of headers and bodies that a journal keeps at most, besides the number of exchanges."""


@dataclass(frozen=True, slots=True)
class Undocumented:
    """What a request said and was let have, though it is documented otherwise.

    `field` is that of the body with dots into objects, of the query with a question mark in front, or `token.` and a
    claim; `documented` says in words what is allowed.
    """

    field: str
    value: Any
    documented: str


@dataclass(slots=True)
class Exchange:
    """One request with its response; `at` in ms of the application's clock, `duration` in ms of real time.

    `fault` names the rules that fired on it. `unread` names the fields of the request that nothing looked at: of the
    body with dots into objects, of the query with a question mark in front. `undocumented` is what it said that is
    documented otherwise, and was accepted.
    Bodies are kept up to `MAX_BODY` bytes; `truncated` tells that there was more.
    """

    kind: ClassVar[str] = "exchange"

    at: int
    method: str
    path: str
    query: str = ""
    operation: str = ""
    headers: tuple[tuple[JsonBytes, JsonBytes], ...] = ()
    body: JsonBytes = b""
    status: int = 0
    answer: JsonBytes = b""
    duration: float = 0.0
    claims: Mapping[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    undocumented: tuple[Undocumented, ...] = ()
    number: int = 0
    fault: str = ""
    truncated: bool = False

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        headers = sum(map(len, chain.from_iterable(self.headers)))
        return len(self.path) + len(self.query) + headers + len(self.body) + len(self.answer)


class Journal:
    """The newest exchanges, the oldest given up when it is full. Numbers start at 1 and have no gaps."""

    __slots__ = ("_bytes", "_ring", "_weights", "last", "size")

    def __init__(self, size: int) -> None:
        self._ring: deque[Exchange] = deque()
        self._weights: deque[int] = deque()
        self._bytes = 0
        self.size = size
        self.last = 0

    def __len__(self) -> int:
        return len(self._ring)

    def append(self, exchange: Exchange) -> None:
        """Keep `exchange` and number it."""
        exchange.number = self.last + 1
        self.put(exchange)

    def put(self, exchange: Exchange) -> None:
        """Keep `exchange`, which has a number already."""
        self.last = exchange.number
        exchange.answer = fitted(exchange.answer)
        taken = exchange.bytes
        self._ring.append(exchange)
        self._weights.append(taken)
        self._bytes += taken
        while len(self._ring) > self.size or self._bytes > MAX_BYTES:
            self._give_up()

    def _give_up(self) -> None:
        self._ring.popleft()
        self._bytes -= self._weights.popleft()

    @property
    def bytes(self) -> int:
        """Bytes of headers and bodies that are kept."""
        return self._bytes

    def give_up_half(self) -> None:
        """Give up the older half."""
        for _ in range(len(self._ring) // 2):
            self._give_up()

    def get(self, number: int) -> Exchange | None:
        """Return the exchange with this number, or None when it is not (or no longer) kept."""
        return next((exchange for exchange in reversed(self._ring) if exchange.number == number), None)

    def newest(self, count: int, operation: str | None = None, after: int = 0) -> list[Exchange]:
        """Return up to `count` exchanges, newest first, of one operation or of all, with a number after `after`."""
        found: list[Exchange] = []
        for exchange in reversed(self._ring):
            if len(found) == count or exchange.number <= after:
                break
            if operation is None or exchange.operation == operation:
                found.append(exchange)
        return found
