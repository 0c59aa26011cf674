"""What is particular to a kind of resource, declared once, in the module of its record.

`state/resources.py` lists the declarations; collections, life cycles, timers, events and snapshots derive from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic

from state.application import Handler, Reaction
from state.pace import Delay
from state.records import Lifecycle, R


@dataclass(frozen=True, slots=True)
class Output:
    """What a resource sends somewhere, with a life of its own; `of` yields those of a record, each with its field."""

    lifecycle: Lifecycle
    of: Callable[[Any], Iterable[tuple[str, Any]]]


_NONE: Mapping[str, Output] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind(Generic[R]):
    """A kind of resource.

    `plural` stands in paths and counts, `noun` in sentences. `live` are the statuses in which one goes on. `events` is
    what can happen to one, its beginning first; `changes` the one that tells every change of the status, empty where
    each status has its own. `handlers` are what its timers do, `delays` how long of them those take that are
    processing, `reactions` what it does when something else happens. `outputs` are by name. `connects`: a live one is a
    connection of its session. `registrable` are the events of callbacks that an OpenTok project can register.
    """

    type: type[R]
    plural: str
    noun: str
    lifecycle: Lifecycle
    live: frozenset[str]
    events: tuple[str, ...]
    handlers: Mapping[str, Handler]
    reactions: Mapping[str, Reaction]
    delays: Mapping[str, Delay]
    changes: str = ""
    outputs: Mapping[str, Output] = field(default_factory=lambda: _NONE)
    connects: bool = False
    registrable: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its word in events, timers, documents and errors."""
        return self.type.kind

    @property
    def beginning(self) -> str:
        """The type of the event that tells of a new one."""
        return f"{self.name}.{self.events[0]}"
