"""Every life cycle as data: which status may follow which; and forcing a resource along it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from state import archives, broadcasts, calls, captions, connectors, outbox, renders
from state.records import Transitions


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The statuses of one kind of resource; `transitions` has those that may follow each, none for an end."""

    initial: str
    transitions: Transitions


LIFECYCLES: Mapping[str, Lifecycle] = MappingProxyType(
    {
        "archive": Lifecycle("started", archives.TRANSITIONS),
        "broadcast": Lifecycle("started", broadcasts.TRANSITIONS),
        "hls": Lifecycle("connecting", broadcasts.HLS_TRANSITIONS),
        "rtmp": Lifecycle("connecting", broadcasts.RTMP_TRANSITIONS),
        "render": Lifecycle("starting", renders.TRANSITIONS),
        "captions": Lifecycle("started", captions.TRANSITIONS),
        "call": Lifecycle("DIALING", calls.TRANSITIONS),
        "connector": Lifecycle("connecting", connectors.TRANSITIONS),
        "callback": Lifecycle("pending", outbox.TRANSITIONS),
    }
)
