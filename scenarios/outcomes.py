"""What becomes of resources later: outcomes carried out by timers of the application, so that they follow its clock.

A rule, or a magic value, gives a resource its fate when it begins. `HANDLERS` is what the timers do (the action is
`fault.` and the effect, the subject is the resource's id); `SCHEDULES` says which event sets them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

from scenarios.effect import Effect
from scenarios.effects import EFFECTS
from scenarios.engine import Faults, PlannedOutcome
from scenarios.later_effects import Outcome
from scenarios.magic import values_of
from scenarios.targets import Names
from state import archives, broadcasts, calls, captions, connectors, renders, rotation, sessions
from state.application import Application, Handler
from state.archives import Archive
from state.broadcasts import Broadcast
from state.calls import Call
from state.captions import Captions
from state.connectors import Connector
from state.events import Event
from state.lifecycles import LIFECYCLES
from state.renders import Render

Settings = Mapping[str, Any]
Schedule = Callable[[Application, str, Settings], None]

BUSY = "486"
DECLINED = "603"
DROPPED = "703"
NO_MEDIA = "704"


def action(effect: str) -> str:
    """Return the action of an effect's timer."""
    return f"fault.{effect}"


def _later(effect: str) -> Schedule:
    """Let the effect happen after the seconds that it is set to."""
    return lambda app, subject, settings: app.after(action(effect), subject, int(settings.get("seconds", 0) * 1000))


def _instead_of(effect: str, pace: str) -> Schedule:
    """Let the effect happen when a processing would end; set before its timer, it comes first at the same moment."""
    return lambda app, subject, settings: app.process(action(effect), subject, pace)


def _no_answer(app: Application, subject: str, settings: Settings) -> None:
    app.after("fault.sipRings", subject, 0)  # the timer of the answer is not set yet
    _later("sipNoAnswer")(app, subject, settings)


def _no_handshake(app: Application, subject: str, settings: Settings) -> None:
    app.after("fault.handshakeHangs", subject, 0)
    _later("handshakeFails")(app, subject, settings)


SCHEDULES: Mapping[str, Mapping[str, Schedule]] = MappingProxyType(
    {
        "archive.started": {"archiveFails": _later("archiveFails")},
        "archive.stopped": {
            "uploadFails": _instead_of("uploadFails", "archive.upload"),
            # These change the upload's timer, which is set after the event.
            "uploadSlow": lambda app, subject, _: app.after("fault.uploadSlow", subject, 0),
            "uploadStuck": lambda app, subject, _: app.after("fault.uploadStuck", subject, 0),
        },
        "broadcast.started": {
            effect: _later(effect) for effect in ("broadcastFails", "rtmpOffline", "rtmpError", "hlsError")
        },
        "render.starting": {"renderCannotLoad": _instead_of("renderCannotLoad", "render.start")},
        "render.started": {"renderCrashes": _later("renderCrashes")},
        "captions.started": {"captionsFail": _later("captionsFail")},
        "captions.transcribing": {},  # what was set when they started can still come
        "call.created": {"sipBusy": _instead_of("sipBusy", "call.ring")},
        "call.RINGING": {"sipDeclined": _instead_of("sipDeclined", "call.answer"), "sipNoAnswer": _no_answer},
        "call.ACTIVE": {"sipDrops": _later("sipDrops"), "sipMediaTimeout": _later("sipMediaTimeout")},
        "connector.connecting": {"handshakeFails": _no_handshake},
    }
)
"""What sets the timer of each effect. Changes of a call are told apart by its status."""

BEGINNINGS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "archive.started": frozenset({"uploadFails", "uploadSlow", "uploadStuck", "archiveFails"}),
        "archive.stopped": frozenset({"uploadFails", "uploadSlow", "uploadStuck"}),
        "broadcast.started": frozenset({"broadcastFails", "rtmpOffline", "rtmpError", "hlsError"}),
        "render.starting": frozenset({"renderCannotLoad", "renderCrashes"}),
        "captions.started": frozenset({"captionsFail"}),
        "call.created": frozenset({"sipBusy", "sipDeclined", "sipNoAnswer", "sipDrops", "sipMediaTimeout"}),
        "connector.connecting": frozenset({"handshakeFails"}),
    }
)
"""The events at which a resource gets its fate, and what it can be."""

RESOURCES = tuple(dict.fromkeys(type_.partition(".")[0] for type_ in BEGINNINGS))
"""The kinds of resources that have outcomes."""

STATES = frozenset(status for kind in RESOURCES for status in LIFECYCLES[kind].transitions)
"""What the status of a resource can be: those of calls are told by callbacks only."""


def _endings(kind: str) -> Iterator[str]:
    """Yield the events of a kind of resource after which no event of `SCHEDULES` can come."""
    following = LIFECYCLES[kind].transitions
    open_ = {status for status in following if f"{kind}.{status}" in SCHEDULES}
    while more := {status for status, after in following.items() if open_.intersection(after)} - open_:
        open_ |= more
    yield from (f"{kind}.{status}" for status in following if status not in open_)


ENDINGS = frozenset(ending for kind in RESOURCES for ending in _endings(kind)) | {"call.destroyed"}
"""The events after which nothing more is to become of a resource; `call.destroyed` tells that a call is `HANGUP`."""


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
        if type_ == "call.updated":
            type_ = f"call.{event.record.status}"
        if type_ in BEGINNINGS:
            self._decide(app, event, BEGINNINGS[type_])
        if app.faults is not None and type_ in SCHEDULES:
            faults = cast(Faults, app.faults)
            outcomes = faults.planned.get(event.subject)
            if outcomes:
                for effect, schedule in SCHEDULES[type_].items():
                    if effect in outcomes and app.timeline.get(action(effect), event.subject) is None:
                        schedule(app, event.subject, outcomes[effect].settings)
        if app.faults is not None and type_ in ENDINGS:
            for subject in cast(Faults, app.faults).forget(event.subject):
                app.timeline.cancel(*HANDLERS, subject)

    def _decide(self, app: Application, event: Event, possible: frozenset[str]) -> None:
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
    if not _finds(planned, event.record):
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


def _finds(planned: PlannedOutcome, record: Any) -> bool:
    """Tell whether a new resource has what an outcome is about."""
    if planned.effect == "hlsError":
        return record.hls is not None
    targets = planned.settings.get("targets")
    return targets is None or any(each.meant_by(target) for each in record.rtmp for target in targets)


def _decides(effect: str) -> str:
    return cast(type[Outcome], EFFECTS[effect]).decides or effect


def apply_to_session(app: Application, faults: Faults, session_id: str, planned: PlannedOutcome) -> None:
    """Let an outcome that is about a session happen to it, after the seconds that it is set to."""
    subject = f"{session_id} {planned.rule}"
    faults.decide(subject, planned)
    _later(planned.effect)(app, subject, planned.settings)


def _settings(app: Application, subject: str, effect: str) -> Settings:
    faults = cast(Faults, app.faults)
    return faults.planned[subject][effect].settings


# What the timers do. Whatever has ended meanwhile is left alone.


def _archive_fails(app: Application, subject: str) -> None:
    archive = app[Archive].get(subject)
    if archive.status in archives.LIVE:
        archives.fail(app, archive, _settings(app, subject, "archiveFails")["reason"])


def _upload_fails(app: Application, subject: str) -> None:
    archive = app[Archive].get(subject)
    if archive.status == "stopped":
        archives.fail(app, archive, _settings(app, subject, "uploadFails")["reason"])


def _upload_slow(app: Application, subject: str) -> None:
    due = app.now + int(_settings(app, subject, "uploadSlow")["seconds"] * 1000)
    for upload in ("archive.upload", "archive.release"):
        if app.timeline.get(upload, subject):
            app.timeline.set(upload, subject, due)


def _upload_stuck(app: Application, subject: str) -> None:
    app.timeline.cancel("archive.upload", "archive.release", subject)


def _broadcast_fails(app: Application, subject: str) -> None:
    if app[Broadcast].get(subject).status == "started":
        broadcasts.fail(app, subject, _settings(app, subject, "broadcastFails")["reason"])


def _rtmp(effect: str, status: str) -> Handler:
    def handler(app: Application, subject: str) -> None:
        settings = _settings(app, subject, effect)
        if app[Broadcast].get(subject).status == "started":
            for target in settings["targets"]:
                broadcasts.set_target_status(app, subject, status, target)

    return handler


def _hls_error(app: Application, subject: str) -> None:
    if app[Broadcast].get(subject).status == "started":
        broadcasts.fail_hls(app, subject)


def _render(effect: str) -> Handler:
    def handler(app: Application, subject: str) -> None:
        if app[Render].get(subject).status in renders.LIVE:
            renders.fail(app, subject, _settings(app, subject, effect)["reason"])

    return handler


def _captions_fail(app: Application, subject: str) -> None:
    if app[Captions].get(subject).status in captions.LIVE:
        captions.fail(app, subject, _settings(app, subject, "captionsFail")["reason"])


def _hang_up(code: str) -> Handler:
    def handler(app: Application, subject: str) -> None:
        if app[Call].get(subject).status != "HANGUP":
            calls.hang_up(app, subject, code)

    return handler


def _sip_no_answer(app: Application, subject: str) -> None:
    code = _settings(app, subject, "sipNoAnswer")["code"]
    _hang_up(str(code))(app, subject)


def _sip_rings(app: Application, subject: str) -> None:
    calls.let_ring(app, subject)


def _handshake_hangs(app: Application, subject: str) -> None:
    app.timeline.cancel("connector.handshake", subject)


def _handshake_fails(app: Application, subject: str) -> None:
    if app[Connector].get(subject).status != "disconnected":
        connectors.fail(app, subject)


def _network_drops(app: Application, subject: str) -> None:
    session = app.sessions[subject.partition(" ")[0]]
    who = _settings(app, subject, "networkDrops")["who"]
    cast(Faults, app.faults).forget(subject)  # it comes to pass once
    clients = [connection.id for connection in session.connections.values() if connection.origin == "client"]
    for connection_id in {"first": clients[:1], "last": clients[-1:], "all": clients}[who]:
        sessions.leave(app, session, connection_id, "networkDisconnected")


def _server_rotation(app: Application, subject: str) -> None:
    migrates = _settings(app, subject, "serverRotation").get("migrates")
    cast(Faults, app.faults).forget(subject)  # it comes to pass once
    rotation.rotate(app, app.sessions[subject.partition(" ")[0]], migrates=migrates)


_ACTIONS: Mapping[str, Handler] = {
    "archiveFails": _archive_fails,
    "uploadFails": _upload_fails,
    "uploadSlow": _upload_slow,
    "uploadStuck": _upload_stuck,
    "broadcastFails": _broadcast_fails,
    "rtmpOffline": _rtmp("rtmpOffline", "offline"),
    "rtmpError": _rtmp("rtmpError", "error"),
    "hlsError": _hls_error,
    "renderCannotLoad": _render("renderCannotLoad"),
    "renderCrashes": _render("renderCrashes"),
    "captionsFail": _captions_fail,
    "sipBusy": _hang_up(BUSY),
    "sipDeclined": _hang_up(DECLINED),
    "sipNoAnswer": _sip_no_answer,
    "sipRings": _sip_rings,
    "sipDrops": _hang_up(DROPPED),
    "sipMediaTimeout": _hang_up(NO_MEDIA),
    "handshakeHangs": _handshake_hangs,
    "handshakeFails": _handshake_fails,
    "networkDrops": _network_drops,
    "serverRotation": _server_rotation,
}

HANDLERS: Mapping[str, Handler] = MappingProxyType({action(effect): handler for effect, handler in _ACTIONS.items()})
