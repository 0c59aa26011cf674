"""Timelines of packs: what participants do, each step at its time, and who is not there any more."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios import timeline
from scenarios.strict import RuleError, read
from scenarios.timeline import Step, require_players
from state import sessions
from state.archive_records import Archive
from state.session_records import Session
from tests.scenarios.stage import Stage


def played(steps: list[dict[str, Any]], **options: Any) -> tuple[Stage, Session]:
    """Return a session in which a timeline has begun."""
    stage = Stage(**options)
    session = stage.session()
    stage.faults.packs["pack"] = {"session": session.id, "timeline": steps, "rules": []}
    with stage.world.unit(stage.app) as app:
        timeline.begin(app, "pack", steps, session.id)
    return stage, session


def streams(session: Session) -> list[tuple[str, str]]:
    return [(stream.video_type, stream.name) for stream in session.streams.values()]


def test_people_come_publish_and_go() -> None:
    stage, session = played(
        [
            {"at": 1, "join": {"who": "alice", "data": "a", "migrates": True}},
            {"at": 2, "join": {"who": "crowd", "count": 3, "publish": False}},
            {"at": 2, "join": {"who": "listener", "role": "subscriber"}},
            {"at": 3.5, "publish": {"who": "alice", "videoType": "screen", "name": "slides"}},
            {"at": 4, "unpublish": {"who": "alice"}},
            {"at": 5, "drop": {"who": "alice"}},
            {"at": 6, "leave": {"who": "crowd"}},
        ]
    )
    stage.advance(0.9)
    assert not session.connections
    stage.advance(0.1)
    (alice,) = session.connections.values()
    assert (alice.data, alice.migrates, streams(session)) == ("a", True, [("camera", "")])
    stage.advance(1)
    assert [each.role for each in session.connections.values()] == ["publisher"] * 4 + ["subscriber"]
    assert len(session.streams) == 1  # who may not publish does not
    stage.advance(1.5)
    assert streams(session) == [("camera", ""), ("screen", "slides")]
    stage.advance(0.5)
    assert streams(session) == [("camera", "")]
    stage.advance(1)
    assert (len(session.connections), streams(session)) == (4, [])
    stage.advance(1)
    assert [each.role for each in session.connections.values()] == ["subscriber"]
    reasons = [event.reason for event in stage.app.events.after(0) if event.type == "connection.destroyed"]
    assert reasons == ["networkDisconnected"] + ["clientDisconnected"] * 3


def test_an_archive_is_recorded_and_the_server_rotated() -> None:
    stage, session = played(
        [
            {"at": 0, "join": None},
            {"at": 1, "record": {"name": "lesson", "tag": "t"}},
            {"at": 2, "record": None},
            {"at": 3, "rotate": {"migrates": True}},
            {"at": 4, "rotate": None},
        ]
    )
    stage.advance(2)
    assert [each.names for each in stage.app[Archive]] == [("lesson", "t"), ("", "")]
    stage.advance(1)
    assert (len(session.connections), session.migrated_at) == (1, stage.app.now)
    stage.advance(1)
    assert not session.connections


@pytest.mark.parametrize(
    "step", [{"leave": {}}, {"publish": {}}, {"unpublish": {}}, {"drop": {}}, {"record": {}}, {"rotate": {}}]
)
def test_who_is_not_there_any_more_does_nothing(step: dict[str, Any]) -> None:
    """Somebody was disconnected by hand before the step: it is passed over, and the next one comes."""
    stage, session = played([{"at": 0, "join": {"count": 2}}, {"at": 1, **step}, {"at": 2, "join": {"who": "late"}}])
    stage.advance(0.5)
    for connection in list(session.connections.values()):
        stage.leave(session, connection)
    stage.advance(1)
    assert not session.connections
    stage.advance(1)
    assert len(session.connections) == 1
    assert list(stage.faults.cast[session.id]) == (
        ["late"] if step.keys() & {"leave", "drop"} else ["somebody", "late"]
    )


def test_somebody_who_unpublished_everything_has_nothing_to_unpublish() -> None:
    stage, session = played([{"at": 0, "join": {}}, {"at": 1, "unpublish": {}}, {"at": 2, "unpublish": {}}])
    stage.advance(3)
    assert (len(session.connections), session.streams) == (1, {})


def test_a_timeline_begins_in_each_new_session_but_that_of_one_session_only() -> None:
    stage = Stage()
    one, other = stage.session(), stage.session()
    step = {"at": 1, "join": {}}
    stage.faults.packs["all"] = {"session": "", "timeline": [step], "rules": []}
    stage.faults.packs["one"] = {"session": one.id, "timeline": [step], "rules": []}
    with stage.world.unit(stage.app) as app:
        timeline.begin_everywhere(app, stage.faults, other.id)
    assert [timer.subject for timer in timeline.pending(stage.app, "all")] == [f"all 0 {other.id}"]
    assert timeline.pending(stage.app, "one") == []
    stage.advance(1)
    assert (len(one.connections), len(other.connections)) == (0, 1)


def test_the_steps_of_one_pack_are_forgotten_and_not_those_of_another() -> None:
    stage = Stage()
    session = stage.session()
    stage.faults.packs["pack-b"] = {"session": "", "timeline": [{"at": 1, "join": {}}], "rules": []}
    with stage.world.unit(stage.app) as app:
        for pack in ("pack", "pack-b"):
            timeline.begin(app, pack, [{"at": 1, "join": {}}], session.id)
        timeline.end(app, "pack")
    stage.advance(2)
    assert len(session.connections) == 1


def test_a_session_that_was_given_up_is_taken_up_again_by_a_step() -> None:
    stage, session = played([{"at": 1, "join": {}}])
    del stage.app.sessions[session.id]
    stage.advance(1)
    assert len(sessions.find(stage.app, session.id).connections) == 1


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"at": 1}, "a step is `at` and exactly one of join, publish, unpublish, leave, drop, record, rotate"),
        ({"at": 1, "join": {}, "leave": {}}, "exactly one of"),
        ({"join": {}}, "at is required"),
        ({"at": -1, "join": {}}, "greater than or equal to 0"),
        ({"at": 1, "join": {"count": 0}}, "greater than or equal to 1"),
        ({"at": 1, "jion": {}}, "there is no such field: jion; did you mean join"),
        ("join", "expected a mapping"),
    ],
)
def test_a_step_is_one_thing_at_a_time(step: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        read(Step, step)


JOIN, LEAVE = {"join": {"who": "alice"}}, {"leave": {"who": "alice"}}


@pytest.mark.parametrize(
    "steps",
    [
        [{"at": 2, **LEAVE}, {"at": 1, **JOIN}],  # in the order of time, not of writing
        [{"at": 1, **JOIN}, {"at": 2, **LEAVE}, {"at": 3, **JOIN}, {"at": 4, "publish": {"who": "alice"}}],
        [{"at": 1, "join": {"who": "alice", "migrates": True}}, {"at": 2, "rotate": {}}, {"at": 3, **LEAVE}],
        [{"at": 1, **JOIN}, {"at": 2, "rotate": {"migrates": True}}, {"at": 3, **LEAVE}],
        [{"at": 1, "record": {}}, {"at": 2, "rotate": {}}],
    ],
)
def test_who_acts_has_joined(steps: list[dict[str, Any]]) -> None:
    require_players([Step.model_validate(step) for step in steps])


@pytest.mark.parametrize(
    ("steps", "path", "message"),
    [
        ([{"at": 1, **LEAVE}, {"at": 2, **JOIN}], (0, "leave", "who"), "alice has not joined by then"),
        ([{"at": 1, **JOIN}, {"at": 2, "drop": {"who": "alicia"}}], (1, "drop", "who"), "did you mean alice?"),
        ([{"at": 1, **JOIN}, {"at": 2, **LEAVE}, {"at": 3, "publish": {"who": "alice"}}], (2, "publish", "who"), ""),
        ([{"at": 1, **JOIN}, {"at": 2, "rotate": {}}, {"at": 3, **LEAVE}], (2, "leave", "who"), ""),
        (
            [
                {"at": 1, "join": {"who": "alice", "migrates": False}},
                {"at": 2, "rotate": {"migrates": True}},
                {"at": 3, **LEAVE},
            ],
            (2, "leave", "who"),
            "",
        ),
    ],
)
def test_who_has_not_joined_by_then_is_refused(steps: list[dict[str, Any]], path: Any, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        require_players([Step.model_validate(step) for step in steps])
    assert caught.value.path == path
    assert message in str(caught.value)
