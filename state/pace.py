"""How long processing takes, in ms, for each pace.

A pace shortens processing only. Contractual times (72 h, 60 s after the last client, maxDuration) follow the clock.
`realistic` repeats the delays seen at the service: fidelity/rest-and-archives.md 12.10 and
broadcasts-sip-captions-renders-callbacks.md 1.1, 2.4, 4.2. Each delay stands beside what takes so long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Delay:
    """How long one kind of processing takes, ms, for each pace."""

    realistic: int
    fast: int
    instant: int = 0


Paces = Mapping[str, Mapping[str, int]]
"""The delays of each pace, by the action of the timer."""


def paces(delays: Mapping[str, Delay]) -> Paces:
    """Return the delays of each pace."""
    return MappingProxyType(
        {
            "realistic": MappingProxyType({action: each.realistic for action, each in delays.items()}),
            "fast": MappingProxyType({action: each.fast for action, each in delays.items()}),
            "instant": MappingProxyType({action: each.instant for action, each in delays.items()}),
        }
    )
