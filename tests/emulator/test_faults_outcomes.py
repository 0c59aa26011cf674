"""What rules let become of resources later: uploads, broadcasts, renders, captions, calls, sessions."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.faulty import driver, fault
from tests.emulator.local import Tenant, emulator
from tests.scenarios.driver import Driver


def fate(user: Driver, start: str, then: Any, **fields: Any) -> None:
    name = fault(user, start, then, times=1)
    answer = user.do(start, **fields)
    assert answer.is_success, answer.text
    assert answer.headers["x-emulator-fault"] == name


def advance(user: Driver, seconds: float) -> None:
    user.control("POST", "/clock", {"action": "advance", "seconds": seconds})


@pytest.fixture(params=["fast", "instant"])
def paced(client: TestClient, request: pytest.FixtureRequest) -> Driver:
    """A user of an application whose clock is frozen, at either pace."""
    user = driver(Tenant(client, pace=request.param))
    user.control("POST", "/clock", {"action": "freeze"})
    return user


def test_upload_fails(paced: Driver) -> None:
    fate(paced, "startArchive", {"uploadFails": {"reason": "no bucket"}})
    paced.do("stopArchive")
    advance(paced, 10)
    archive = paced.do("getArchive").json()
    assert (archive["status"], archive["reason"], archive["url"]) == ("failed", "no bucket", None)


def test_upload_fails_by_a_rule_on_stop(paced: Driver) -> None:
    paced.do("startArchive")
    fate(paced, "stopArchive", "uploadFails")
    advance(paced, 10)
    assert paced.do("getArchive").json()["status"] == "failed"


def test_upload_is_slow(paced: Driver) -> None:
    fate(paced, "startArchive", {"uploadSlow": {"seconds": 30}})
    paced.do("stopArchive")
    advance(paced, 29)
    assert paced.do("getArchive").json()["status"] == "stopped"
    advance(paced, 2)
    assert paced.do("getArchive").json()["status"] == "available"


def test_upload_never_ends(paced: Driver) -> None:
    fate(paced, "startArchive", "uploadStuck")
    paced.do("stopArchive")
    advance(paced, 80 * 3600)
    assert paced.do("getArchive").json()["status"] == "stopped"


def test_archive_fails_while_recording(paced: Driver) -> None:
    fate(paced, "startArchive", {"archiveFails": {"seconds": 5, "reason": "disk"}})
    advance(paced, 4)
    assert paced.do("getArchive").json()["status"] == "started"
    advance(paced, 1)
    archive = paced.do("getArchive").json()
    assert (archive["status"], archive["reason"]) == ("failed", "disk")


@pytest.mark.parametrize(("effect", "status"), [("rtmpOffline", "offline"), ("rtmpError", "error")])
@pytest.mark.parametrize("seconds", [0, 60])
def test_an_rtmp_target_fails_and_the_broadcast_goes_on(paced: Driver, effect: str, status: str, seconds: int) -> None:
    fate(paced, "startBroadcast", {effect: {"seconds": seconds, "target": "one"}})
    if seconds:
        advance(paced, seconds - 1)
        assert paced.do("getBroadcast").json()["broadcastUrls"]["rtmp"][0]["status"] == "live"
    advance(paced, 1)
    broadcast = paced.do("getBroadcast").json()
    assert (broadcast["status"], broadcast["broadcastUrls"]["rtmp"][0]["status"]) == ("started", status)
    assert broadcast["broadcastUrls"]["hlsStatus"] == "live"


def test_another_target_is_left_alone(paced: Driver) -> None:
    fault(paced, "startBroadcast", {"rtmpOffline": {"target": "other"}})
    assert paced.do("startBroadcast").is_success
    advance(paced, 5)
    assert paced.do("getBroadcast").json()["broadcastUrls"]["rtmp"][0]["status"] == "live"


def test_hls_error(paced: Driver) -> None:
    fate(paced, "startBroadcast", {"hlsError": {"seconds": 3}})
    advance(paced, 2)
    assert paced.do("getBroadcast").json()["broadcastUrls"]["hlsStatus"] == "live"
    advance(paced, 1)
    assert paced.do("getBroadcast").json()["broadcastUrls"]["hlsStatus"] == "error"


def test_broadcast_fails(paced: Driver) -> None:
    fate(paced, "startBroadcast", {"broadcastFails": {"seconds": 3}})
    advance(paced, 3)
    assert paced.do("getBroadcast").json()["status"] == "failed"


def test_a_render_cannot_load(paced: Driver) -> None:
    fate(paced, "startRender", "renderCannotLoad")
    advance(paced, 5)
    render = paced.do("getRender").json()
    assert (render["status"], render["reason"]) == ("failed", "Could not load URL")
    assert len(paced.do("listConnections").json()["items"]) == 2


def test_a_render_crashes(paced: Driver) -> None:
    fate(paced, "startRender", {"renderCrashes": {"seconds": 5, "reason": "gone"}})
    advance(paced, 4)
    assert paced.do("getRender").json()["status"] == "started"
    advance(paced, 2)
    render = paced.do("getRender").json()
    assert (render["status"], render["reason"]) == ("failed", "gone")


def test_captions_fail(paced: Driver) -> None:
    fate(paced, "startCaptions", {"captionsFail": {"seconds": 2}})
    advance(paced, 2)
    captions = paced.do("getCaptions").json()
    assert (captions["status"], captions["reason"]) == ("failed", "Transcribe quota exceeded")
    assert paced.do("startCaptions").status_code == 202


@pytest.mark.parametrize(
    ("then", "rang", "code", "message"),
    [
        ("sipBusy", False, "486", "Busy Here"),
        ("sipDeclined", True, "603", "Decline"),
        ({"sipNoAnswer": {"seconds": 20}}, True, "480", "Temporarily Unavailable"),
        ({"sipNoAnswer": {"seconds": 20, "code": 408}}, True, "408", "Request Timeout"),
        ({"sipDrops": {"seconds": 5}}, True, "703", "Unexpected clearing"),
        ({"sipMediaTimeout": {"seconds": 5}}, True, "704", "Media timeout"),
    ],
)
def test_a_call_ends_with_its_reason_code(paced: Driver, then: Any, rang: bool, code: str, message: str) -> None:
    fate(paced, "dial", then)
    advance(paced, 30)
    (call,) = paced.control("GET", "/calls")["items"]
    assert (call["status"], call["reasonCode"], call["reasonMessage"]) == ("HANGUP", code, message)
    answered = code in ("703", "704")
    kinds = [event["type"] for event in paced.control("GET", "/events?type=call")["items"]]
    assert kinds.count("call.updated") == 2 + rang + answered
    assert kinds[-1] == "call.destroyed"
    assert len(paced.do("listConnections").json()["items"]) == 2


def test_a_connector_gets_no_handshake(paced: Driver) -> None:
    fate(paced, "connectAudio", "handshakeFails")
    advance(paced, 7)
    kinds = [event["type"] for event in paced.control("GET", "/events?type=connector")["items"]]
    assert kinds == ["connector.connecting", "connector.disconnected"]


def test_a_network_drops(paced: Driver) -> None:
    fate(paced, "startArchive", {"networkDrops": {"seconds": 3, "who": "all"}})
    advance(paced, 2)
    assert len(paced.do("listConnections").json()["items"]) == 2
    advance(paced, 1)
    gone = paced.control("GET", "/events?type=connection.destroyed")["items"]
    assert [event["reason"] for event in gone] == ["networkDisconnected"] * 2


def test_a_server_rotates(paced: Driver) -> None:
    fate(paced, "createSession", {"serverRotation": {"seconds": 3}})
    paced.control("POST", f"/sessions/{paced.session}/participants", {"count": 2})
    advance(paced, 3)
    (event,) = paced.control("GET", "/events?type=session.destroyed")["items"]
    assert event["reason"] == "serverRotation"


def test_a_refused_start_does_not_use_up_the_rule(user: Driver) -> None:
    """`times: 1` means the first archive that is started, not the first attempt."""
    name = fault(user, "startArchive", "uploadFails", times=1)
    user.do("startArchive", resolution="1x1")
    assert user.control("GET", f"/faults/{name}")["hits"] == 0
    user.do("startArchive")
    assert user.control("GET", f"/faults/{name}")["spent"] is True


def test_what_was_given_up_does_not_fail_any_more() -> None:
    with emulator(record_size=1) as client:
        tenant = Tenant(client, pace="realistic")
        tenant.control("POST", "/clock", {"action": "freeze"})
        tenant.control("POST", "/faults", {"when": {"operation": "startArchive"}, "then": "uploadFails"})
        for _ in range(3):
            archive = tenant.archive()
            tenant.call("POST", f"/archive/{archive}/stop")
        assert tenant.call("GET", "/archive").json()["count"] == 1
        tenant.advance(1000)
        assert tenant.call("GET", f"/archive/{archive}").json()["status"] == "failed"
