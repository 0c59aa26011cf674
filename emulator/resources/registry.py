"""Resources on the wire, by the name of their kind; the kinds are those of state/resources.py."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emulator.resources import archives, broadcasts, calls, captions, connectors, renders
from emulator.resources.wire_kind import WireKind

WIRE_KINDS: Mapping[str, WireKind] = MappingProxyType(
    {
        each.kind.name: each
        for each in (
            archives.WIRE,
            broadcasts.WIRE,
            captions.WIRE,
            renders.WIRE,
            calls.WIRE,
            connectors.WIRE,
        )
    }
)

PARAMETERS: Mapping[str, WireKind] = MappingProxyType(
    {each.parameter: each for each in WIRE_KINDS.values() if each.parameter}
)
"""By the parameter of paths."""
