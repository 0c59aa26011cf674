"""The timeline of one application: what is going to happen, and when."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar


@dataclass(slots=True, order=True)
class Timer:
    """One thing that will happen: `action` on `subject` at `due` ms.

    `pace` names the processing delay it waits for, counted from `since` ms; empty for contractual times.
    """

    kind: ClassVar[str] = "timer"

    due: int
    number: int
    action: str
    subject: str
    since: int = 0
    pace: str = ""
    cancelled: bool = False


class Timeline:
    """Timers in order of their due time; equal times keep the order in which they were set.

    There is at most one timer for an action and subject: setting it again replaces it. `number` is that of the timer
    set last, `changed` names those that were set or are gone since somebody last took it.
    """

    __slots__ = ("_heap", "_timers", "changed", "number")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._timers: dict[tuple[str, str], Timer] = {}
        self.changed: set[tuple[str, str]] = set()
        self.number = 0

    def __len__(self) -> int:
        return len(self._timers)

    def __iter__(self) -> Iterator[Timer]:
        """Yield the pending timers in the order in which they will fire."""
        return iter(sorted(self._timers.values()))

    def set(self, action: str, subject: str, due: int, *, since: int = 0, pace: str = "") -> Timer:
        """Let `action` happen to `subject` at `due` ms."""
        self.number += 1
        timer = Timer(due, self.number, action, subject, since, pace)
        self.put(timer)
        return timer

    def put(self, timer: Timer) -> None:
        """Keep a timer as it is, in place of one of the same action and subject."""
        self.cancel(timer.action, timer.subject)
        self._timers[timer.action, timer.subject] = timer
        self.changed.add((timer.action, timer.subject))
        heapq.heappush(self._heap, (timer.due, timer.number, timer))

    def get(self, action: str, subject: str) -> Timer | None:
        """Return the pending timer, or None."""
        return self._timers.get((action, subject))

    def cancel(self, *actions_and_subject: str) -> None:
        """Forget the pending timers of the actions named first for the subject named last."""
        *actions, subject = actions_and_subject
        for action in actions:
            if timer := self._timers.pop((action, subject), None):
                timer.cancelled = True
                self.changed.add((action, subject))
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._timers):
            self._heap = sorted((timer.due, timer.number, timer) for timer in self._timers.values())

    def next_due(self) -> int | None:
        """Return when the next timer is due, in ms, or None."""
        heap = self._heap
        while heap and heap[0][2].cancelled:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop(self) -> Timer:
        """Remove and return the next timer. Raises IndexError when there is none."""
        self.next_due()
        timer = heapq.heappop(self._heap)[2]
        del self._timers[timer.action, timer.subject]
        self.changed.add((timer.action, timer.subject))
        return timer
