"""What becomes of resources later: outcomes carried out by timers of the application, so that they follow its clock.

A rule, or a magic value, gives a resource its fate when it begins. `HANDLERS` is what the timers do (the action is
`fault.` and the effect, the subject is the resource's id); `SCHEDULES` says which event sets them. Both, and what there
is besides, are made of what scenarios/resources/ declares for each kind; what is about a session is here.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType
from typing import cast

from scenarios.effect import Effect
from scenarios.effects import EFFECTS
from scenarios.engine import Faults, PlannedOutcome
from scenarios.later_effects import Outcome
from scenarios.magic import values_of
from scenarios.resources.outcome import KindOutcomes, Schedule, Settings, action, later
from scenarios.resources.registry import OUTCOMES
from scenarios.targets import Names
from state import rotation, sessions
from state.application import Application, Handler
from state.events import Event


def _schedules() -> dict[str, dict[str, Schedule]]:
    found: dict[str, dict[str, Schedule]] = {}
    for each in OUTCOMES.values():
        for effect, outcome in each.outcomes.items():
            for event, schedule in outcome.at.items():
                found.setdefault(each.named(event), {})[effect] = schedule
    return found


def _beginnings() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in OUTCOMES.values():
        for effect, outcome in each.outcomes.items():
            for event in outcome.planned or (each.kind.events[0],):
                found.setdefault(each.named(event), set()).add(effect)
    return found


SCHEDULES: Mapping[str, Mapping[str, Schedule]] = MappingProxyType(_schedules())
"""What sets the timer of each effect, by event."""

BEGINNINGS: Mapping[str, Set[str]] = MappingProxyType(_beginnings())
"""The events at which a resource gets its fate, and what it can be."""

STATES = frozenset(status for each in OUTCOMES.values() for status in each.kind.lifecycle.transitions)
"""What the status of a resource can be: those of calls are told by callbacks only."""

ENDINGS = frozenset(ending for each in OUTCOMES.values() for ending in each.endings())
"""The events after which nothing more is to become of a resource."""

CONCERNS: Mapping[str, KindOutcomes] = MappingProxyType(
    {effect: each for each in OUTCOMES.values() for effect in each.outcomes}
)
"""The kind of resource that each outcome concerns; those that are not here concern a session."""

BESIDE: Mapping[str, str] = MappingProxyType(
    {
        beside: effect
        for each in OUTCOMES.values()
        for effect, outcome in each.outcomes.items()
        for beside in outcome.beside
    }
)
"""What happens on the way to an outcome, as a timer of its own."""

_CHANGES = frozenset(each.kind.name + "." + each.kind.changes for each in OUTCOMES.values() if each.kind.changes)
"""The events of changes that are told apart by the status."""


class Outcomes:
    """Watches what happens in applications and gives resources their fate; makes `Faults` where there are none."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def faults(self, app: Application) -> Faults:
        """Return the application's faults, made when it has none."""
        if app.faults is None:
            app.faults = Faults(self.names)
        return cast(Faults, app.faults)

    def watch(self, app: Application, event: Event) -> None:
        """See an event, before what it leads to."""
        type_ = event.type
        if type_ in _CHANGES:
            type_ = f"{event.record.kind}.{event.record.status}"
        if type_ in BEGINNINGS:
            self._decide(app, event, BEGINNINGS[type_])
        if app.faults is not None and type_ in SCHEDULES:
            faults = cast(Faults, app.faults)
            outcomes = faults.planned.get(event.subject)
            if outcomes:
                for effect, schedule in SCHEDULES[type_].items():
                    if effect in outcomes and app.timeline.get(action(effect), event.subject) is None:
                        schedule(app, effect, event.subject, outcomes[effect].settings)
        if app.faults is not None and type_ in ENDINGS:
            for subject in cast(Faults, app.faults).forget(event.subject):
                app.timeline.cancel(*HANDLERS, subject)

    def _decide(self, app: Application, event: Event, possible: Set[str]) -> None:
        if app.faults is not None:
            faults = cast(Faults, app.faults)
            for pending in [each for each in faults.pending if each.effect in possible]:
                faults.pending.remove(pending)
                _give(faults, event, pending)
        if app.options.magic_values == "on":
            for magic, target in values_of(event.record):
                if magic.effect in possible:
                    effect = EFFECTS[magic.effect].model_validate(
                        {**magic.settings, **({"target": target} if target else {})}
                    )
                    _give(self.faults(app), event, planned_outcome(magic.effect, effect, f"magic:{magic.word}"))


def planned_outcome(name: str, effect: Effect, rule: str) -> PlannedOutcome:
    """Return what an outcome of a rule, or of a magic value, makes of a resource."""
    settings = effect.model_dump(by_alias=True)
    if "target" in settings:
        settings["targets"] = [settings.pop("target")]
    return PlannedOutcome(name, settings, rule)


def _give(faults: Faults, event: Event, planned: PlannedOutcome) -> None:
    """Let a resource have its fate, if there is something to happen to; what has been decided of it before stands."""
    concerned = CONCERNS[planned.effect]
    if not concerned.outcomes[planned.effect].fits(event.record, planned.settings):
        return
    outcomes = faults.planned.get(event.subject, {})
    if planned.effect in outcomes:
        targets = outcomes[planned.effect].settings.get("targets", [""])
        more = [target for target in planned.settings.get("targets", ()) if "" not in targets and target not in targets]
        if not more:
            return
        targets.extend(more)
        faults.revision += 1
    elif any(_decides(effect) == _decides(planned.effect) for effect in outcomes):
        return
    else:
        faults.decide(event.subject, planned)
    if planned.rule not in faults.applied:
        faults.applied.append(planned.rule)


def _decides(effect: str) -> str:
    return cast(type[Outcome], EFFECTS[effect]).decides or effect


def apply_to_session(app: Application, faults: Faults, session_id: str, planned: PlannedOutcome) -> None:
    """Let an outcome that is about a session happen to it, after the seconds that it is set to."""
    subject = f"{session_id} {planned.rule}"
    faults.decide(subject, planned)
    later(app, planned.effect, subject, planned.settings)


def _settings(app: Application, subject: str, effect: str) -> Settings:
    faults = cast(Faults, app.faults)
    return faults.planned[subject][effect].settings


# What the timers do. Whatever has ended meanwhile is left alone.


def _handler(concerned: KindOutcomes, effect: str) -> Handler:
    happens, during = concerned.outcomes[effect].happens, concerned.during(effect)

    def handler(app: Application, subject: str) -> None:
        record = app[concerned.kind.type].get(subject)
        if record.status in during:
            happens(app, record, _settings(app, subject, effect))

    return handler


def _network_drops(app: Application, subject: str) -> None:
    session = app.sessions[subject.partition(" ")[0]]
    who = cast(Faults, app.faults).carry_out(subject, "networkDrops")["who"]
    clients = [connection.id for connection in session.connections.values() if connection.origin == "client"]
    for connection_id in {"first": clients[:1], "last": clients[-1:], "all": clients}[who]:
        sessions.leave(app, session, connection_id, "networkDisconnected")


def _server_rotation(app: Application, subject: str) -> None:
    migrates = cast(Faults, app.faults).carry_out(subject, "serverRotation").get("migrates")
    rotation.rotate(app, app.sessions[subject.partition(" ")[0]], migrates=migrates)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        **{action(effect): _handler(concerned, effect) for effect, concerned in CONCERNS.items()},
        **{
            action(beside): handler
            for effect, concerned in CONCERNS.items()
            for beside, handler in concerned.outcomes[effect].beside.items()
        },
        action("networkDrops"): _network_drops,
        action("serverRotation"): _server_rotation,
    }
)
