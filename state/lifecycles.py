"""Every life cycle as data: those of resources, of their outputs, and of callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from state import outbox
from state.records import Lifecycle
from state.resources import RESOURCES

LIFECYCLES: Mapping[str, Lifecycle] = MappingProxyType(
    {
        **{
            name: lifecycle
            for kind in RESOURCES
            for name, lifecycle in (
                (kind.name, kind.lifecycle),
                *((name, output.lifecycle) for name, output in kind.outputs.items()),
            )
        },
        "callback": outbox.LIFECYCLE,
    }
)
