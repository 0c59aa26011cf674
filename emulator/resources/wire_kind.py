"""What is particular to a kind of resource on the wire: declared for each in its module beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.resources.callback_type import CallbackType
from emulator.spec.wire import Audience, Json
from state.resource_kind import ResourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WireKind:
    """A kind of resource on the wire.

    `parameter` is that of paths which name one, empty where no path does; `naming` are the fields of a request that
    name what it starts, which a rule may go by. `write` returns one as the service shows it. `callbacks` are by event.
    """

    kind: ResourceKind[Any]
    parameter: str
    naming: tuple[str, ...]
    write: Callable[[Audience, Any], Json]
    callbacks: Mapping[str, CallbackType]
