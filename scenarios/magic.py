"""Values that select an outcome, for suites that have nothing but an SDK: all of them, from each kind of resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from scenarios.resources.magic_words import DOMAIN, PREFIX, Found, Magic
from scenarios.resources.registry import OUTCOMES

__all__ = ["BEGINNINGS", "DOMAIN", "MAGIC", "PREFIX", "Magic", "values_of"]

MAGIC: tuple[Magic, ...] = tuple(magic for each in OUTCOMES.values() for magic in each.magic)

BEGINNINGS = frozenset(each.kind.beginning for each in OUTCOMES.values() if each.magic)
"""The events whose records may hold a magic value."""

_READERS: Mapping[type, Callable[[Any], Found]] = MappingProxyType(
    {each.kind.type: each.magic_of for each in OUTCOMES.values()}
)


def values_of(record: Any) -> Found:
    """Yield the magic values that a new record was made with, each with the RTMP target it is for (else empty)."""
    return _READERS[type(record)](record)
