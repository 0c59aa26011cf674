"""The clock of one application: real by default; it can be frozen, moved and sped up. The only reader of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
"""Spans of time, ms."""

Source = Callable[[], int]

LAST = 253_402_300_799_000
"""The end of the year 9999, ms since the epoch; no clock goes further."""


def wall_ms() -> int:
    """Return the machine's time in ms since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Clock:
    """Time of one application, in ms since the epoch; it never runs backwards.

    Virtual time is `anchor + (source() - started) * speed`, or `anchor` alone while frozen. `orders` counts how often
    it was told to stop or to run.
    """

    source: Source = wall_ms
    anchor: int = 0
    started: int = 0
    speed: float = 1.0
    frozen: bool = False
    orders: int = 0
    _last: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        if not self.anchor:
            self.anchor = self.started = self.source()

    def now(self) -> int:
        """Return the application's time in ms."""
        if self.frozen:
            return self.anchor
        passed = self.source() - self.started
        now = self.anchor + (passed if self.speed == 1.0 else int(passed * self.speed))
        self._last = min(max(now, self._last), LAST)
        return self._last

    def freeze(self, at: int | None = None) -> None:
        """Stop the clock, at `at` ms (not before now) or where it stands."""
        self.anchor = self._last = min(max(self.now(), at or 0), LAST)
        self.frozen = True
        self.orders += 1

    def resume(self, speed: float = 1.0) -> None:
        """Let the clock run from where it stands, `speed` virtual ms for each real ms."""
        self.anchor = self.now()
        self.started = self.source()
        self.speed = speed
        self.frozen = False
        self.orders += 1

    def move(self, to: int) -> None:
        """Set the clock to `to` ms; a time that has passed already changes nothing."""
        if to > self.now():
            self.anchor = self._last = min(to, LAST)
            self.started = self.source()

    def set(self, anchor: int, started: int, speed: float, frozen: bool, orders: int, last: int = 0) -> None:
        """Set the clock to what another one was, which it may lead back to: not before the `last` time it told, ms."""
        self.anchor, self.started, self.speed, self.frozen, self.orders = anchor, started, speed, frozen, orders
        self._last = min(max(anchor, last), LAST)

    def go_on(self) -> None:
        """Run on from the last time that was told, where the machine's clock was set back since."""
        if not self.frozen and self.anchor + (self.source() - self.started) * self.speed < self._last:
            self.anchor, self.started = self._last, self.source()

    def real_delay(self, due: int) -> float | None:
        """Return in how many real s `due` is reached; None when it never is by itself (frozen)."""
        if due <= self.now():
            return 0.0
        if self.frozen:
            return None
        return (due - self.now()) / 1000 / self.speed
