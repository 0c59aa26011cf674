"""Everything that happens in an application is one numbered event in a bounded ring."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any

TYPES: frozenset[str] = frozenset(
    f"{kind}.{what}"
    for kind, whats in {
        "session": "created destroyed notification migrating migrated",
        "connection": "created destroyed",
        "stream": "created updated muted destroyed",
        "signal": "sent",
        "archive": "started paused stopped uploaded available expired failed deleted updated streamAdded streamRemoved",
        "broadcast": "started updated stopped failed",
        "render": "starting started stopped failed",
        "captions": "started transcribing stopped failed",
        "call": "created updated digits muteForced destroyed",
        "connector": "connecting connected disconnected",
    }.items()
    for what in whats.split()
)
"""Everything that can happen."""


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


class Events:
    """The newest events of an application, the oldest given up when the ring is full."""

    __slots__ = ("_ring", "last")

    def __init__(self, size: int, last: int = 0) -> None:
        self._ring: deque[Event] = deque(maxlen=size)
        self.last = last

    def append(self, event: Event) -> None:
        """Keep `event`, whose number must be `last + 1`."""
        self._ring.append(event)
        self.last = event.number

    def after(self, number: int) -> list[Event]:
        """Return the kept events with a number greater than `number`, oldest first."""
        new = list(islice(reversed(self._ring), max(0, self.last - number)))
        new.reverse()
        return new

    @property
    def first(self) -> int:
        """The number of the oldest event that is kept; one more than `last` when none is."""
        return self._ring[0].number if self._ring else self.last + 1
