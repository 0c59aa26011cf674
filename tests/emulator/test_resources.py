"""Resources in the control API: listed, read with what may follow, forced; pictures; what a live page reads."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.callbacks.signing import check, sign
from emulator.control.events import Watched
from state.lifecycles import LIFECYCLES
from tests.emulator.local import NOBODY, Tenant


@pytest.fixture
def tenant(client: TestClient) -> Tenant:
    """An application whose clock stands still: what is processed stays so until time is advanced."""
    tenant = Tenant(client, pace="realistic")
    tenant.control("POST", "/clock", {"action": "freeze"})
    return tenant


def start(tenant: Tenant, kind: str, session_id: str, **fields: Any) -> str:
    """Start one resource of a kind as an SDK does, with more fields; return its id."""
    token = tenant.client_token(session_id)
    paths: dict[str, tuple[str, dict[str, Any]]] = {
        "archives": ("/archive", {}),
        "broadcasts": (
            "/broadcast",
            {"outputs": {"hls": {}, "rtmp": [{"id": "yt", "serverUrl": "rtmp://localhost/a", "streamName": "b"}]}},
        ),
        "renders": ("/render", {"token": token, "url": "https://example.com/", "properties": {"name": "board"}}),
        "captions": ("/captions", {"token": token}),
        "calls": ("/dial", {"token": token, "sip": {"uri": "sip:a@localhost"}}),
        "connectors": ("/connect", {"token": token, "websocket": {"uri": "ws://localhost/"}}),
    }
    path, body = paths[kind]
    made = tenant.call("POST", path, {"sessionId": session_id, **body, **fields})
    assert made.status_code < 300, made.text
    found: str = made.json().get("id") or made.json()["captionsId"]
    return found


def refused(tenant: Tenant, method: str, path: str, json: Any = None) -> tuple[int, dict[str, str]]:
    answer = tenant.client.request(method, f"/_emulator/applications/{tenant.id}{path}", json=json)
    return answer.status_code, answer.json().get("error", {})


KINDS = {
    "archives": ("archive", "started", "failed"),
    "broadcasts": ("broadcast", "started", "failed"),
    "renders": ("render", "starting", "failed"),
    "captions": ("captions", "started", "failed"),
    "calls": ("call", "DIALING", "HANGUP"),
    "connectors": ("connector", "connecting", "disconnected"),
}


def test_life_cycles_are_listed_with_what_may_follow(client: TestClient) -> None:
    listed = client.get("/_emulator/lifecycles").json()
    assert set(listed) == set(LIFECYCLES)
    assert listed["captions"] == {
        "initial": "started",
        "transitions": {
            "started": ["transcribing", "stopped", "failed"],
            "transcribing": ["stopped", "failed"],
            "stopped": [],
            "failed": [],
        },
    }


@pytest.mark.parametrize("path", KINDS)
def test_each_kind_is_listed_read_and_forced(tenant: Tenant, path: str) -> None:
    kind, initial, end = KINDS[path]
    sid, other = tenant.session(join=1), tenant.session(join=1)
    first, second = start(tenant, path, sid), start(tenant, path, other)

    assert [each["id"] for each in tenant.control("GET", f"/{path}")["items"]] == [first, second]
    assert [each["id"] for each in tenant.control("GET", f"/{path}?limit=1")["items"]] == [second]
    (listed,) = tenant.control("GET", f"/{path}?session={sid}")["items"]
    assert (listed["id"], listed["status"], listed["sessionId"]) == (first, initial, sid)

    read = tenant.control("GET", f"/{path}/{first}")
    assert read["allowed"] == list(LIFECYCLES[kind].transitions[initial])
    assert {timer["action"].partition(".")[0] for timer in read["pending"]} == {kind}

    status, error = refused(tenant, "POST", f"/{path}/{first}/transition", {"status": "nonsense"})
    assert (status, error["field"]) == (400, "status")
    forced = tenant.control("POST", f"/{path}/{first}/transition", {"status": end})
    assert (forced["status"], forced["allowed"], forced["pending"]) == (end, [], [])
    assert tenant.control("GET", f"/{path}?status={end}")["count"] == 1
    status, error = refused(tenant, "POST", f"/{path}/{first}/transition", {"status": end})
    assert (status, error["suggestion"]) == (409, "allowed: none")
    assert refused(tenant, "GET", f"/{path}?status=nonsense")[0] == 400
    assert refused(tenant, "GET", f"/{path}/{NOBODY}")[0] == 404
    assert refused(tenant, "GET", f"/{path}/x")[0] == 400


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("calls", {"status": "HANGUP", "reasonCode": "486"}, ("reasonCode", "486")),
        ("renders", {"status": "failed", "reason": "no page"}, ("reason", "no page")),
        ("captions", {"status": "failed", "reason": "quota"}, ("reason", "quota")),
        ("archives", {"status": "failed", "reason": "disk"}, ("reason", "disk")),
        ("broadcasts", {"status": "failed", "reason": "power"}, ("reason", "power")),
    ],
)
def test_a_forced_end_may_have_a_reason(tenant: Tenant, path: str, body: dict[str, str], what: tuple[str, str]) -> None:
    resource = start(tenant, path, tenant.session(join=1))
    assert tenant.control("POST", f"/{path}/{resource}/transition", body)[what[0]] == what[1]


def test_a_forced_start_is_what_the_service_sees(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    render, call = start(tenant, "renders", sid), start(tenant, "calls", sid)
    tenant.control("POST", f"/renders/{render}/transition", {"status": "started"})
    assert tenant.call("GET", f"/render/{render}").json()["status"] == "started"
    origins = [each["origin"] for each in tenant.control("GET", f"/sessions/{sid}/participants")["items"]]
    assert origins == ["client", "call", "render"]
    for status in ("RINGING", "ACTIVE", "ON_HOLD"):
        assert tenant.control("POST", f"/calls/{call}/transition", {"status": status})["status"] == status
    tenant.advance(60)
    assert tenant.control("GET", f"/calls/{call}")["status"] == "ON_HOLD"


def test_the_outputs_of_a_broadcast_are_forced_each_for_itself(tenant: Tenant) -> None:
    each = start(tenant, "broadcasts", tenant.session(join=1))
    path = f"/broadcasts/{each}/transition"
    tenant.control("POST", path, {"output": "hls", "status": "error"})
    forced = tenant.control("POST", path, {"output": "rtmp", "target": "yt", "status": "offline"})
    assert (forced["status"], forced["hls"]["status"], forced["rtmp"][0]["status"]) == ("started", "error", "offline")
    urls = tenant.call("GET", f"/broadcast/{each}").json()["broadcastUrls"]
    assert (urls["hlsStatus"], urls["rtmp"][0]["status"]) == ("error", "offline")
    assert refused(tenant, "POST", path, {"output": "hls", "status": "live"})[0] == 409
    assert refused(tenant, "POST", path, {"output": "hls", "status": "ended"})[0] == 409
    assert refused(tenant, "POST", path, {"output": "rtmp", "target": "nobody", "status": "error"}) == (
        404,
        {"message": "the broadcast has no such rtmp output", "field": "target"},
    )
    tenant.control("POST", path, {"status": "stopped"})
    assert refused(tenant, "POST", path, {"output": "rtmp", "status": "error"})[0] == 409


def test_a_picture_follows_the_layout_of_an_archive_and_what_is_published(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    (focus,) = tenant.join(sid, 1, streams=[{"name": "cam", "layoutClassList": ["focus"]}])
    archive = tenant.archive(sid, layout={"type": "verticalPresentation"}, resolution="1280x720")
    picture = tenant.control("GET", f"/archives/{archive}")["picture"]
    assert (picture["type"], picture["width"], picture["height"]) == ("verticalPresentation", 1280, 720)
    assert picture["tiles"][0]["stream"]["id"] == focus["streams"][0]["id"]
    assert picture["tiles"][0]["box"] == {"left": 20, "top": 0, "width": 80, "height": 100, "z": 0}
    custom = {"type": "custom", "stylesheet": "stream { width: 50% }"}
    tenant.call("PUT", f"/archive/{archive}/layout", custom)
    picture = tenant.control("GET", f"/archives/{archive}")["picture"]
    assert (picture["stylesheet"], picture["tiles"][0]["box"]) == (custom["stylesheet"], None)
    tenant.control("POST", f"/archives/{archive}/transition", {"status": "stopped"})
    assert tenant.control("GET", f"/archives/{archive}")["picture"] is None


def test_a_session_shows_how_a_layout_would_look(tenant: Tenant) -> None:
    sid = tenant.session(join=2)
    tenant.join(sid, 1, streams=[{"videoType": "screen"}])
    picture = tenant.control("GET", f"/sessions/{sid}/picture?screenshareType=pip&resolution=480x640")
    assert (picture["type"], [tile["role"] for tile in picture["tiles"]]) == ("pip", ["full", "corner"])
    assert len(picture["leftOut"]) == 1
    status, error = refused(tenant, "GET", f"/sessions/{sid}/picture?type=pip&screenshareType=pip")
    assert (status, error["field"]) == (400, "screenshareType")
    assert refused(tenant, "GET", f"/sessions/{sid}/picture?type=round")[0] == 400


def test_one_exchange_is_read_by_its_number_and_new_ones_after_it(tenant: Tenant) -> None:
    tenant.session()
    tenant.call("GET", "/archive")
    assert tenant.control("GET", "/requests/1")["operation"] == "createSession"
    assert [each["number"] for each in tenant.control("GET", "/requests?after=1")["items"]] == [2]
    for number in (0, 3, -1, 99999999999):
        assert refused(tenant, "GET", f"/requests/{number}")[0] == 404
    assert refused(tenant, "GET", "/requests/x")[0] == 400


def test_the_check_of_a_signature_is_that_of_a_receiver() -> None:
    token = sign("secret", b"body", jti="1", application_id="app", api_key="key")
    good = check("secret", {"Authorization": f"Bearer {token}"}, b"body")
    assert (good["signed"], good["valid"], good["payloadHash"], good["claims"]["jti"]) == (True, True, True, "1")
    assert check("other", {"Authorization": f"Bearer {token}"}, b"body")["valid"] is False
    assert check("secret", {"Authorization": f"Bearer {token}"}, b"else")["payloadHash"] is False
    assert check("secret", {}, b"body") == {"signed": False, "valid": False, "payloadHash": False, "claims": None}


def test_a_stream_of_changes_tells_what_has_no_event(client: TestClient) -> None:
    """The test client reads a stream to its end, so the application is deleted at the end."""
    tenant = Tenant(client)
    with ThreadPoolExecutor(1) as pool:
        path = f"/_emulator/applications/{tenant.id}/events/stream?changes=true"
        streamed = pool.submit(lambda: client.get(path).text)
        for act in (
            lambda: tenant.call("GET", "/archive"),
            lambda: tenant.control("POST", "/faults", {"when": {"operation": "dial"}, "then": "internal"}),
            lambda: tenant.control("POST", "/clock", {"action": "freeze"}),
            lambda: tenant.control("POST", "/callbacks/hold"),
        ):
            time.sleep(0.6)
            act()
        time.sleep(0.6)
        client.delete(f"/_emulator/applications/{tenant.id}")
        text = streamed.result(timeout=10)
    blocks = [block.split("\n") for block in text.split("\n\n")]
    found = [json.loads(block[1].removeprefix("data: ")) for block in blocks if block[0] == "event: changed"]
    assert [each["requests"] for each in found][:2] == [0, 1]
    assert found[0]["events"] == {"first": 1, "last": 0}
    assert found[1]["faults"] != found[2]["faults"]
    assert [each["clock"]["frozen"] for each in found][-2:] == [True, True]
    assert "archive.started" in found[-1]["held"]
    assert len({each["epoch"] for each in found}) == 1


def test_a_stream_of_changes_names_the_world_that_it_tells_of(client: TestClient) -> None:
    """What is read by it of a world that is gone: a client cannot know that from any number."""
    tenant = Tenant(client)
    app = client.app.state.services.world.find(tenant.id)  # type: ignore[attr-defined]
    watched = Watched(app)
    epochs = []
    for act in (
        lambda: None,
        lambda: tenant.call("GET", "/archive"),
        lambda: tenant.control("POST", "/reset"),
        lambda: tenant.control("PUT", "/snapshot", tenant.control("GET", "/snapshot")),
    ):
        act()
        changed = watched.change_event()
        assert changed is not None
        epochs.append(changed["epoch"])
    assert epochs[0] == epochs[1]
    assert len(set(epochs)) == 3
    tenant.control("PUT", "/scenarios/session-already-recording")
    changed = watched.change_event()
    assert changed is not None
    assert changed["faults"] != 0
