"""What failure rules remember of resources and sessions goes with them: nothing is kept for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from scenarios.outcomes import BEGINNINGS, ENDINGS, SCHEDULES
from scenarios.resources.registry import OUTCOMES
from state.lifecycles import LIFECYCLES
from tests.emulator.faulty import driver, fault
from tests.emulator.local import Tenant, emulator
from tests.scenarios.driver import Driver

KEPT = 5


@pytest.fixture(scope="module")
def small() -> Iterator[TestClient]:
    """An emulator that keeps few records."""
    with emulator(record_size=KEPT) as client:
        yield client


def faults_of(user: Driver) -> Any:
    return user.control("GET", "/snapshot")["faults"]


LIVES = [
    ("startArchive", "uploadSlow", "stopArchive"),
    ("startArchive", "uploadFails", "stopArchive"),
    ("startArchive", {"archiveFails": {"seconds": 900}}, "stopArchive"),
    ("startBroadcast", {"broadcastFails": {"seconds": 900}}, "stopBroadcast"),
    ("startBroadcast", {"rtmpOffline": {"seconds": 0}}, "stopBroadcast"),
    ("startRender", {"renderCrashes": {"seconds": 900}}, "stopRender"),
    ("startCaptions", {"captionsFail": {"seconds": 900}}, "stopCaptions"),
    ("dial", "sipBusy", ""),
    ("dial", {"sipDrops": {"seconds": 5}}, ""),
    ("connectAudio", "handshakeFails", ""),
]


CASES = [
    (storage, *life)
    for life in LIVES
    for storage in (("uploadThenCloud", "target", "cloud") if life[0] == "startArchive" else ("uploadThenCloud",))
]


@pytest.mark.parametrize(("storage", "start", "then", "stop"), CASES)
def test_what_was_to_become_of_a_resource_is_forgotten_when_it_has_ended(
    small: TestClient, storage: str, start: str, then: Any, stop: str
) -> None:
    user = driver(Tenant(small, archiveStorage=storage))
    fault(user, start, then)
    for _ in range(KEPT + 3):
        assert user.do(start).is_success
        if stop:
            assert user.do(stop).is_success
    user.control("POST", "/clock", {"action": "advance", "seconds": 300})
    assert faults_of(user)["fates"] == {}
    timers = user.control("GET", "/snapshot")["timer"]
    assert [timer for timer in timers if timer["action"].startswith("fault.")] == []


@pytest.mark.parametrize("effect", [{"networkDrops": {"seconds": 5}}, {"serverRotation": {"seconds": 5}}])
def test_what_was_to_become_of_a_session_is_forgotten_when_it_has_come_to_pass(small: TestClient, effect: Any) -> None:
    user = driver(Tenant(small, autoParticipants=1))
    fault(user, "createSession", effect)
    for _ in range(3):
        user.do("createSession")
    assert len(faults_of(user)["fates"]) == 3
    user.control("POST", "/clock", {"action": "advance", "seconds": 10})
    assert faults_of(user)["fates"] == {}


@pytest.mark.parametrize("effect", [{"networkDrops": {"seconds": 500}}, {"serverRotation": {"seconds": 500}}])
def test_what_was_to_become_of_a_session_goes_with_it(small: TestClient, effect: Any) -> None:
    user = driver(Tenant(small))
    fault(user, "createSession", effect)
    for _ in range(4 * KEPT):
        user.do("createSession")
    snapshot = user.control("GET", "/snapshot")
    assert len(snapshot["session"]) <= KEPT + 1
    assert {each.partition(" ")[0] for each in snapshot["faults"]["fates"]} <= {
        each["id"] for each in snapshot["session"]
    }
    assert user.control("PUT", "/snapshot", snapshot)  # its timers and what they are about are still in step
    user.control("POST", "/clock", {"action": "advance", "seconds": 600})
    assert faults_of(user)["fates"] == {}


def test_who_plays_in_a_session_is_forgotten_with_it(small: TestClient) -> None:
    user = driver(Tenant(small))
    user.control("PUT", "/scenarios/participant-churn", {})
    for _ in range(6 * KEPT):
        user.do("createSession")
        user.control("POST", "/clock", {"action": "advance", "seconds": 3600})
    snapshot = user.control("GET", "/snapshot")
    assert snapshot["faults"]["cast"].keys() <= {each["id"] for each in snapshot["session"]}


@pytest.mark.parametrize("pack", ["participant-churn"])
def test_a_timeline_begins_in_every_new_session_also_where_old_ones_are_given_up(small: TestClient, pack: str) -> None:
    user = driver(Tenant(small))
    user.control("PUT", f"/scenarios/{pack}", {})
    for _ in range(3 * KEPT):
        made = user.do("createSession").json()[0]["session_id"]
        pending = user.control("GET", f"/scenarios/{pack}")["pending"]
        assert made in {each["session"] for each in pending}


@pytest.mark.parametrize("kind", OUTCOMES)
def test_every_kind_of_resource_has_endings_and_nothing_is_scheduled_after_them(kind: str) -> None:
    lives = LIFECYCLES[kind].transitions
    ends = [status for status, after in lives.items() if not after]
    assert all(f"{kind}.{status}" in ENDINGS for status in ends)
    for status in lives:
        if f"{kind}.{status}" in ENDINGS:
            assert f"{kind}.{status}" not in SCHEDULES
            assert all(f"{kind}.{after}" in ENDINGS for after in lives[status])
    assert not ENDINGS & set(BEGINNINGS)
