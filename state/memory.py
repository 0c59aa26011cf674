"""How many bytes are kept of one application, and of all together."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import orjson

MIB = 1024 * 1024

EVENTS = 32 * MIB
SIGNALS = 16 * MIB
CALLBACKS = 32 * MIB
RECORDS = 128 * MIB
"""Of one application at most, the oldest given up first: events, signals, callbacks with their attempts, and records
that have ended, of each kind."""

CHECKPOINTS = 128 * MIB
RULES = 16 * MIB
"""Of one application at most, refused where it would be more: checkpoints, failure rules."""

ALL = 512 * MIB
"""Of all applications together: where it is more, the one with the most gives up the older half of what it may."""

OVERHEAD = 300
"""Bytes that anything takes besides what is written of it."""


def fitted(written: bytes) -> bytes:
    """Return a copy of what orjson wrote, to be kept: its own results take 4 KiB and more, however short they are."""
    return b"".join((written, b""))


def weight(record: Any) -> int:
    """Return about how many bytes a record takes, by what is written of it."""
    try:
        return OVERHEAD + len(orjson.dumps(record, default=_plain))
    except (TypeError, ValueError):  # nested too deeply for JSON
        return OVERHEAD + len(repr(record))


def _plain(value: Any) -> Any:
    if type(value) is MappingProxyType:  # what records have most of
        return dict(value)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, set | frozenset):
        return list(value)
    return dict(value)
