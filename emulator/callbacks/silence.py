"""Receivers that do not answer: while time is advanced each is waited for once, and asked by one attempt at a time."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from urllib.parse import urlsplit

GRACE = 0.05
LEAST_GRACE = 0.25
"""The part of the timeout, and s at least, that is waited for the next response of a receiver that was silent.

It is halved each time it was in vain.
"""

SHORTEST = 0.001
"""s below which it is not waited for at all."""


def names_of(url: str) -> tuple[str, str]:
    """Return what a receiver is known by: its URL, and its scheme, host and port, for all of its URLs may hang."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, url
    return url, f"{parts.scheme}://{parts.netloc}"


class Silence:
    """The receivers of one outbox whose last attempt timed out; `timeout` is that of an attempt, s."""

    def __init__(self, timeout: float) -> None:
        self._first = max(timeout * GRACE, LEAST_GRACE)
        self._grace: dict[str, float] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def __contains__(self, url: str) -> bool:
        return any(name in self._grace for name in names_of(url))

    def forget(self) -> None:
        """Wait for everybody again, as at the beginning of an advance."""
        self._grace.clear()

    def begin(self, url: str) -> None:
        """Note that a receiver did not answer in time."""
        for name in names_of(url):
            self._grace.setdefault(name, self._first)

    def end(self, url: str) -> None:
        """Note that a receiver answered, or refused to."""
        for name in names_of(url):
            self._grace.pop(name, None)
            self._locks.pop(name, None)

    def grace(self, url: str) -> float:
        """Return how long a receiver is still waited for, s."""
        return min((self._grace[name] for name in names_of(url) if name in self._grace), default=self._first)

    def wear_out(self, url: str) -> None:
        """Wait half as long from now on: it was waited for in vain."""
        for name in names_of(url):
            if name in self._grace:
                halved = self._grace[name] / 2
                self._grace[name] = halved if halved > SHORTEST else 0.0

    def one_at_a_time(self, url: str) -> AbstractAsyncContextManager[None]:
        """Return a context that one attempt is in for each receiver that is silent; of others, everybody is."""
        if url not in self:
            return nullcontext()
        return self._locks.setdefault(names_of(url)[1], asyncio.Lock())
