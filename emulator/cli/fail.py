"""How a command fails: with a line that says why, and a status."""

from __future__ import annotations

import sys
from typing import NoReturn


def fail(message: str, status: int = 2) -> NoReturn:
    """End the command."""
    print(message, file=sys.stderr)
    raise SystemExit(status)
