"""Waiting for what only the service can tell; for what the emulator tells there is `wait_for`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

WAIT_SECONDS = 10.0
POLL_SECONDS = 0.02

T = TypeVar("T")


def eventually(probe: Callable[[], T], what: str, seconds: float = WAIT_SECONDS) -> T:
    """Ask `probe` until it answers something true and return that; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; the last answer was {answer!r}")
        time.sleep(POLL_SECONDS)
