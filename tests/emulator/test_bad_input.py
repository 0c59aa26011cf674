"""Bad input: a 4xx with a body that every SDK can read, never a 500, and the state unchanged."""

# ruff: noqa: E501 - tables read best a row a line
from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.local import Tenant, emulator

# operation path, body, the field that the answer must name
BODIES: list[tuple[str, Any, str]] = [
    ("/archive", {}, "sessionId"),
    ("/archive", {"sessionId": 7}, "sessionId"),
    ("/archive", {"sessionId": None}, "sessionId"),
    ("/archive", {"sessionId": "{sid}", "hasAudio": "maybe"}, "hasAudio"),
    ("/archive", {"sessionId": "{sid}", "hasAudio": False, "hasVideo": False}, "hasAudio"),
    ("/archive", {"sessionId": "{sid}", "outputMode": "mixed"}, "outputMode"),
    ("/archive", {"sessionId": "{sid}", "resolution": "1x1"}, "resolution"),
    ("/archive", {"sessionId": "{sid}", "outputMode": "individual", "resolution": "640x480"}, "resolution"),
    ("/archive", {"sessionId": "{sid}", "outputMode": "individual", "layout": {"type": "pip"}}, "layout"),
    ("/archive", {"sessionId": "{sid}", "outputMode": "individual", "maxBitrate": 200_000}, "maxBitrate"),
    ("/archive", {"sessionId": "{sid}", "maxBitrate": 99_999}, "maxBitrate"),
    ("/archive", {"sessionId": "{sid}", "maxBitrate": 6_000_001}, "maxBitrate"),
    ("/archive", {"sessionId": "{sid}", "quantizationParameter": 14}, "quantizationParameter"),
    ("/archive", {"sessionId": "{sid}", "quantizationParameter": 41}, "quantizationParameter"),
    ("/archive", {"sessionId": "{sid}", "quantizationParameter": 20, "maxBitrate": 200_000}, "quantizationParameter"),
    ("/archive", {"sessionId": "{sid}", "layout": {"type": "grid"}}, "layout.type"),
    ("/archive", {"sessionId": "{sid}", "layout": {"type": "custom"}}, "stylesheet"),
    ("/archive", {"sessionId": "{sid}", "layout": {"type": "pip", "stylesheet": "stream {}"}}, "stylesheet"),
    ("/archive", {"sessionId": "{sid}", "layout": {"type": "pip", "screenshareType": "pip"}}, "screenshareType"),
    ("/archive", {"sessionId": "{sid}", "layout": {"type": "bestFit", "screenshareType": "custom"}}, "screenshareType"),
    ("/archive", {"sessionId": "{sid}", "layout": "bestFit"}, "layout"),
    ("/archive", {"sessionId": "{sid}", "transcriptionProperties": {"primaryLanguageCode": "?"}}, "transcription"),
    ("/broadcast", {"sessionId": "{sid}"}, "outputs"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {}}, "outputs"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"rtmp": []}}, "outputs"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"hls": {"dvr": True, "lowLatency": True}}}, "outputs.hls"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"rtmp": [{"serverUrl": "http://x", "streamName": "y"}]}}, "serverUrl"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"rtmp": [{"serverUrl": "rtmp://x"}]}}, "streamName"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"rtmp": [{"serverUrl": "rtmp://x", "streamName": "y"}] * 6}}, "rtmp"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"hls": {}}, "maxDuration": 59}, "maxDuration"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"hls": {}}, "maxDuration": 36_001}, "maxDuration"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"hls": {}}, "maxBitrate": 1}, "maxBitrate"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"hls": {}}, "resolution": "800x600"}, "resolution"),
    ("/broadcast", {"sessionId": "{sid}", "outputs": {"hls": {}}, "streamMode": "some"}, "streamMode"),
    ("/dial", {"sessionId": "{sid}", "sip": {"uri": "sip:a@b"}}, "token"),
    ("/dial", {"sessionId": "{sid}", "token": "{token}", "sip": {}}, "sip.uri"),
    ("/dial", {"sessionId": "{sid}", "token": "{token}", "sip": {"uri": "tel:1"}}, "sip.uri"),
    ("/dial", {"sessionId": "{sid}", "token": "{token}", "sip": {"uri": "sip:a@b", "headers": {"X": 1}}}, "sip.headers"),
    ("/session/{sid}/play-dtmf", {"digits": "12a"}, "digits"),
    ("/session/{sid}/play-dtmf", {"digits": ""}, "digits"),
    ("/captions", {"sessionId": "{sid}", "token": "{token}", "languageCode": "xx-XX"}, "languageCode"),
    ("/captions", {"sessionId": "{sid}", "token": "{token}", "maxDuration": 299}, "maxDuration"),
    ("/captions", {"sessionId": "{sid}", "token": "{token}", "statusCallbackUrl": "x"}, "statusCallbackUrl"),
    ("/captions", {"sessionId": "{sid}", "token": "{token}", "statusCallbackUrl": "http://[::1/callbacks"}, "statusCallbackUrl"),
    ("/render", {"sessionId": "{sid}", "token": "{token}", "url": "https://localhost/page", "statusCallbackUrl": "http://localhost:99999/"}, "statusCallbackUrl"),
    ("/render", {"sessionId": "{sid}", "token": "{token}"}, "url"),
    ("/render", {"sessionId": "{sid}", "token": "{token}", "url": "http://short"}, "url"),
    ("/render", {"sessionId": "{sid}", "token": "{token}", "url": "https://localhost/page", "maxDuration": 59}, "maxDuration"),
    ("/render", {"sessionId": "{sid}", "token": "{token}", "url": "https://localhost/page", "resolution": "1x1"}, "resolution"),
    ("/render", {"sessionId": "{sid}", "token": "{token}", "url": "https://localhost/page", "properties": {"name": ""}}, "name"),
    ("/connect", {"sessionId": "{sid}", "token": "{token}", "websocket": {"uri": "http://x"}}, "websocket.uri"),
    ("/connect", {"sessionId": "{sid}", "token": "{token}", "websocket": {"uri": "ws://x", "audioRate": 44100}}, "audioRate"),
    ("/connect", {"sessionId": "{sid}", "token": "{token}", "websocket": {"uri": "ws://x", "headers": {"a": "b" * 512}}}, "headers"),
    ("/session/{sid}/signal", {"type": "chat"}, "data"),
    ("/session/{sid}/signal", {"type": "chat", "data": {"a": 1}}, "data"),
    ("/session/{sid}/mute", {}, "active"),
    ("/session/{sid}/mute", {"active": "perhaps"}, "active"),
]  # fmt: skip

RAW = [b"", b" ", b"{", b"[]", b"null", b'"text"', b"7", b"\xff\xfe", b'{"sessionId": NaN}', b"a=b", b"[" * 10_000]


def state(tenant: Tenant) -> dict[str, int]:
    counts: dict[str, int] = tenant.control("GET", "")["counts"]
    return {name: count for name, count in counts.items() if name != "requests"}


@pytest.fixture(scope="module")
def full(client: TestClient) -> tuple[Tenant, str]:
    tenant = Tenant(client)
    return tenant, tenant.session(join=2)


@pytest.mark.parametrize(("path", "body", "field"), BODIES, ids=[f"{path}-{field}-{n}" for n, (path, _, field) in enumerate(BODIES)])  # fmt: skip
def test_a_wrong_field_is_named(full: tuple[Tenant, str], path: str, body: Any, field: str) -> None:
    tenant, sid = full
    token = tenant.client_token(sid)
    filled = {key: {"{sid}": sid, "{token}": token}.get(value, value) if isinstance(value, str) else value
              for key, value in body.items()}  # fmt: skip
    before = state(tenant)
    answer = tenant.call("POST", path.replace("{sid}", sid), filled)
    assert answer.status_code == 400, answer.text
    assert field in answer.json()["message"]
    assert answer.json()["message"] == answer.json()["description"]
    assert state(tenant) == before


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/archive"), ("PUT", "/archive/{id}/layout"), ("PATCH", "/archive/{id}/streams"), ("POST", "/broadcast"),
        ("POST", "/dial"), ("POST", "/captions"), ("POST", "/render"), ("POST", "/connect"),
        ("POST", "/session/{sid}/signal"), ("POST", "/session/{sid}/mute"), ("PUT", "/session/{sid}/stream"),
        ("POST", "/session/{sid}/play-dtmf"),
    ],
)  # fmt: skip
def test_what_is_not_a_json_object_is_refused(full: tuple[Tenant, str], method: str, path: str, raw: bytes) -> None:
    tenant, sid = full
    path = path.replace("{sid}", sid).replace("{id}", "0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33")
    answer = tenant.call(method, path, content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"code", "message", "description"}


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ("archiveMode=always&p2p.preference=enabled", "archiveMode"),
        ("archiveMode=always&e2ee=true", "archiveMode"),
        ("archiveName=x", "archiveName"),
        ("archiveResolution=640x480", "archiveResolution"),
        ("archiveMode=always&archiveResolution=1x1", "archiveResolution"),
        ("archiveMode=always&archiveName=" + "x" * 81, "archiveName"),
    ],
)
def test_a_wrong_field_of_a_new_session_is_named(tenant: Tenant, form: str, field: str) -> None:
    answer = tenant.call("POST", "//session/create", content=form)
    assert answer.status_code == 400
    assert field in answer.json()["message"]
    assert state(tenant)["sessions"] == 0


@pytest.mark.parametrize(
    "form",
    [
        "", "archiveMode=manual&location=null&p2p.preference=disabled", "location=&archiveMode=manual&e2ee=false",
        "e2ee=True&media_mode=routed", "p2p.preference=always", "api_key=1&archiveMode=manual", "location=10.0.0.1",
        "archiveMode=always&archiveName=x&archiveResolution=720x1280", '{"archiveMode": "always"}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/json", ""])
def test_new_sessions_as_sdks_ask_for_them(tenant: Tenant, form: str, content_type: str) -> None:
    answer = tenant.call("POST", "//session/create", content=form, headers={"Content-Type": content_type})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("body", [None, b"", b"{}", b"[]", b"nonsense"])
def test_bodies_that_nobody_needs_are_not_looked_at(tenant: Tenant, body: bytes | None) -> None:
    archive = tenant.archive()
    assert tenant.call("POST", f"/archive/{archive}/stop", content=body).status_code == 200


def test_what_sdks_send_as_null_or_as_text_is_taken(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    body = {
        "sessionId": sid,
        "name": None,
        "resolution": None,
        "multiArchiveTag": None,
        "layout": None,
        "hasAudio": "true",
    }
    archive = tenant.call("POST", "/archive", body)
    assert (archive.status_code, archive.json()["resolution"]) == (200, "640x480")
    muted = tenant.call("POST", f"/session/{sid}/mute", {"active": "true", "excludedStreamIds": None, "excluded": []})
    assert muted.status_code == 200
    (exchange,) = tenant.control("GET", "/requests?operation=muteSession")["items"]
    assert exchange["unread"] == ["excluded"]
    tenant.call("POST", f"/session/{sid}/mute?x=1&count=1", {"active": "maybe", "excluded": []})
    tenant.call("POST", "/session/unknown/mute", {"active": True, "excluded": []})
    unread = [each["unread"] for each in tenant.control("GET", "/requests?operation=muteSession")["items"]]
    assert sorted(unread) == [["excluded"], ["excluded"], ["excluded", "?x"]]


def test_a_signal_that_is_too_large_is_413(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    for type_, data, status in [
        ("x" * 128, "y" * 8192, 204),
        ("x" * 129, "", 413),
        ("", "y" * 8193, 413),
        ("é" * 65, "", 413),
    ]:
        assert tenant.call("POST", f"/session/{sid}/signal", {"type": type_, "data": data}).status_code == status


def test_a_body_over_the_limit_is_413_whether_its_length_is_told_or_not() -> None:
    with emulator(max_body_bytes=2048) as client:
        tenant = Tenant(client)
        for content in (b"x" * 2049, (b"x" * 1000 for _ in range(3))):
            answer = tenant.call("POST", "/archive", content=content)
            assert (answer.status_code, answer.json()["code"]) == (413, -1)


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "//", 404, None), ("GET", "//nope", 404, None), ("GET", "/archive/x/y", 404, None),
        ("GET", "/archive//", 200, None), ("GET", "//v2/project//archive", 404, None),
        ("GET", "/session//stream", 404, None), ("POST", "/session/create", 404, None),
        ("PUT", "/archive", 405, "GET, POST"), ("GET", "//session/create", 405, "POST"), ("OPTIONS", "/dial", 405, "POST"),
        ("GET", "/" + "a" * 5000, 404, None), ("GET", "//%00", 404, None), ("GET", "/archive/%ff", 400, None),
    ],
)  # fmt: skip
def test_unknown_paths_and_methods_have_a_json_body(
    tenant: Tenant, method: str, path: str, status: int, allowed: str | None
) -> None:
    answer = tenant.call(method, path)
    assert answer.status_code == status, answer.text
    assert answer.headers.get("allow") == allowed
    assert answer.headers["content-type"] == "application/json"
    assert "message" in answer.json() or status == 200


@pytest.mark.parametrize("query", ["offset=-1", "count=x", "offset=1.5", "count=%C2%B2", "offset=1e3"])
def test_a_wrong_page_is_named(tenant: Tenant, query: str) -> None:
    answer = tenant.call("GET", f"/archive?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["message"]


def test_huge_numbers_and_repeated_parameters_do_no_harm(tenant: Tenant) -> None:
    for query in ("offset=" + "9" * 5000, "count=1&count=2", "sessionId=&offset=1&&count=1", "sessionId=%00"):
        assert tenant.call("GET", f"/archive?{query}").status_code == 200


def test_repeated_and_strange_headers_do_no_harm(tenant: Tenant) -> None:
    headers = [("Authorization", f"Bearer {tenant.token}"), ("Authorization", "Bearer x"), ("X-Odd", "\xff")]
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    assert tenant.client.get(tenant.root + "/archive", headers=encoded).status_code in (200, 403)


def test_a_body_that_is_nested_without_end_is_refused(full: tuple[Tenant, str]) -> None:
    tenant, sid = full
    for depth in (300, 950, 1000, 5000):
        raw = b'{"sessionId": "' + sid.encode() + b'", "x": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        answer = tenant.call("POST", "/archive", content=raw)
        assert answer.status_code in (200, 400, 409), depth


def test_head_answers_like_get_without_a_body(tenant: Tenant) -> None:
    assert tenant.call("HEAD", "/archive").status_code == 200
    assert tenant.client.head("/_emulator/health").status_code == 200


def test_path_and_headers_over_the_limit_are_431_and_are_not_kept(tenant: Tenant) -> None:
    answer = tenant.call("GET", "/archive", headers={"X-Long": "x" * 70_000})
    assert answer.status_code == 431
    (exchange,) = tenant.control("GET", "/requests?limit=1")["items"]
    assert (exchange["status"], exchange["headers"], exchange["truncated"]) == (431, {}, True)


def test_an_error_of_control_has_the_shape_of_control() -> None:
    with emulator(max_body_bytes=2048) as client:
        answer = client.post("/_emulator/applications", content=b"x" * 3000)
        assert (answer.status_code, list(answer.json())) == (413, ["error"])
        answer = client.put("/_emulator/health")
        assert (answer.status_code, answer.headers["allow"], list(answer.json())) == (405, "GET", ["error"])


def test_excluded_streams_are_spared_under_both_names(tenant: Tenant) -> None:
    for name in ("excludedStreamIds", "excludedStreams"):
        sid = tenant.session()
        (one,) = tenant.join(sid)
        stream = one["streams"][0]["id"]
        tenant.call("POST", f"/session/{sid}/mute", {"active": True, name: [stream]})
        (seen,) = tenant.control("GET", f"/sessions/{sid}/participants")["items"]
        assert seen["streams"][0]["muted"] is False


def test_the_archive_route_serves_broadcasts_too(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    (stream,) = tenant.call("GET", f"/session/{sid}/stream").json()["items"]
    body = {"sessionId": sid, "outputs": {"hls": {}}, "streamMode": "manual"}
    broadcast = tenant.call("POST", "/broadcast", body).json()["id"]
    tenant.call("PATCH", f"/broadcast/{broadcast}/streams", {"addStream": stream["id"]})
    assert tenant.call("PATCH", f"/archive/{broadcast}/streams", {"removeStream": stream["id"]}).status_code == 204
    assert tenant.call("GET", f"/broadcast/{broadcast}").json().get("streams") is None


def test_a_clock_stops_at_the_end_of_the_year_9999(tenant: Tenant) -> None:
    url = f"/_emulator/applications/{tenant.id}/clock"
    assert tenant.client.post(url, json={"action": "freeze", "at": 253_402_300_800_000}).status_code == 400
    assert tenant.client.post(url, json={"action": "freeze", "at": 1}).status_code == 400
    for _ in range(2):
        tenant.control("POST", "/clock", {"action": "freeze", "at": 253_402_300_799_000})
        assert tenant.client.post(url, json={"action": "advance", "seconds": 1}).status_code == 400
    assert tenant.session()


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("resolution", "640x480", 'The outputMode property is set to "individual" and you set the resolution property'),
        ("maxBitrate", 200_000, "maxBitrate is only supported for composed archives."),
        ("layout", {"type": "pip"}, "Invalid request. The layout options are invalid."),
    ],
)
def test_what_an_individual_archive_cannot_have_is_refused_in_the_documented_words(
    full: tuple[Tenant, str], field: str, value: Any, text: str
) -> None:
    tenant, sid = full
    answer = tenant.call("POST", "/archive", {"sessionId": sid, "outputMode": "individual", field: value})
    assert answer.status_code == 400
    assert text in answer.json()["message"]
    assert f"{field}: allowed with outputMode composed only" in answer.json()["message"]
