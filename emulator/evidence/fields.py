"""The fields of requests: those that an operation knows, and those that one request sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.faults.targets import content_of
from emulator.service.operations import BY_ID
from emulator.spec.schemas.bodies import paths

OTHER_NAMES: Mapping[str, str] = {"excludedStreams": "excludedStreamIds", "?session_id": "?sessionId"}
"""What some SDKs call a field, and its own name (fidelity/sdk-wire.md 1)."""


def known(operation: str) -> list[str]:
    """Return the fields of an operation's body, with dots into objects and `[]` for items, and of its query (`?`)."""
    declared = BY_ID[operation]
    written = [] if declared.body is None else [path for path in paths(declared.body) if path[-1] not in "#*"]
    found = [path.replace(".#", "[]") for path in written]
    return [name for name in found if name not in OTHER_NAMES] + [f"?{each.name}" for each in declared.query]


def sent(operation: str, body: bytes, query: str) -> list[str]:
    """Return the known fields that one request sent, and did not send as null."""
    names = set(_names(content_of(operation, body)))
    names |= {f"?{name}" for name, value in parse_qsl(query, keep_blank_values=True) if value}
    names |= {OTHER_NAMES[name] for name in names & OTHER_NAMES.keys()}
    return [name for name in known(operation) if name in names]


def _names(content: Any, prefix: str = "") -> Iterator[str]:
    """Yield the names of everything in an object; an object that one SDK writes as text counts as an object."""
    if not isinstance(content, dict):
        return
    for name, value in content.items():
        if value is None:
            continue
        yield prefix + name
        if isinstance(value, str) and value.startswith("{"):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                continue
        if isinstance(value, list):
            for item in value:
                yield from _names(item, f"{prefix}{name}[].")
        else:
            yield from _names(value, f"{prefix}{name}.")
