"""The log of a process, as tests look at it."""

from __future__ import annotations

import re

ORDINARY = re.compile(
    r" INFO "  # a call
    r"| 503 .*: The emulator is stopping\.$"
    r"|running task\(s\)"  # the server cut unfinished requests short
    r"|a request was refused with 408"  # a busy machine was late with a head
)


def unexpected(log: str) -> list[str]:
    """Return the lines that tell of trouble; that a call was made, or came too late, is none."""
    return [line for line in log.splitlines() if line.strip() and not ORDINARY.search(line)]
