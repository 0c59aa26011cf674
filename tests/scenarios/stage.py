"""A world in which outcomes and timelines happen, on a clock that a test moves; without a server."""

from __future__ import annotations

from typing import Any

from scenarios import outcomes, timeline
from scenarios.effects import EFFECTS
from scenarios.engine import Faults, PlannedOutcome
from scenarios.outcomes import Outcomes, planned_outcome
from scenarios.targets import Names
from tests.scenarios.targets import NAMES
from tests.state.conftest import Tenant


class Stage(Tenant):
    """A tenant whose resources have outcomes."""

    def __init__(self, names: Names = NAMES, **options: object) -> None:
        super().__init__(**{"pace": "realistic", **options})
        self.outcomes = Outcomes(names)
        self.world.watchers.append(self.outcomes.watch)
        self.world.handlers.update(outcomes.HANDLERS)
        self.world.handlers.update(timeline.HANDLERS)

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self.outcomes.faults(self.app)

    def expect(self, effect: str, settings: dict[str, Any] | None = None, rule: str = "rule") -> PlannedOutcome:
        """Let what begins next have an outcome, as when a rule fired on the call that begins it."""
        planned = planned_outcome(effect, EFFECTS[effect].model_validate(settings or {}), rule)
        self.faults.pending.append(planned)
        return planned
