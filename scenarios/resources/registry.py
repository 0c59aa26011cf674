"""What can become of resources, by the name of their kind; the kinds are those of state/resources.py."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scenarios.resources import archives, broadcasts, calls, captions, connectors, renders
from scenarios.resources.outcome import KindOutcomes

OUTCOMES: Mapping[str, KindOutcomes] = MappingProxyType(
    {
        each.kind.name: each
        for each in (
            archives.OUTCOMES,
            broadcasts.OUTCOMES,
            captions.OUTCOMES,
            renders.OUTCOMES,
            calls.OUTCOMES,
            connectors.OUTCOMES,
        )
    }
)
