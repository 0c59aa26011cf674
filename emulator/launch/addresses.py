"""Under which name a server that listens on an address is reached from the same machine."""

from __future__ import annotations

LOOPBACK = "127.0.0.1"
EVERYWHERE = "*"
"""Every interface, over IPv4 and IPv6."""


def reached_at(host: str, loopback: str = LOOPBACK) -> str:
    """Return the host of URLs for who listens on `host`: `loopback` where that leads there too."""
    if host.lower() in ("", "localhost", LOOPBACK, "0.0.0.0", "::", EVERYWHERE):
        return loopback
    return f"[{host}]" if ":" in host else host
