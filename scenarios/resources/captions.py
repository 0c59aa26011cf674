"""What can become of captions."""

from __future__ import annotations

from scenarios.resources.outcome import KindOutcomes, ResourceOutcome, Settings, later
from state import captions
from state.application import Application
from state.captions import Captions


def _fail(app: Application, run: Captions, settings: Settings) -> None:
    captions.fail(app, run.id, settings["reason"])


OUTCOMES = KindOutcomes(
    kind=captions.KIND, outcomes={"captionsFail": ResourceOutcome(at={"started": later}, happens=_fail)}
)
