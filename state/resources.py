"""The kinds of resources: all that there is in sessions besides connections, streams and signals."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from state import archives, broadcasts, calls, captions, connectors, renders
from state.resource_kind import ResourceKind

RESOURCES: tuple[ResourceKind[Any], ...] = (
    archives.KIND,
    broadcasts.KIND,
    captions.KIND,
    renders.KIND,
    calls.KIND,
    connectors.KIND,
)
"""In the order in which they are listed, and in which they react to the same event."""

RESOURCE_KINDS: Mapping[str, ResourceKind[Any]] = MappingProxyType({kind.name: kind for kind in RESOURCES})
"""By name."""
