"""What can become of renders."""

from __future__ import annotations

from scenarios.resources.magic_words import Found, Magic, hosted
from scenarios.resources.outcome import KindOutcomes, ResourceOutcome, Settings, instead_of, later
from state import renders
from state.application import Application
from state.renders import Render


def _fails(app: Application, render: Render, settings: Settings) -> None:
    renders.fail(app, render.id, settings["reason"])


_MAGIC = (Magic("render", "load", "renderCannotLoad"), Magic("render", "crash", "renderCrashes"))


def _magic_of(render: Render) -> Found:
    return hosted(_MAGIC, render.new.url)


OUTCOMES = KindOutcomes(
    kind=renders.KIND,
    outcomes={
        "renderCannotLoad": ResourceOutcome(at={"starting": instead_of("render.start")}, happens=_fails),
        "renderCrashes": ResourceOutcome(at={"started": later}, happens=_fails),
    },
    magic=_MAGIC,
    magic_of=_magic_of,
)
