"""How many connections may be open at once, and which of them go when there is no room for another."""

from __future__ import annotations

import functools
import sys

MOST = 8192
"""Open connections at most, however many descriptors there are."""
SHARE = 0.75
"""Of the process's descriptors for connections; the rest is for files, the store and callbacks."""


@functools.cache
def most_connections() -> int:
    """Return how many connections may be open: three quarters of the descriptors that this process may have."""
    if sys.platform == "win32":
        return MOST
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, max(1, int(soft * SHARE)))
