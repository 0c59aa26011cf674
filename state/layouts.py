"""The layout of a composed archive or broadcast."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """How a composition is arranged (fidelity/rest-and-archives.md 12.2)."""

    type: str = "bestFit"
    stylesheet: str = ""
    screenshare_type: str = ""


BEST_FIT = Layout()
