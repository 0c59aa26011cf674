"""How many connections may be open at once, and which of them go when there is no room for another."""

from __future__ import annotations

import functools
import sys

MAX_CONNECTIONS = 8192
"""Open connections at most, however many descriptors there are."""
SHARE = 0.75
"""Of the process's descriptors for connections; the rest is for files, the store and callbacks."""


@functools.cache
def max_connections() -> int:
    """Return how many connections may be open: three quarters of the descriptors that this process may have."""
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, max(1, int(soft * SHARE)))
