"""Scenario packs: each bundled one does what it says; apply, inspect, remove; packs of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from starlette.testclient import TestClient

from scenarios.packs import BUNDLED
from tests.emulator.faulty import driver
from tests.emulator.local import Tenant, emulator
from tests.scenarios.driver import Driver

OWN = """\
name: mine
description: Lists are refused, and somebody comes.
parameters:
  status: {type: integer, default: 418, min: 400, max: 599}
rules:
  - name: lists
    when: {operation: listArchives}
    then: {status: {status: "${status}"}}
timeline:
  - at: 1
    join: {who: alice}
"""


def apply(user: Driver, name: str, session: str = "", **parameters: Any) -> Any:
    return user.control("PUT", f"/scenarios/{name}", {"parameters": parameters, "session": session})


def advance(user: Driver, seconds: float) -> None:
    user.control("POST", "/clock", {"action": "advance", "seconds": seconds})


def events(user: Driver, kind: str) -> list[Any]:
    items: list[Any] = user.control("GET", f"/events?type={kind}")["items"]
    return items


@pytest.fixture
def user(client: TestClient) -> Driver:
    """A user of an application whose clock stands still."""
    tenant = Tenant(client, pace="fast")
    tenant.control("POST", "/clock", {"action": "freeze"})
    return driver(tenant)


def call_ends_with(code: str) -> Callable[[Driver], None]:
    def check(user: Driver) -> None:
        assert user.do("dial").status_code == 200
        advance(user, 40)
        (call,) = user.control("GET", "/calls")["items"]
        assert (call["status"], call["reasonCode"]) == ("HANGUP", code)

    return check


def archive_ends(status: str) -> Callable[[Driver], None]:
    def check(user: Driver) -> None:
        user.do("startArchive")
        user.do("stopArchive")
        advance(user, 20)
        assert user.do("getArchive").json()["status"] == status

    return check


def _already_recording(user: Driver) -> None:
    user.do("createSession")
    assert user.do("startArchive").status_code == 409
    assert len(user.do("listConnections").json()["items"]) == 2


def _flaky_start(user: Driver) -> None:
    for operation, success in (("startArchive", 200), ("startBroadcast", 200), ("startCaptions", 202), ("dial", 200)):
        assert [user.do(operation).status_code for _ in range(3)] == [500, 500, success]


def _archive_fails(user: Driver) -> None:
    user.do("startArchive")
    advance(user, 5)
    assert user.do("getArchive").json()["status"] == "failed"


def _rate_limited(user: Driver) -> None:
    answers = [user.do("listArchives") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429, 200]
    assert answers[3].headers["retry-after"] == "1"


def _region_outage(user: Driver) -> None:
    assert user.do("createSession").status_code == 503
    assert user.do("listArchives").status_code == 503
    advance(user, 60)
    assert user.do("listArchives").status_code == 200


def _slow_everything(user: Driver) -> None:
    answer = user.do("listArchives")
    assert (answer.status_code, answer.headers["x-emulator-fault"]) == (200, "slow-everything:1")


def _lost_answers(user: Driver) -> None:
    assert user.do("startArchive").status_code == 500  # a reset, where there is a socket
    assert user.do("listArchives").json()["count"] == 1
    assert user.do("startArchive").status_code == 409


def _rtmp_offline(user: Driver) -> None:
    user.do("startBroadcast")
    advance(user, 5)
    broadcast = user.do("getBroadcast").json()
    assert (broadcast["status"], broadcast["broadcastUrls"]["rtmp"][0]["status"]) == ("started", "offline")


def _render_cannot_load(user: Driver) -> None:
    user.do("startRender")
    advance(user, 5)
    assert user.do("getRender").json()["reason"] == "Could not load URL"


def _captions_quota(user: Driver) -> None:
    user.do("startCaptions")
    advance(user, 2)
    assert user.do("getCaptions").json()["reason"] == "Transcribe quota exceeded"


def _connector_unreachable(user: Driver) -> None:
    user.do("connectAudio")
    advance(user, 6)
    assert [event["type"] for event in events(user, "connector")] == ["connector.connecting", "connector.disconnected"]


def _participant_churn(user: Driver) -> None:
    user.do("createSession")
    advance(user, 61)
    gone = events(user, "connection.destroyed")
    assert [event["reason"] for event in gone] == ["networkDisconnected", "clientDisconnected", "clientDisconnected"]
    assert len(events(user, "stream.created")) == 4
    assert events(user, "session.destroyed")


def _server_rotation(user: Driver) -> None:
    user.do("createSession")
    user.control("POST", f"/sessions/{user.session}/participants", {"count": 2})
    advance(user, 60)
    (event,) = events(user, "session.destroyed")
    assert event["reason"] == "serverRotation"


CHECKS: dict[str, Callable[[Driver], None]] = {
    "session-already-recording": _already_recording,
    "flaky-start": _flaky_start,
    "upload-stuck": archive_ends("stopped"),
    "upload-failed": archive_ends("failed"),
    "upload-slow": archive_ends("stopped"),
    "archive-fails": _archive_fails,
    "rate-limited": _rate_limited,
    "region-outage": _region_outage,
    "slow-everything": _slow_everything,
    "lost-answers": _lost_answers,
    "sip-busy": call_ends_with("486"),
    "sip-no-answer": call_ends_with("480"),
    "sip-declined": call_ends_with("603"),
    "sip-drop": call_ends_with("703"),
    "rtmp-offline": _rtmp_offline,
    "render-cannot-load": _render_cannot_load,
    "captions-quota": _captions_quota,
    "connector-unreachable": _connector_unreachable,
    "participant-churn": _participant_churn,
    "server-rotation": _server_rotation,
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_pack_does_what_it_says(user: Driver, name: str) -> None:
    apply(user, name)
    CHECKS[name](user)
    inspected = user.control("GET", f"/scenarios/{name}")
    assert inspected["hits"] or inspected["timeline"]


def test_every_bundled_pack_is_tried() -> None:
    callbacks = {"webhook-outage", "webhook-storm"}
    assert {path.stem for path in BUNDLED.glob("*.yaml")} == set(CHECKS) | callbacks


def test_a_removed_pack_does_nothing_more(user: Driver) -> None:
    apply(user, "participant-churn")
    apply(user, "rate-limited", allowed=0)
    user.do("createSession")
    inspected = user.control("GET", "/scenarios/participant-churn")
    assert [step["step"]["at"] for step in inspected["pending"]] == []  # the session was refused: 429
    user.control("DELETE", "/scenarios/rate-limited")
    user.do("createSession")
    inspected = user.control("GET", "/scenarios/participant-churn")
    assert [step["step"]["at"] for step in inspected["pending"]] == [2, 4, 10, 20, 30, 35, 50, 60]
    advance(user, 5)
    user.control("DELETE", "/scenarios/participant-churn")
    advance(user, 60)
    assert len(events(user, "connection")) == 2
    assert user.control("GET", "/scenarios") == {"count": 0, "items": []}
    assert user.control("GET", "/faults") == {"count": 0, "items": []}


def test_a_pack_for_one_session_begins_there_at_once(user: Driver) -> None:
    session = user.session
    apply(user, "upload-failed", session=session)
    apply(user, "session-already-recording", session=session, participants=3)
    assert len(user.do("listConnections").json()["items"]) == 5
    (archive,) = user.do("listArchives").json()["items"]
    assert archive["name"] == "already recording"
    other = Driver(user._call, user.control, user._token)
    other.do("startArchive")
    other.do("stopArchive")
    advance(user, 10)
    assert other.do("getArchive").json()["status"] == "available"


def test_applied_again_a_pack_begins_anew(user: Driver) -> None:
    apply(user, "rate-limited", allowed=0, refused=1)
    assert user.do("listArchives").status_code == 429
    again = apply(user, "rate-limited", allowed=0, refused=1, retryAfter=5)
    assert (again["hits"], again["parameters"]["retryAfter"]) == (0, 5)
    assert user.do("listArchives").headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("name", "body", "status", "field", "said"),
    [
        ("sip-buzy", {}, 404, "name", "did you mean sip-busy?"),
        ("rate-limited", {"parameters": {"alowed": 1}}, 400, "parameters.alowed", "did you mean allowed?"),
        ("rate-limited", {"parameters": {"allowed": "1"}}, 400, "parameters.allowed", "must be an integer"),
        ("rate-limited", {"parameters": {"allowed": -1}}, 400, "parameters.allowed", "0 or more"),
        ("flaky-start", {"parameters": {"effect": "x"}}, 400, "parameters.effect", "must be one of"),
        ("rate-limited", {"paramters": {}}, 400, "paramters", ""),
        ("rate-limited", {"session": "nothing"}, 400, "", ""),
    ],
)
def test_what_cannot_be_applied(client: TestClient, name: str, body: Any, status: int, field: str, said: str) -> None:
    tenant = Tenant(client)
    answer = client.put(f"/_emulator/applications/{tenant.id}/scenarios/{name}", json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error.get("field", "") == field
    assert said in f"{error['message']} {error.get('suggestion')}"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_parameter_without_an_end_is_refused(client: TestClient, number: str) -> None:
    tenant = Tenant(client)
    url = f"/_emulator/applications/{tenant.id}/scenarios/region-outage"
    answer = client.put(url, content=f'{{"parameters": {{"seconds": {number}}}}}')
    assert answer.status_code == 400
    assert answer.json()["error"] == {"message": "input should be a finite number", "field": "parameters.seconds"}
    assert tenant.control("GET", "/scenarios")["count"] == 0


def test_a_rule_of_ones_own_is_not_overwritten(client: TestClient) -> None:
    tenant = Tenant(client)
    tenant.control("PUT", "/faults/flaky-start:render", {"when": {"operation": "dial"}, "then": "internal"})
    answer = client.put(f"/_emulator/applications/{tenant.id}/scenarios/flaky-start")
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert "there is a rule flaky-start:render already" in error["message"]
    assert "DELETE …/faults/flaky-start:render" in error["suggestion"]
    assert [rule["name"] for rule in tenant.control("GET", "/faults")["items"]] == ["flaky-start:render"]
    assert tenant.control("GET", "/scenarios")["count"] == 0


def test_what_cannot_be_applied_anew_stays_as_it_was(client: TestClient) -> None:
    tenant = Tenant(client)
    tenant.control("PUT", "/scenarios/flaky-start", {"parameters": {"failures": 5}})
    for body, status in (({"parameters": {"failures": 0}}, 400), ({"parameters": {"failures": 7}}, 409)):
        tenant.control("PUT", "/faults/flaky-start:render", {"when": {"operation": "dial"}, "then": "internal"})
        answer = client.put(f"/_emulator/applications/{tenant.id}/scenarios/flaky-start", json=body)
        assert answer.status_code == status
        (applied,) = tenant.control("GET", "/scenarios")["items"]
        assert (applied["parameters"]["failures"], len(applied["rules"])) == (5, 5)  # one is not the pack's any more
    tenant.control("DELETE", "/scenarios/flaky-start")
    assert [rule["name"] for rule in tenant.control("GET", "/faults")["items"]] == ["flaky-start:render"]


def test_removing_every_rule_removes_the_packs_they_came_from(user: Driver) -> None:
    apply(user, "rate-limited", allowed=0)
    apply(user, "participant-churn")
    user.control("DELETE", "/faults")
    assert [pack["name"] for pack in user.control("GET", "/scenarios")["items"]] == ["participant-churn"]
    apply(user, "rate-limited", allowed=0)
    assert user.do("listArchives").status_code == 429


def test_packs_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(OWN)
    (tmp_path / "broken.yaml").write_text(OWN.replace("then:", "thn:"))
    (tmp_path / "sip-busy.yaml").write_text(OWN.replace("name: mine", "name: sip-busy"))
    with emulator(scenario_dir=tmp_path) as client:
        tenant = Tenant(client)
        listed = client.get("/_emulator/scenarios").json()
        assert {"mine", "rate-limited"} <= {item["name"] for item in listed["items"]}
        assert next(item for item in listed["items"] if item["name"] == "sip-busy")["bundled"] is False
        (error,) = listed["errors"]
        assert "broken.yaml:8:5: rules.0: there is no such field: thn; did you mean then?" in error
        refused = client.put(f"/_emulator/applications/{tenant.id}/scenarios/broken")
        assert refused.status_code == 400
        assert "broken.yaml:8:5" in refused.json()["error"]["message"]
        tenant.control("PUT", "/scenarios/mine", {"parameters": {"status": 451}})
        assert tenant.call("GET", "/archive").status_code == 451


def test_the_schema_takes_every_pack_and_refuses_what_we_refuse(client: TestClient) -> None:
    schema = client.get("/_emulator/scenarios/schema.json").json()
    validator = jsonschema_rs.validator_for(schema)
    for path in BUNDLED.glob("*.yaml"):
        validator.validate(yaml.safe_load(path.read_text()))
    own = yaml.safe_load(OWN)
    validator.validate(own)
    for wrong in (
        {**own, "name": "Mine"},
        {**own, "rule": []},
        {**own, "rules": [{"then": "conflct"}]},
        {**own, "rules": [{"then": "conflict", "when": {"operation": "startArchve"}}]},
        {**own, "rules": [{"then": "conflict", "times": "often"}]},
        {**own, "rules": [{"then": "conflict", "when": {"role": "moderater"}}]},
        {**own, "rules": [{"then": "conflict", "when": {"any": []}}]},
        {**own, "rules": [{"then": {"sipNoAnswer": {"code": "480"}}, "when": {"operation": "dial"}}]},
        {**own, "timeline": [{"at": 1, "jion": {}}]},
    ):
        assert not validator.is_valid(wrong), json.dumps(wrong)
