"""Everything that happens in an application is one numbered event in a bounded ring."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any

from state.memory import EVENTS, OVERHEAD, weight


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: `type` (`archive.started`, `connection.created` …) to `subject` at `at` ms.

    `record` is a copy of the subject as it was at that moment, or None; `stream_id` the stream that was added to it or
    removed. Numbers start at 1 and have no gaps.
    """

    number: int
    at: int
    type: str
    subject: str
    session_id: str = ""
    reason: str = ""
    record: Any = None
    stream_id: str = ""


def matches(pattern: str, type_: str) -> bool:
    """Tell whether a type of events (`archive.available`) is meant by a pattern: itself, its kind (`archive`), `*`."""
    return pattern in ("*", type_) or type_.startswith(pattern + ".")


def _weight(event: Event) -> int:
    """Return about how many bytes an event takes; a session is not copied with all that is in it."""
    record = event.record
    return OVERHEAD if record is None or record.kind == "session" else OVERHEAD + weight(record)


class Events:
    """The newest events of an application, the oldest given up when they are too many, or take too many `bytes`."""

    __slots__ = ("_ring", "_size", "_weights", "bytes", "last")

    def __init__(self, size: int, last: int = 0) -> None:
        self._ring: deque[Event] = deque()
        self._weights: deque[int] = deque()
        self._size = size
        self.bytes = 0
        self.last = last

    def append(self, event: Event) -> int:
        """Keep `event`, whose number must be `last + 1`; return about how many bytes it takes."""
        taken = _weight(event)
        self._ring.append(event)
        self._weights.append(taken)
        self.bytes += taken
        self.last = event.number
        while len(self._ring) > self._size or self.bytes > EVENTS:
            self._give_up()
        return taken

    def give_up_half(self) -> None:
        """Give up the older half."""
        for _ in range(len(self._ring) // 2):
            self._give_up()

    def _give_up(self) -> None:
        self._ring.popleft()
        self.bytes -= self._weights.popleft()

    def after(self, number: int) -> list[Event]:
        """Return the kept events with a number greater than `number`, oldest first."""
        new = list(islice(reversed(self._ring), max(0, self.last - number)))
        new.reverse()
        return new

    def next_after(self, number: int, most: int) -> list[Event]:
        """Return `most` of the kept events with a number greater than `number`, oldest first."""
        skipped = max(0, number + 1 - self.first)
        return list(islice(self._ring, skipped, skipped + most))

    @property
    def first(self) -> int:
        """The number of the oldest event that is kept; one more than `last` when none is."""
        return self._ring[0].number if self._ring else self.last + 1
