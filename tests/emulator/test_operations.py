"""Every operation in both contracts: statuses and bodies, walked in the order of a real call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from emulator.service.operations import BY_ID, OPERATIONS
from emulator.spec.schemas.responses import model_of
from tests.emulator.local import Tenant

# Status of success in the service, and in the specification; "-" where there is no body.
STATUSES: dict[str, tuple[str, str]] = {
    "createSession": ("200", "200"),
    "listConnections": ("200", "200"),
    "forceDisconnect": ("204 -", "204 -"),
    "migrateSession": ("202", "200 -"),
    "listStreams": ("200", "200"),
    "setStreamClassLists": ("200", "200 -"),
    "getStream": ("200", "200"),
    "setStreamClassList": ("200", "200 -"),
    "muteSession": ("200", "200 -"),
    "muteStream": ("200", "200 -"),
    "signalSession": ("204 -", "204 -"),
    "signalConnection": ("204 -", "204 -"),
    "listArchives": ("200", "200"),
    "startArchive": ("200", "200"),
    "getArchive": ("200", "200"),
    "deleteArchive": ("204 -", "204 -"),
    "stopArchive": ("200", "200"),
    "setArchiveStorage": ("200", "200"),
    "getArchiveStorage": ("200", "200"),
    "deleteArchiveStorage": ("204 -", "204 -"),
    "setArchiveLayout": ("200", "200 -"),
    "selectArchiveStreams": ("204 -", "204 -"),
    "listBroadcasts": ("200", "200"),
    "startBroadcast": ("200", "200"),
    "getBroadcast": ("200", "200"),
    "stopBroadcast": ("200", "200"),
    "setBroadcastLayout": ("200", "200 -"),
    "selectBroadcastStreams": ("204 -", "204 -"),
    "dial": ("200", "200"),
    "playDtmfAll": ("200 -", "200 -"),
    "playDtmfConnection": ("200 -", "200 -"),
    "startCaptions": ("202", "202"),
    "getCaptions": ("200", "200"),
    "stopCaptions": ("202 -", "200 -"),
    "listRenders": ("200", "200"),
    "startRender": ("202", "202"),
    "getRender": ("200", "200"),
    "stopRender": ("204 -", "200 -"),
    "connectAudio": ("200", "200"),
    "disconnectAudio": ("200 -", "200 -"),
    "listCallbacks": ("200", "200"),
    "registerCallback": ("200", "200"),
    "unregisterCallback": ("204 -", "204 -"),
}

# The keys that the specification documents, where it documents a body.
SPECIFIED: dict[str, set[str]] = {
    "Session": {"session_id", "application_id", "create_dt", "media_server_url"},
    "Stream": {"id", "videoType", "name", "layoutClassList"},
    "Archive": {
        "id", "status", "sessionId", "applicationId", "name", "createdAt", "duration", "size", "outputMode",
        "resolution", "hasAudio", "hasVideo", "url",
    },
    "Broadcast": {
        "id", "sessionId", "applicationId", "status", "createdAt", "maxDuration", "resolution", "broadcastUrls",
    },
    "SipCall": {"id", "connectionId", "streamId"},
    "Render": {"id", "sessionId", "applicationId", "status", "streamId", "url", "resolution", "createdAt"},
}  # fmt: skip


def walk(tenant: Tenant) -> dict[str, Response]:
    """Call every operation once, in the order of a real call, and return the answers."""
    answers: dict[str, Response] = {}

    def call(operation: str, method: str, path: str, json: Any = None) -> Any:
        answers[operation] = answer = tenant.call(method, path, json)
        assert answer.status_code < 300, f"{operation}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    sid = call("createSession", "POST", "//session/create")[0]["session_id"]
    first, second = tenant.join(sid, 2)
    stream = first["streams"][0]["id"]
    session, token = f"/session/{sid}", tenant.client_token(sid)

    call("listConnections", "GET", session + "/connection")
    call("listStreams", "GET", session + "/stream")
    call("getStream", "GET", f"{session}/stream/{stream}")
    call("setStreamClassLists", "PUT", session + "/stream", {"items": [{"id": stream, "layoutClassList": ["full"]}]})
    call("setStreamClassList", "PUT", f"{session}/stream/{stream}", {"layoutClassList": ["full"]})
    call("signalSession", "POST", session + "/signal", {"type": "chat", "data": "hello"})
    call("signalConnection", "POST", f"{session}/connection/{first['connectionId']}/signal", {"type": "", "data": ""})
    call("muteStream", "POST", f"{session}/stream/{stream}/mute")
    call("muteSession", "POST", session + "/mute", {"active": True, "excludedStreamIds": []})

    body = {"sessionId": sid, "name": "lesson", "streamMode": "manual", "resolution": "1280x720"}
    archive = "/archive/" + call("startArchive", "POST", "/archive", body)["id"]
    call("selectArchiveStreams", "PATCH", archive + "/streams", {"addStream": stream})
    call("setArchiveLayout", "PUT", archive + "/layout", {"type": "pip"})
    call("listArchives", "GET", "/archive")
    bucket = {"accessKey": "a", "secretKey": "b", "bucket": "c"}
    call("setArchiveStorage", "PUT", "/archive/storage", {"type": "s3", "config": bucket})
    call("getArchiveStorage", "GET", "/archive/storage")
    call("deleteArchiveStorage", "DELETE", "/archive/storage")
    call("stopArchive", "POST", archive + "/stop")
    call("getArchive", "GET", archive)

    rtmp = [{"id": "one", "serverUrl": "rtmps://localhost/live", "streamName": "key"}]
    body = {"sessionId": sid, "outputs": {"hls": {"dvr": True}, "rtmp": rtmp}, "streamMode": "manual"}
    broadcast = "/broadcast/" + call("startBroadcast", "POST", "/broadcast", body)["id"]
    call("selectBroadcastStreams", "PATCH", broadcast + "/streams", {"addStream": stream, "hasAudio": False})
    call("setBroadcastLayout", "PUT", broadcast + "/layout", {"type": "custom", "stylesheet": "stream {}"})
    call("getBroadcast", "GET", broadcast)
    call("listBroadcasts", "GET", "/broadcast")
    call("stopBroadcast", "POST", broadcast + "/stop")

    leg = call("dial", "POST", "/dial", {"sessionId": sid, "token": token, "sip": {"uri": "sip:someone@localhost"}})
    call("playDtmfAll", "POST", session + "/play-dtmf", {"digits": "0123456789*#p"})
    call("playDtmfConnection", "POST", f"{session}/connection/{leg['connectionId']}/play-dtmf", {"digits": "1"})

    run = tenant_captions(tenant, call, sid, token)
    call("getCaptions", "GET", run)
    call("stopCaptions", "POST", run + "/stop")

    body = {"sessionId": sid, "token": token, "url": "https://localhost/page", "properties": {"name": "page"}}
    render = "/render/" + call("startRender", "POST", "/render", body)["id"]
    call("getRender", "GET", render)
    call("listRenders", "GET", "/render")
    call("stopRender", "DELETE", render)

    body = {"sessionId": sid, "token": token, "websocket": {"uri": "wss://localhost/audio"}}
    connector = call("connectAudio", "POST", "/connect", body)["id"]
    call("disconnectAudio", "POST", f"/connect/{connector}/stop")

    body = {"group": "archive", "event": "status", "url": "http://localhost:9/archives"}
    registered = "/callback/" + call("registerCallback", "POST", "/callback", body)["id"]
    call("listCallbacks", "GET", "/callback")
    call("unregisterCallback", "DELETE", registered)

    call("forceDisconnect", "DELETE", f"{session}/connection/{second['connectionId']}")
    tenant.advance(61)
    call("migrateSession", "POST", session + "/migrate")
    call("deleteArchive", "DELETE", archive)
    return answers


def tenant_captions(tenant: Tenant, call: Callable[..., Any], sid: str, token: str) -> str:
    """Start captions on the path of the contract: the specification names the run in the path."""
    body = {"sessionId": sid, "token": token}
    if tenant.made["contract"] == "spec":
        call("startCaptions", "POST", "/captions/6f3e3a34-9a0c-4b6b-8a0b-0a9b3a3d1c11/start", body)
        return "/captions/6f3e3a34-9a0c-4b6b-8a0b-0a9b3a3d1c11"
    return "/captions/" + str(call("startCaptions", "POST", "/captions", body)["captionsId"])


@pytest.fixture(scope="module")
def walks(client: TestClient) -> dict[str, dict[str, Response]]:
    """The answers of one walk in each contract."""
    return {contract: walk(Tenant(client, contract=contract)) for contract in ("service", "spec")}


def test_the_table_has_every_operation() -> None:
    assert set(STATUSES) == {operation.id for operation in OPERATIONS}


@pytest.mark.parametrize("contract", ["service", "spec"])
@pytest.mark.parametrize("operation", STATUSES)
def test_status_and_body(walks: dict[str, dict[str, Response]], contract: str, operation: str) -> None:
    answer = walks[contract][operation]
    expected = STATUSES[operation][contract == "spec"]
    assert f"{answer.status_code}{'' if answer.content else ' -'}" == expected
    if not answer.content:
        return
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    bodies = body if isinstance(body, list) else [body]
    for each in bodies:
        TypeAdapter(model_of(BY_ID[operation].response)).validate_python(each)
        for item in each.get("items", [each]):
            check_keys(contract, BY_ID[operation].response.removesuffix("List"), item)


def check_keys(contract: str, schema: str, body: dict[str, Any]) -> None:
    if contract == "spec" and schema in SPECIFIED:
        assert set(body) <= SPECIFIED[schema]
        assert [key for key, value in body.items() if value is None] in ([], ["url"])


def test_the_recorded_keys_of_a_session_are_in_their_order(walks: dict[str, dict[str, Response]]) -> None:
    (session,) = walks["service"]["createSession"].json()
    assert list(session)[:15] == [
        "session_id", "project_id", "partner_id", "create_dt", "session_status", "status_invalid",
        "media_server_hostname", "messaging_server_url", "messaging_url", "symphony_address", "properties",
        "ice_server", "session_segment_id", "ice_servers", "ice_credential_expiration",
    ]  # fmt: skip


def test_the_start_of_an_archive_has_milliseconds_and_no_file(walks: dict[str, dict[str, Response]]) -> None:
    started = walks["service"]["startArchive"].json()
    assert started == {
        **started, "status": "started", "name": "lesson", "reason": "", "size": 0, "duration": 0, "url": None,
        "sha256sum": "", "password": "", "multiArchiveTag": "", "event": "archive",
        "hasTranscription": False, "resolution": "1280x720", "outputMode": "composed", "streamMode": "manual",
    }  # fmt: skip
    assert "streams" not in started
    read = walks["service"]["getArchive"].json()
    assert read["createdAt"] == started["createdAt"] // 1000 * 1000


def test_a_broadcast_tells_how_hls_is_doing_only_when_it_is_read(walks: dict[str, dict[str, Response]]) -> None:
    started, read, stopped = (walks["service"][f"{verb}Broadcast"].json() for verb in ("start", "get", "stop"))
    assert "hlsStatus" not in started["broadcastUrls"]
    assert started["broadcastUrls"]["hls"].endswith("/playlist.m3u8?DVR")
    assert started["broadcastUrls"]["rtmp"][0]["status"] == "connecting"
    assert started["settings"] == {"hls": {"lowLatency": False, "dvr": True}}
    assert read["broadcastUrls"]["hlsStatus"] == "live"
    assert read["broadcastUrls"]["rtmp"][0]["status"] == "live"
    assert (stopped["status"], stopped["broadcastUrls"]) == ("stopped", None)


def test_a_render_is_named_only_when_it_is_started(walks: dict[str, dict[str, Response]]) -> None:
    started, read = walks["service"]["startRender"].json(), walks["service"]["getRender"].json()
    assert (started["status"], started["name"], "streamId" in started) == ("starting", "page", False)
    assert (read["status"], "name" in read, read["streamId"].isupper()) == ("started", False, True)


@pytest.mark.parametrize(("contract", "seconds"), [("service", 14_400), ("spec", 7_200)])
def test_the_default_duration_of_a_broadcast(
    walks: dict[str, dict[str, Response]], contract: str, seconds: int
) -> None:
    assert walks[contract]["startBroadcast"].json()["maxDuration"] == seconds


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "//v2/project/{app}/archive"),
        ("GET", "//v2/project/{app}/archive/"),
        ("GET", "///v2/project/{app}//archive"),
        ("GET", "//v2/partner/{app}/archive"),
        ("GET", "//project/{app}/archive"),
        ("GET", "//partner/{app}/archive/?offset=1&&count=2"),
        ("POST", "//v2/session/create"),
        ("POST", "//session/create/"),
        ("GET", "//v2/project/{app}/broadcast/"),
        ("GET", "//v2/project/{app}/render?count=1000"),
    ],
)
def test_paths_as_sdks_write_them(tenant: Tenant, method: str, path: str) -> None:
    assert tenant.call(method, path.format(app=tenant.id)).status_code == 200


def test_the_method_aliases_do_what_their_operations_do(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    (stream,) = tenant.call("GET", f"/session/{sid}/stream").json()["items"]
    body = {"sessionId": sid, "outputs": {"hls": {}}, "streamMode": "manual"}
    broadcast = "/broadcast/" + tenant.call("POST", "/broadcast/", body).json()["id"]
    assert tenant.call("PUT", broadcast + "/streams", {"addStream": stream["id"]}).status_code == 204
    assert tenant.call("POST", broadcast + "/layout", {"type": "bestFit"}).status_code == 200
    token = tenant.client_token(sid)
    assert tenant.call("POST", "/call", {"sessionId": sid, "token": token, "sip": {"uri": "sip:a@b"}}).is_success
    run = tenant.call("POST", "/captions", {"sessionId": sid, "token": token}).json()["captionsId"]
    assert tenant.call("DELETE", f"/captions/{run}/stop").status_code == 202
    page = {"sessionId": sid, "token": token, "url": "https://localhost/page"}
    render = tenant.call("POST", "/render", page).json()["id"]
    assert tenant.call("POST", f"/render/{render}").json()["id"] == render


@pytest.mark.parametrize(("agent", "status"), [("OpenTok-Ruby-SDK/4", 204), ("OpenTok-Python-SDK/3", 200), ("x", 204)])
def test_stopping_a_render_answers_each_sdk_as_it_wants(tenant: Tenant, agent: str, status: int) -> None:
    sid = tenant.session(join=1)
    body = {"sessionId": sid, "token": tenant.client_token(sid), "url": "https://localhost/page"}
    render = tenant.call("POST", "/render", body).json()["id"]
    assert tenant.call("DELETE", f"/render/{render}", headers={"User-Agent": agent}).status_code == status


def test_lists_page_newest_first_and_count_all_that_match(tenant: Tenant) -> None:
    first, second = tenant.session(join=1), tenant.session(join=1)
    ids = [tenant.archive(first, multiArchiveTag=str(number)) for number in range(5)] + [tenant.archive(second)]
    page = tenant.call("GET", "/archive?offset=1&count=2").json()
    assert (page["count"], [item["id"] for item in page["items"]]) == (6, [ids[4], ids[3]])
    for name in ("sessionId", "session_id"):
        mine = tenant.call("GET", f"/archive?{name}={first}&count=1").json()
        assert (mine["count"], mine["items"][0]["id"]) == (5, ids[4])
    assert tenant.call("GET", "/archive?offset=9").json() == {"count": 6, "items": []}
    assert len(tenant.call("GET", "/archive?count=5000").json()["items"]) == 6


def test_list_count_can_mean_the_page(client: TestClient) -> None:
    tenant = Tenant(client, listCount="page")
    sid = tenant.session(join=1)
    for number in range(3):
        tenant.archive(sid, multiArchiveTag=str(number))
    assert tenant.call("GET", "/archive?count=2").json()["count"] == 2


def test_a_finished_archive_can_be_downloaded_as_stated(tenant: Tenant) -> None:
    import base64
    import hashlib

    for fields in ({}, {"outputMode": "individual"}):
        archive = tenant.archive(**fields)
        tenant.advance(2)
        tenant.call("POST", f"/archive/{archive}/stop")
        read = tenant.call("GET", f"/archive/{archive}").json()
        content = tenant.client.get(read["url"]).content
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert (read["status"], len(content), digest) == ("available", read["size"], read["sha256sum"])
        assert read["duration"] == 2
        tenant.advance(601)
        assert tenant.client.get(read["url"]).status_code == 403


def test_a_legacy_application_speaks_numbers(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    tenant.root = f"/v2/project/{tenant.made['apiKey']}"
    archive = tenant.call("POST", "/archive", {"sessionId": sid}).json()
    key = tenant.made["apiKey"]
    assert (archive["projectId"], archive["partnerId"], archive["applicationId"]) == (int(key), int(key), key)
    broadcast = tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": {"hls": {}}}).json()
    assert (broadcast["projectId"], broadcast["partnerId"], "applicationId" in broadcast) == (int(key), int(key), False)


def test_what_joins_with_a_token_publishes_with_its_layout_classes(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    token = tenant.client_token(sid, initial_layout_class_list="focus full")
    socket = {"uri": "wss://localhost/", "bidirectional": True}
    for path, fields in (
        ("/dial", {"sip": {"uri": "sip:a@localhost"}}),
        ("/render", {"url": "https://localhost/page"}),
        ("/connect", {"websocket": socket}),
    ):
        assert tenant.call("POST", path, {"sessionId": sid, "token": token, **fields}).status_code < 300
    streams = tenant.call("GET", f"/session/{sid}/stream").json()["items"]
    assert [stream["layoutClassList"] for stream in streams] == [
        [],
        ["focus", "full"],
        ["focus", "full"],
        ["focus", "full"],
    ]


@pytest.mark.parametrize("contract", ["service", "spec"])
def test_the_id_of_captions_in_the_path_can_be_used_again(client: TestClient, contract: str) -> None:
    tenant = Tenant(client, contract=contract)
    sid = tenant.session(join=1)
    body = {"sessionId": sid, "token": tenant.client_token(sid)}
    stopped = 200 if contract == "spec" else 202
    for _ in range(2):
        assert tenant.call("POST", "/captions/mine/start", body).status_code == 202
        assert tenant.call("POST", "/captions/mine/start", body).json()["code"] == 60003
        assert tenant.call("POST", "/captions/mine/stop").status_code == stopped
        assert tenant.call("POST", "/captions/mine/stop").status_code == 404
    assert tenant.control("GET", "/captions")["count"] == 1
