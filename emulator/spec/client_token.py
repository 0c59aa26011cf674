"""What a client token says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientToken:
    """What a client token says."""

    session_id: str
    role: str
    data: str
    layout_classes: tuple[str, ...]
