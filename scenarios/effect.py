"""What every effect is: data, which emulator/faults/execution.py or scenarios/outcomes.py carries out."""

from __future__ import annotations

from typing import ClassVar, Literal

from scenarios.strict import Strict

Kind = Literal["delay", "response", "distortion", "outcome", "callback"]


class Effect(Strict):
    """An effect. `kind` says where it works; of each kind one rule has its way with a call."""

    kind: ClassVar[Kind]
    follows: ClassVar[tuple[str, ...]] = ()
    """The operations that an outcome can follow; empty for all."""
