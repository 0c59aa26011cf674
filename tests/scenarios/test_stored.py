"""Faults of a snapshot that somebody may have written: what is taken up again is the same, what is wrong is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from scenarios import packs, stored
from scenarios.effects import EFFECTS
from scenarios.engine import Faults
from scenarios.later_effects import NetworkDrops
from scenarios.outcomes import apply_to_session, planned_outcome
from scenarios.pack import load
from scenarios.stored import StoredFaults
from scenarios.strict import RuleError
from state import broadcasts, calls
from state.broadcasts import BroadcastSettings, Hls
from state.calls import CallSettings
from state.timeline import Timer
from tests.scenarios.stage import Stage
from tests.scenarios.targets import NAMES, matched
from tests.scenarios.test_outcomes import TARGETS
from tests.state.everything import now

PACK = """\
name: pack
description: b
rules: [{then: conflict, times: 1}]
timeline: [{at: 60, join: {}}, {at: 9, record: {}}]
"""

Change = Callable[[dict[str, Any]], object]


def filled() -> Stage:
    """Return what has rules, counts, outcomes of each sort, and a pack in a session with somebody in its cast."""
    stage = Stage(seed=1)
    session = stage.session()
    stage.join(session)
    faults = stage.faults
    faults.add({"name": "third", "then": "internal", "when": {"nth": 3, "any": [{"session": "s"}, {"state": "x"}]}}, 5)
    faults.add({"then": {"latency": {"ms": 1}}, "times": 1, "position": "instead"}, 6)
    matched(faults)
    for effect, settings in (("rtmpOffline", {"target": "a"}), ("hlsError", {"seconds": 30}), ("sipNoAnswer", {})):
        stage.expect(effect, settings)
    with stage.world.unit(stage.app) as app:
        broadcasts.start(app, session, BroadcastSettings(hls=Hls(), rtmp=TARGETS))
        calls.dial(app, session, CallSettings("sip:a@localhost"))
        packs.apply(app, faults, load(PACK, "pack.yaml", NAMES), session=session.id)
        drops = planned_outcome("networkDrops", NetworkDrops(seconds=50), "third")
        apply_to_session(app, faults, session.id, drops)
    stage.advance(10)
    return stage


STAGE = filled()
DUMPED: dict[str, Any] = json.loads(json.dumps(STAGE.faults.dump()))
SESSION = next(iter(STAGE.app.sessions))
IDS = {
    "session": set(STAGE.app.sessions),
    "broadcast": {subject for subject, fates in DUMPED["fates"].items() if "hlsError" in fates},
    "call": {subject for subject, fates in DUMPED["fates"].items() if "sipNoAnswer" in fates},
}


def check(dumped: Any) -> StoredFaults:
    """Return faults that were kept, checked at once."""
    return now(stored.check(dumped))


def changed(change: Change) -> dict[str, Any]:
    found = copy.deepcopy(DUMPED)
    change(found)
    return found


def test_what_was_kept_is_taken_up_as_it_was() -> None:
    check(DUMPED)
    again = Faults.load(NAMES, DUMPED)
    assert again.dump() == DUMPED
    assert again.stamp == STAGE.faults.stamp
    assert [matched(faults) for faults in (again, Faults.load(NAMES, DUMPED))] == [[], []]
    assert again.forget(SESSION) == STAGE.faults.forget(SESSION) == [f"{SESSION} third"]
    assert (again.cast, again.planned.keys()) == ({}, DUMPED["fates"].keys() - {f"{SESSION} third"})


def put(*path: Any, value: Any) -> Change:
    def change(dumped: dict[str, Any]) -> None:
        found: Any = dumped
        for part in path[:-1]:
            found = found[part]
        found[path[-1]] = value

    return change


BROADCAST = next(iter(IDS["broadcast"]))
RULE = DUMPED["rules"][0]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        (put("number", value=-1), "number", "greater than or equal to 0"),
        (put("number", value="1"), "number", "valid integer"),
        (put("more", value=1), "more", "there is no such field: more"),
        (put("rules", 0, "rule", value={"then": "internal"}), "rules.0", "the rule needs its name"),
        (put("rules", 0, "rule", "name", value=""), "rules.0", "the rule needs its name"),
        (put("rules", 0, "rule", "name", value=5), "rules.0", "the rule needs its name"),
        (put("rules", 1, "rule", "name", value="third"), "", "two rules have one name"),
        (put("rules", 0, "hits", value=2 * 10**9), "rules.0.hits", "less than or equal to"),
        (put("rules", value=[RULE] * 10_001), "rules", "at most 10000 items"),
        (put("packs", "pack", "timeline", value=[{"at": 1}]), "packs.pack.timeline.0", "a step is `at` and exactly"),
        (put("packs", "pack", "appliedAt", value=2**53), "packs.pack.appliedAt", "less than"),
        (put("cast", value={"s": ["a"]}), "cast.s", "expected a mapping"),
        (put("fates", BROADCAST, "hlsEror", value={"settings": {}, "rule": ""}), f"fates.{BROADCAST}.hlsEror",
         "there is no such outcome: hlsEror; did you mean hlsError?"),
        (put("fates", BROADCAST, "internal", value={"settings": {}, "rule": ""}), f"fates.{BROADCAST}.internal",
         "there is no such outcome: internal"),
        (put("fates", BROADCAST, "hlsError", "settings", value={}), f"fates.{BROADCAST}.hlsError.settings",
         "needs exactly seconds"),
        (put("fates", BROADCAST, "sipBusy", value={"settings": {"a": 1}, "rule": ""}),
         f"fates.{BROADCAST}.sipBusy.settings", "needs exactly nothing"),
        (put("fates", BROADCAST, "hlsError", "settings", "seconds", value=-1),
         f"fates.{BROADCAST}.hlsError.settings.seconds", "greater than or equal to 0"),
        (put("fates", BROADCAST, "rtmpOffline", "settings", "targets", value="a"),
         f"fates.{BROADCAST}.rtmpOffline.settings.targets", "must be a list of texts"),
        (put("fates", BROADCAST, "rtmpOffline", "settings", "targets", value=["a", 1]),
         f"fates.{BROADCAST}.rtmpOffline.settings.targets", "must be a list of texts"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_what_was_kept_is_named(change: Change, field: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        check(changed(change))
    assert (caught.value.field, message in str(caught.value)) == (field, True), str(caught.value)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        (put("rules", 0, "rule", "then", value="intrnal"), "rules.0.rule.then.intrnal", "there is no such effect"),
        (put("rules", 0, "counters", value=[1]), "rules.0.counters", "must be 3 counts"),
        (put("rules", 1, "counters", value=[1, 2]), "rules.1.counters", "must be 1 counts"),
    ],
)
def test_a_rule_that_is_none_is_not_taken_up(change: Change, field: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        Faults.load(NAMES, changed(change))
    assert (caught.value.field, message in str(caught.value)) == (field, True), str(caught.value)


def fault_timers() -> list[Timer]:
    return [timer for timer in STAGE.app.timeline if timer.action.startswith("fault.")]


def test_every_timer_of_what_was_kept_is_one_of_its_outcomes_or_steps() -> None:
    kept = check(DUMPED)
    actions = [timer.action for timer in fault_timers()]
    assert set(actions) == {"fault.hlsError", "fault.sipNoAnswer", "fault.step", "fault.networkDrops"}
    for timer in fault_timers():
        stored.check_timer(kept, timer.action, timer.subject, IDS)
    (call,) = IDS["call"]
    stored.check_timer(kept, "fault.sipRings", call, IDS)  # what happens on the way to an outcome


@pytest.mark.parametrize(
    ("action", "subject", "message"),
    [
        ("fault.step", "pack", "is no step of a pack"),
        ("fault.step", "", "is no step of a pack"),
        ("fault.step", f"other 0 {SESSION}", "is no step of a pack"),
        ("fault.step", f"pack 2 {SESSION}", "is no step of a pack"),
        ("fault.step", f"pack -1 {SESSION}", "is no step of a pack"),
        ("fault.step", "pack 0 other", "there is no such session"),
        ("fault.step", "pack 0", "there is no such session"),
        ("fault.hlsError", "other", "faults.fates has nothing of fault.hlsError"),
        ("fault.sipBusy", BROADCAST, "faults.fates has nothing of fault.sipBusy"),
        ("fault.networkDrops", SESSION, "faults.fates has nothing of fault.networkDrops"),
    ],
)
def test_a_timer_of_nothing_is_refused(action: str, subject: str, message: str) -> None:
    for kept in (check(DUMPED), None):
        with pytest.raises(RuleError, match=message if kept else r".") as caught:
            stored.check_timer(kept, action, subject, IDS)
        assert caught.value.path == ("subject",)


@pytest.mark.parametrize("kind", ["session", "broadcast", "call"])
def test_a_timer_of_what_is_not_in_the_snapshot_is_refused(kind: str) -> None:
    kept = check(DUMPED)
    refused = []
    for timer in fault_timers():
        try:
            stored.check_timer(kept, timer.action, timer.subject, {**IDS, kind: set()})
        except RuleError as error:
            refused.append((timer.action, str(error)))
    expected = {
        "session": ["fault.networkDrops", "fault.step"],
        "broadcast": ["fault.hlsError"],
        "call": ["fault.sipNoAnswer"],
    }
    said = f"subject: there is no such {kind} in the snapshot"
    assert sorted(refused) == [(action, said) for action in expected[kind]]


def test_every_outcome_can_be_kept() -> None:
    for name in [name for name, effect in EFFECTS.items() if hasattr(effect, "decides")]:
        planned = planned_outcome(name, EFFECTS[name].model_validate({}), "rule")
        kept = {name: {"settings": dict(planned.settings), "rule": planned.rule}}
        check({**DUMPED, "fates": {"subject": json.loads(json.dumps(kept))}})
