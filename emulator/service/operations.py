"""All operations: what the modules of this room declare, in the order of these modules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emulator.service import (
    archives,
    broadcasts,
    callbacks,
    captions,
    connectors,
    renders,
    sessions,
    sip,
    storages,
    streams,
)
from emulator.spec.operations import Operation

_MODULES = (sessions, streams, archives, storages, broadcasts, sip, captions, renders, connectors, callbacks)

OPERATIONS: tuple[Operation, ...] = tuple(
    each for module in _MODULES for each in vars(module).values() if isinstance(each, Operation)
)

BY_ID: Mapping[str, Operation] = MappingProxyType({each.id: each for each in OPERATIONS})
