"""What becomes of resources: each outcome at its time, each magic value, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.effects import EFFECTS
from scenarios.later_effects import NetworkDrops, ServerRotation
from scenarios.magic import MAGIC, Magic, values_of
from scenarios.outcomes import CONCERNS, apply_to_session, planned_outcome
from scenarios.rules import read_rule
from state import archives, broadcasts, calls, captions, connectors, renders, sessions
from state.application import Application
from state.archive_records import ArchiveSettings
from state.broadcasts import Broadcast, BroadcastSettings, Hls, RtmpTarget
from state.calls import CallSettings
from state.captions import CaptionsSettings
from state.connectors import ConnectorSettings
from state.renders import RenderSettings
from state.session_records import Session
from state.timeline import Timer
from tests.scenarios.stage import Stage
from tests.scenarios.targets import NAMES

TARGETS = (RtmpTarget("rtmp://a/live", "key-a", "a"), RtmpTarget("rtmp://b/live", "key-b", "b"))

BEGIN: dict[str, Callable[[Application, Session], Any]] = {
    "archive": lambda app, session: archives.start(app, session, ArchiveSettings()),
    "broadcast": lambda app, session: broadcasts.start(app, session, BroadcastSettings(hls=Hls(), rtmp=TARGETS)),
    "captions": lambda app, session: captions.start(app, session, CaptionsSettings()),
    "render": lambda app, session: renders.start(app, session, RenderSettings("http://localhost/")),
    "call": lambda app, session: calls.dial(app, session, CallSettings("sip:a@localhost")),
    "connector": lambda app, session: connectors.connect(app, session, ConnectorSettings("ws://localhost/")),
}


def begin(stage: Stage, kind: str) -> Any:
    session = stage.session()
    stage.join(session)
    with stage.world.unit(stage.app) as app:
        return BEGIN[kind](app, session)


def status(record: Any) -> str:
    """Return the status with what else tells one outcome from another."""
    if isinstance(record, Broadcast):
        assert record.hls
        return " ".join((record.status, record.hls.status, *(target.status for target in record.rtmp)))
    return f"{record.status} {getattr(record, 'reason', '') or getattr(record, 'reason_code', '')}".strip()


TABLE: list[tuple[str, dict[str, Any], list[tuple[float, str]]]] = [
    ("uploadFails", {}, [(3.9, "stopped user initiated"), (4, "failed failure"), (600, "failed failure")]),
    ("uploadFails", {"reason": "disk"}, [(4, "failed disk")]),
    ("uploadSlow", {"seconds": 90}, [(89.9, "stopped user initiated"), (90, "uploaded user initiated")]),
    ("uploadStuck", {}, [(0, "stopped user initiated"), (80 * 3600, "stopped user initiated")]),
    ("archiveFails", {"seconds": 5, "reason": "crash"}, [(4.9, "started"), (5, "failed crash")]),
    ("broadcastFails", {"seconds": 7}, [(6.9, "started ready live live"), (7, "failed ended live live")]),
    ("rtmpOffline", {"seconds": 20}, [(19, "started live live live"), (20, "started live offline offline")]),
    ("rtmpOffline", {"seconds": 20, "target": "key-a"}, [(20, "started live offline live")]),
    ("rtmpError", {"target": "rtmp://b/live"}, [(0, "started connecting connecting error")]),
    ("hlsError", {"seconds": 6}, [(5.9, "started ready live live"), (60, "started error live live")]),
    ("captionsFail", {"seconds": 1}, [(0.9, "started"), (1, "failed Transcribe quota exceeded")]),
    ("renderCannotLoad", {}, [(2.9, "starting"), (3, "failed Could not load URL")]),
    ("renderCrashes", {"reason": "out of memory"}, [(7.9, "started"), (8, "failed out of memory")]),
    ("sipBusy", {}, [(0.4, "DIALING"), (0.5, "HANGUP 486")]),
    ("sipNoAnswer", {}, [(30.4, "RINGING"), (30.5, "HANGUP 480")]),
    ("sipNoAnswer", {"seconds": 1, "code": 408}, [(1.4, "RINGING"), (1.5, "HANGUP 408")]),
    ("sipDeclined", {}, [(3.4, "RINGING"), (3.5, "HANGUP 603")]),
    ("sipDrops", {}, [(8.4, "ACTIVE"), (8.5, "HANGUP 703")]),
    ("sipMediaTimeout", {"seconds": 2}, [(5.4, "ACTIVE"), (5.5, "HANGUP 704")]),
    ("handshakeFails", {}, [(5.9, "connecting"), (6, "disconnected")]),
]


@pytest.mark.parametrize(("effect", "settings", "course"), TABLE, ids=lambda value: str(value)[:30])
def test_an_outcome_comes_to_pass_at_its_time(
    effect: str, settings: dict[str, Any], course: list[tuple[float, str]]
) -> None:
    stage = Stage()
    stage.expect(effect, settings)
    record = begin(stage, CONCERNS[effect].kind.name)
    assert stage.faults.applied == ["rule"]
    if effect.startswith("upload"):
        with stage.world.unit(stage.app) as app:
            archives.stop(app, record.id)
    passed = 0.0
    for at, expected in course:
        stage.advance(at - passed)
        passed = at
        assert status(record) == expected, at
    stage.advance(4 * 24 * 3600)
    assert not [timer for timer in stage.app.timeline if timer.subject == record.id]
    if record.status not in CONCERNS[effect].kind.live and effect != "uploadStuck":
        assert not stage.faults.planned  # nothing more is to become of it


def test_every_outcome_of_a_resource_is_in_the_table() -> None:
    assert {effect for effect, _, _ in TABLE} == set(CONCERNS)


@pytest.mark.parametrize("effect", ["uploadFails", "uploadSlow", "uploadStuck"])
def test_an_upload_that_is_decided_when_the_archive_stops(effect: str) -> None:
    stage = Stage()
    archive = begin(stage, "archive")
    stage.expect(effect, {})
    with stage.world.unit(stage.app) as app:
        archives.stop(app, archive.id)
    stage.advance(10)
    assert archive.status == {"uploadFails": "failed", "uploadSlow": "stopped", "uploadStuck": "stopped"}[effect]


def test_an_upload_that_is_slow_goes_on_with_its_storage() -> None:
    """Where nothing is uploaded, it is the copy to the cloud that takes so long."""
    for storage, ended in (("uploadThenCloud", "uploaded"), ("cloud", "available"), ("target", "uploaded")):
        stage = Stage(archive_storage=storage)
        stage.expect("uploadSlow", {"seconds": 60})
        archive = begin(stage, "archive")
        with stage.world.unit(stage.app) as app:
            archives.stop(app, archive.id)
        stage.advance(59)
        assert archive.status == "stopped"
        stage.advance(1)
        assert archive.status == ended


def forced(stage: Stage, kind: str) -> Any:
    """Begin something and end it by hand before its outcome."""
    record = begin(stage, kind)
    end: dict[str, Callable[[Application], object]] = {
        "archive": lambda app: archives.stop(app, record.id),
        "broadcast": lambda app: broadcasts.stop(app, record.id),
        "captions": lambda app: captions.stop(app, record.id),
        "render": lambda app: renders.stop(app, record.id),
        "call": lambda app: calls.hang_up(app, record.id, "200"),
        "connector": lambda app: connectors.disconnect(app, record.id),
    }
    with stage.world.unit(stage.app) as app:
        end[kind](app)
    return record


@pytest.mark.parametrize("effect", CONCERNS)
def test_what_has_ended_meanwhile_is_left_alone(effect: str) -> None:
    """Its timer is gone with it; one that comes all the same, as from a snapshot, does nothing."""
    ends = []
    for expected in (False, True):
        stage = Stage()
        settings = {"seconds": 20} if "seconds" in EFFECTS[effect].model_fields else {}
        if expected and not effect.startswith("upload"):
            stage.expect(effect, settings)
        record = forced(stage, CONCERNS[effect].kind.name)
        stage.advance(10)
        if expected:
            with stage.world.unit(stage.app) as app:
                planned = planned_outcome(effect, EFFECTS[effect].model_validate({}), "rule")
                stage.faults.decide(record.id, planned)
                app.timeline.set(f"fault.{effect}", record.id, app.now)
        stage.advance(60)
        ends.append(status(record))
    assert ends[0] == ends[1]


def test_the_first_of_two_outcomes_that_decide_the_same_has_its_way() -> None:
    stage = Stage()
    stage.expect("sipBusy", rule="one")
    stage.expect("sipDrops", rule="two")
    stage.expect("sipBusy", rule="three")
    call = begin(stage, "call")
    assert list(stage.faults.planned[call.id]) == ["sipBusy"]
    assert (stage.faults.applied, stage.faults.pending) == (["one"], [])
    stage.advance(10)
    assert status(call) == "HANGUP 486"


def test_outcomes_that_decide_different_things_both_happen() -> None:
    stage = Stage()
    stage.expect("hlsError", {"seconds": 5}, "one")
    stage.expect("rtmpOffline", {"seconds": 9}, "two")
    stage.expect("captionsFail", {}, "three")  # of something else: it waits
    broadcast = begin(stage, "broadcast")
    assert (stage.faults.applied, [each.rule for each in stage.faults.pending]) == (["one", "two"], ["three"])
    stage.advance(20)
    assert status(broadcast) == "started error offline offline"


@pytest.mark.parametrize(
    ("first", "second", "targets", "applied"),
    [
        ("a", "b", ["a", "b"], ["1", "2"]),
        ("a", "a", ["a"], ["1"]),
        ("a", "", ["a", ""], ["1", "2"]),
        ("", "a", [""], ["1"]),
        ("none", "a", ["a"], ["2"]),
        ("none", "other", None, []),
    ],
)
def test_rules_for_several_targets_of_a_broadcast_are_all_carried_out(
    first: str, second: str, targets: list[str] | None, applied: list[str]
) -> None:
    stage = Stage()
    stage.expect("rtmpOffline", {"target": first}, "1")
    stage.expect("rtmpOffline", {"target": second}, "2")
    revision = stage.faults.revision
    broadcast = begin(stage, "broadcast")
    planned = stage.faults.planned.get(broadcast.id, {}).get("rtmpOffline")
    assert (planned.settings["targets"] if planned else None) == targets
    assert stage.faults.applied == applied
    assert stage.faults.revision - revision == len(applied)


def test_one_rule_for_two_outcomes_is_named_once() -> None:
    stage = Stage()
    for effect in ("hlsError", "broadcastFails"):
        stage.expect(effect, {"seconds": 5})
    begin(stage, "broadcast")
    assert stage.faults.applied == ["rule"]


def test_an_hls_output_that_there_is_not_cannot_fail() -> None:
    stage = Stage()
    session = stage.session()
    stage.join(session)
    stage.expect("hlsError")
    with stage.world.unit(stage.app) as app:
        plain = broadcasts.start(app, session, BroadcastSettings())
    assert plain.id not in stage.faults.planned
    assert stage.faults.applied == []


def test_an_outcome_that_waits_for_its_time_is_not_set_again_by_the_same_event() -> None:
    """A broadcast is told as started once, a call rings again when it is forced to."""
    stage = Stage()
    stage.expect("sipNoAnswer", {"seconds": 10})
    call = begin(stage, "call")
    stage.advance(1)
    (timer,) = fault_timers(stage, "fault.sipNoAnswer")
    with stage.world.unit(stage.app) as app:
        app.emit("call.updated", call)
    assert fault_timers(stage, "fault.sipNoAnswer") == [timer]


def fault_timers(stage: Stage, action: str) -> list[Timer]:
    return [timer for timer in stage.app.timeline if timer.action == action]


# Sessions


@pytest.mark.parametrize(
    ("who", "left"), [("first", [1, 2]), ("last", [0, 1]), ("all", []), (None, [0, 1])], ids=lambda value: str(value)
)
def test_the_network_of_clients_drops_and_not_that_of_calls(who: str | None, left: list[int]) -> None:
    stage = Stage()
    session = stage.session()
    people = [stage.join(session) for _ in range(3)]
    with stage.world.unit(stage.app) as app:
        call = calls.dial(app, session, CallSettings("sip:a@localhost"))
        drops = NetworkDrops.model_validate({"seconds": 2, **({"who": who} if who else {})})
        apply_to_session(app, stage.faults, session.id, planned_outcome("networkDrops", drops, "rule"))
    stage.advance(1.9)
    assert len(session.connections) == 4
    stage.advance(0.1)
    assert list(session.connections) == [*(people[index].id for index in left), call.connection_id]
    assert {event.reason for event in stage.app.events.after(0) if event.type == "connection.destroyed"} == {
        "networkDisconnected"
    }
    assert not stage.faults.planned  # it comes to pass once


@pytest.mark.parametrize(("migrates", "stay"), [(True, True), (False, False), (None, False)])
def test_the_server_of_a_session_is_taken_away(migrates: bool | None, stay: bool) -> None:
    stage = Stage()
    session = stage.session()
    stage.join(session)
    with stage.world.unit(stage.app) as app:
        rotation = ServerRotation.model_validate({"seconds": 2, "migrates": migrates})
        apply_to_session(app, stage.faults, session.id, planned_outcome("serverRotation", rotation, "rule"))
        apply_to_session(app, stage.faults, session.id, planned_outcome("networkDrops", NetworkDrops(), "other"))
        stage.faults.forget(f"{session.id} other")
        app.timeline.cancel("fault.networkDrops", f"{session.id} other")
    stage.advance(2)
    assert bool(session.connections) is stay
    assert "session.destroyed" in stage.happened()
    assert not stage.faults.planned


@pytest.mark.parametrize("first", ["networkDrops", "serverRotation"])
def test_two_outcomes_of_one_rule_both_come_to_pass(first: str) -> None:
    assert set(read_rule({"then": {"networkDrops": {}, "serverRotation": {}}}, NAMES).then.effects()) > {first}
    stage = Stage()
    session = stage.session()
    stage.join(session)
    with stage.world.unit(stage.app) as app:
        drops = NetworkDrops(seconds=5 if first == "networkDrops" else 9)
        rotates = ServerRotation(seconds=7, migrates=True)
        for name, effect in (("networkDrops", drops), ("serverRotation", rotates)):
            apply_to_session(app, stage.faults, session.id, planned_outcome(name, effect, "rule"))
        sessions.join(app, session)
    stage.advance(7)
    assert len(session.connections) == (1 if first == "networkDrops" else 2)
    assert session.migrated_at == stage.app.now
    stage.advance(2)
    assert len(session.connections) == 1
    assert not stage.faults.planned


# Magic values


def with_magic(magic: Magic, value: str, app: Application, session: Session) -> Any:
    """Begin what a magic value is written in: in the place where it stands by name, or by host."""
    if magic.place == "archive":
        return archives.start(app, session, ArchiveSettings(name=value))
    if magic.place == "broadcast":
        return broadcasts.start(app, session, BroadcastSettings(tag=value, hls=Hls()))
    if magic.place == "rtmp":
        hosted = "." in value
        target = RtmpTarget(f"rtmp://{value}/live" if hosted else "rtmp://a/", "key" if hosted else value)
        return broadcasts.start(app, session, BroadcastSettings(rtmp=(*TARGETS, target)))
    if magic.place == "sip":
        uri = f"sip:somebody@{value}:5060;transport=tls" if "." in value else f"sip:{value}:secret@localhost?X-A=b"
        return calls.dial(app, session, CallSettings(uri))
    if magic.place == "render":
        return renders.start(app, session, RenderSettings(f"https://{value}/page"))
    return connectors.connect(app, session, ConnectorSettings(f"wss://user@{value.upper()}:443/"))


FORMS = [
    (magic, value)
    for magic in MAGIC
    for value, written in (
        (magic.name, ("archive", "broadcast", "rtmp", "sip")),
        (magic.host, ("rtmp", "sip", "render", "connector")),
    )
    if magic.place in written
]  # fmt: skip


@pytest.mark.parametrize(("magic", "value"), FORMS, ids=[value for _, value in FORMS])
def test_a_magic_value_selects_its_outcome(magic: Magic, value: str) -> None:
    for on in (True, False):
        stage = Stage(magic_values="on" if on else "off")
        session = stage.session()
        stage.join(session)
        with stage.world.unit(stage.app) as app:
            record = with_magic(magic, value, app, session)
        planned = stage.faults.planned.get(record.id, {})
        assert set(planned) == ({magic.effect} if on else set())
        if on:
            (found,) = planned.values()
            assert found.rule == f"magic:{magic.word}"
            assert dict(found.settings).items() >= magic.settings.items()
            if magic.place == "rtmp":
                assert found.settings["targets"] == [value if "." not in value else f"rtmp://{value}/live"]


def test_a_magic_value_is_for_its_own_moment_only() -> None:
    """That the recording fails is planned when it begins, and not when it stops, where uploads are."""
    stage = Stage()
    session = stage.session()
    stage.join(session)
    with stage.world.unit(stage.app) as app:
        archive = archives.start(app, session, ArchiveSettings(name="emulator-fail-recording"))
        archives.stop(app, archive.id)
    stage.advance(10)
    assert archive.status == "available"
    assert not stage.faults.planned


@pytest.mark.parametrize(
    "value", ["emulator-fail-", "emulator-fail-other", "other.emulator.invalid", "emulator-fail-upload-", "lesson"]
)
def test_other_names_are_names(value: str) -> None:
    stage = Stage()
    session = stage.session()
    stage.join(session)
    with stage.world.unit(stage.app) as app:
        for magic in {each.place: each for each in MAGIC}.values():
            with_magic(magic, value, app, session)
            app[Broadcast].live(session.id) and broadcasts.stop(app, app[Broadcast].live(session.id)[0].id)
    assert not stage.faults.planned


@pytest.mark.parametrize("url", ["https://[::1.emulator.invalid/", "https://x.load.emulator.invalid/", "load"])
def test_a_url_that_cannot_be_read_has_no_magic(url: str) -> None:
    stage = Stage()
    session = stage.session()
    with stage.world.unit(stage.app) as app:
        render = renders.start(app, session, RenderSettings(url))
    assert list(values_of(render)) == []


def test_captions_have_no_magic() -> None:
    stage = Stage()
    assert list(values_of(begin(stage, "captions"))) == []
