"""Every type of event: `archive.started`, `connection.created` …"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from state.resources import RESOURCES

_IN_SESSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "session": ("created", "destroyed", "notification", "migrating", "migrated"),
        "connection": ("created", "destroyed"),
        "stream": ("created", "updated", "muted", "destroyed"),
        "signal": ("sent",),
    }
)

EVENT_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**_IN_SESSIONS, **{kind.name: kind.events for kind in RESOURCES}}
)
"""What can happen, by what it happens to."""

TYPES: frozenset[str] = frozenset(f"{kind}.{what}" for kind, whats in EVENT_KINDS.items() for what in whats)
"""Everything that can happen."""
