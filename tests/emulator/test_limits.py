"""What the service takes is taken, and noted where it is documented otherwise; what it refuses is refused."""

# ruff: noqa: E501 - tables read best a row a line
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from starlette.testclient import TestClient

from state import documents
from state.journal import Exchange, Undocumented
from tests.emulator.local import NOBODY, Tenant, rest_token

PAGE = {"url": "https://localhost/page"}


@pytest.fixture(scope="module")
def full(client: TestClient) -> tuple[Tenant, str]:
    tenant = Tenant(client)
    return tenant, tenant.session(join=2)


def notes(tenant: Tenant, operation: str = "") -> list[tuple[str, Any]]:
    """Return what the newest request was noted to say."""
    query = f"&operation={operation}" if operation else ""
    (exchange,) = tenant.control("GET", f"/requests?limit=1{query}")["items"]
    assert all(each["documented"] for each in exchange["undocumented"])
    return [(each["field"], each["value"]) for each in exchange["undocumented"]]


def fields(tenant: Tenant) -> list[str]:
    return [field for field, _ in notes(tenant)]


# what a form says, whether the session is relayed, and the fields that are noted
FORMS: list[tuple[str, bool, list[str]]] = [
    ("p2p.preference=routed", False, ["p2p.preference"]),
    ("p2p.preference=relayed", False, ["p2p.preference"]),
    ("p2p.preference=Enabled", False, ["p2p.preference"]),
    ("p2p.preference=true", False, ["p2p.preference"]),
    ("p2p.preference=undefined", False, ["p2p.preference"]),
    ("p2p.preference=", False, []),
    ("p2p.preference=enabled", True, []),
    ("p2p.preference=always", True, []),
    ("p2p.preference=disabled&archiveMode=manual&e2ee=false&location=10.0.0.1", False, []),
    ('{"p2p.preference": 1}', False, ["p2p.preference"]),
    ("archiveMode=Always", False, ["archiveMode"]),
    ("archiveMode=undefined&archiveName=undefined", False, ["archiveMode", "archiveName"]),
    ("archiveMode=none&p2p.preference=enabled", True, ["archiveMode"]),
    ("archiveName=null&archiveResolution=NaN", False, ["archiveName", "archiveResolution"]),
    ("location=eu-west-1", False, ["location"]),
    ("location=%3A%3A1", False, ["location"]),
    ("location=undefined", False, ["location"]),
    ("location=null", False, []),
    ("location=", False, []),
    ("e2ee=TRUE", False, []),
    ("e2ee=1", False, []),
    ("e2ee=0&p2p.preference=enabled", True, []),
    ('{"e2ee": true}', False, []),
    ("e2ee=enabled", False, ["e2ee"]),
    ("e2ee=yes&p2p.preference=enabled", True, ["e2ee"]),
    ("e2ee=on&archiveMode=always", False, ["e2ee"]),
    ("e2ee=t", False, ["e2ee"]),
    ('{"e2ee": 7}', False, ["e2ee"]),
    ("e2ee=null&p2p.preference=enabled", True, ["e2ee"]),
    ("e2ee=None", False, ["e2ee"]),
]  # fmt: skip


@pytest.mark.parametrize(("form", "relayed", "noted"), FORMS)
def test_a_new_session_takes_what_clients_write(
    full: tuple[Tenant, str], form: str, relayed: bool, noted: list[str]
) -> None:
    tenant, _ = full
    made = tenant.call("POST", "//session/create", content=form)
    assert made.status_code == 200, made.text
    assert fields(tenant) == noted
    sid = made.json()[0]["session_id"]
    assert tenant.control("GET", f"/sessions/{sid}")["mediaMode"] == ("relayed" if relayed else "routed")


@pytest.mark.parametrize("form", [form for form, _, noted in FORMS if noted])
def test_documented_limits_can_be_enforced(client: TestClient, form: str) -> None:
    tenant = Tenant(client, documentedLimits="refuse")
    assert tenant.call("POST", "//session/create", content=form).status_code == 400
    assert fields(tenant) == []
    assert tenant.control("GET", "")["counts"]["sessions"] == 0


@pytest.mark.parametrize(
    "path", ["/archive", "/broadcast", "/render", "/session/{sid}/stream", "/session/{sid}/connection"]
)
@pytest.mark.parametrize(
    ("query", "noted"),
    [
        ("count=undefined", ["?count"]), ("offset=null&count=NaN", ["?offset", "?count"]), ("offset=None", ["?offset"]),
        ("count=[object%20Object]", ["?count"]), ("count=&offset=", []), ("count=7&offset=0", []),
    ],
)  # fmt: skip
def test_a_list_takes_a_page_that_clients_left_out(
    full: tuple[Tenant, str], path: str, query: str, noted: list[str]
) -> None:
    tenant, sid = full
    path = path.replace("{sid}", sid)
    listed = tenant.call("GET", f"{path}?{query}")
    assert (listed.status_code, listed.json()) == (200, tenant.call("GET", path).json())
    tenant.call("GET", f"{path}?{query}")
    assert fields(tenant) == noted


@pytest.mark.parametrize("path", ["/archive", "/broadcast"])
@pytest.mark.parametrize("word", ["undefined", "null", "NaN", "None", "nil", "[object%20Object]"])
@pytest.mark.parametrize("name", ["sessionId", "session_id"])
def test_a_list_takes_a_filter_that_clients_left_out(
    running: tuple[Tenant, dict[str, str]], path: str, word: str, name: str
) -> None:
    tenant, _ = running
    everything = tenant.call("GET", path).json()
    assert everything["count"]
    listed = tenant.call("GET", f"{path}?{name}={word}")
    assert (listed.status_code, listed.json()) == (200, everything)
    assert fields(tenant) == ["?sessionId"]


@pytest.mark.parametrize("path", ["/archive", "/broadcast"])
def test_a_filter_that_clients_left_out_can_be_refused(client: TestClient, path: str) -> None:
    tenant = Tenant(client, documentedLimits="refuse")
    refused = tenant.call("GET", f"{path}?sessionId=undefined")
    assert (refused.status_code, "sessionId" in refused.json()["message"]) == (400, True)
    assert tenant.call("GET", f"{path}?sessionId=").status_code == 200


def test_a_page_larger_than_documented_is_cut_and_noted(full: tuple[Tenant, str]) -> None:
    tenant, _ = full
    assert tenant.call("GET", "/archive?count=1001").status_code == 200
    assert notes(tenant) == [("?count", 1001)]


def opentok_token(tenant: Tenant, **claims: Any) -> str:
    now = int(time.time())
    content = {"iss": tenant.made["apiKey"], "ist": "project", "iat": now, "exp": now + 180, **claims}
    return jwt.encode({name: value for name, value in content.items() if value is not None}, tenant.made["apiSecret"])


HOUR, DAY = 3600, 86_400

# how long a token lives (s; None: without exp), in which part of a second exp is, whether that is noted, and the status where it is held to
LIVES = [
    ("opentok", 300, 1, False, 200), ("opentok", 301, 1, True, 403), ("opentok", HOUR, 1, True, 403),
    ("opentok", DAY, 1, True, 403), ("opentok", 30 * DAY, 1, True, 403), ("opentok", 365 * DAY, 1, True, 403),
    ("opentok", 200, 1000, True, 403), ("opentok", 30 * DAY, 1000, True, 403),
    ("opentok", 200, 10**6, True, 403), ("bearer", HOUR, 10**6, True, 403), ("bearer", HOUR, 10**9, True, 403),
    ("bearer", 900, 1, False, 200), ("bearer", DAY, 1, False, 200), ("bearer", 7 * DAY, 1, True, 200),
    ("bearer", HOUR, 1000, True, 403), ("bearer", 30 * DAY, 1000, True, 403),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "life", "unit", "noted", "held"), LIVES)
def test_tokens_live_as_long_as_they_say(
    client: TestClient, kind: str, life: int, unit: int, noted: bool, held: int
) -> None:
    cases: tuple[tuple[dict[str, Any], int], ...]
    cases = (({}, 200), ({"tokenLifetime": "documented"}, held), ({"documentedLimits": "refuse"}, held))
    for options, status in cases:
        tenant = Tenant(client, **options)
        exp = (int(time.time()) + life) * unit
        if kind == "opentok":
            tenant.root = f"/v2/project/{tenant.made['apiKey']}"
            headers = {"X-OPENTOK-AUTH": opentok_token(tenant, exp=exp)}
        else:
            headers = {"Authorization": f"Bearer {rest_token(tenant.made['privateKey'], tenant.id, exp=exp)}"}
        for _ in range(2):  # a token that is remembered is read no less
            assert tenant.call("GET", "/archive", headers=headers).status_code == status, (options, life)
        if status == 200:
            assert notes(tenant) == ([("token.exp", exp)] if noted else [])


def test_a_long_bearer_token_ends_after_a_day_where_it_is_held_to_what_is_documented(client: TestClient) -> None:
    cases: tuple[tuple[dict[str, Any], int], ...] = (({}, 200), ({"tokenLifetime": "documented"}, 403))
    for options, status in cases:
        tenant = Tenant(client, **options)
        now = int(time.time())
        tenant.token = rest_token(tenant.made["privateKey"], tenant.id, iat=now - DAY - 10, exp=now + 900)
        assert tenant.call("GET", "/archive").status_code == status
    tenant.token = rest_token(tenant.made["privateKey"], tenant.id, iat=now - 40 * DAY, exp=(now - 10) * 1000)
    tenant.control("PATCH", "", {"tokenLifetime": "note"})
    assert tenant.call("GET", "/archive").json()["message"] == "Token has expired"
    tenant.token = rest_token(tenant.made["privateKey"], tenant.id, iat=now - 40 * DAY, exp=(now - 10) * 10**6)
    assert tenant.call("GET", "/archive").json()["message"] == "Token has expired"


def test_issuers_of_opentok_tokens_are_numbers(tenant: Tenant) -> None:
    for issuer, text in (
        ("key", "format"),
        ("undefined", "format"),
        ("12a", "format"),
        ("", "format"),
        ("1234567", "found"),
    ):
        tenant.root = f"/v2/project/{issuer or 'x'}"
        answer = tenant.call("GET", "/archive", headers={"X-OPENTOK-AUTH": opentok_token(tenant, iss=issuer)})
        expected = "Invalid issuer format" if text == "format" else "Issuer not found"
        assert (answer.status_code, answer.json()["message"]) == (403, expected), issuer


def t1(tenant: Tenant, session_id: str, **fields: Any) -> str:
    now = int(time.time())
    payload = urlencode(
        {
            "session_id": session_id,
            "create_time": now,
            "expire_time": now + 600,
            "role": "moderator",
            "nonce": 0.5,
            **fields,
        }
    )
    signature = hmac.new(tenant.made["apiSecret"].encode(), payload.encode(), hashlib.sha1).hexdigest()
    return "T1==" + base64.b64encode(f"partner_id={tenant.made['apiKey']}&sig={signature}:{payload}".encode()).decode()


@pytest.mark.parametrize(
    "times",
    [{}, {"expire_time": ".123"}, {"expire_time": ".0"}, {"expire_time": "e3"}, {"create_time": ".5"}, {"nonce": 0.25}],
)
def test_times_of_a_t1_token_are_whole_numbers(full: tuple[Tenant, str], times: dict[str, Any]) -> None:
    tenant, sid = full
    whole = int(time.time()) + 600
    token = t1(
        tenant, sid, **{name: f"{whole}{rest}" if isinstance(rest, str) else rest for name, rest in times.items()}
    )
    status = 403 if any(isinstance(rest, str) for rest in times.values()) else 200
    dialled = tenant.call("POST", "/dial", {"sessionId": sid, "token": token, "sip": {"uri": "sip:a@b"}})
    assert dialled.status_code == status
    joined = tenant.client.post(
        f"/_emulator/applications/{tenant.id}/sessions/{sid}/participants", json={"token": token}
    )
    assert joined.status_code == (201 if status == 200 else 400)


def test_client_tokens_of_the_future_are_refused(full: tuple[Tenant, str]) -> None:
    tenant, sid = full
    for nbf, status in ((int(time.time()) + 60, 403), (int(time.time()) - 60, 200), ("soon", 403)):
        token = tenant.client_token(sid, nbf=nbf)
        body = {"sessionId": sid, "token": token, "sip": {"uri": "sip:a@b"}}
        assert tenant.call("POST", "/dial", body).status_code == status


# operation path, body, then status and code in the service
REFUSED: list[tuple[str, str, dict[str, Any], int, int]] = [
    ("POST", "/archive", {"layout": {"type": "focus"}}, 400, -1),
    ("POST", "/broadcast", {"outputs": {"hls": {}}, "layout": {"type": "focus"}}, 400, -1),
    ("PUT", "/archive/{archive}/layout", {"type": "focus"}, 400, -1),
    ("PUT", "/broadcast/{broadcast}/layout", {"type": "focus"}, 400, -1),
    ("POST", "/archive", {"resolution": "1280x800"}, 400, -1),
    ("POST", "/broadcast", {"outputs": {"hls": {}}, "resolution": "1280x800"}, 400, -1),
    ("POST", "/render", {**PAGE, "resolution": "1280x800"}, 400, 50006),
    ("POST", "/render", {**PAGE, "resolution": "HD"}, 400, 50006),
    ("POST", "/render", {"url": "page"}, 400, 50001),
    ("POST", "/render", {"url": "ftp://localhost/page"}, 400, 50001),
    ("POST", "/render", {}, 400, 50001),
    ("POST", "/render", {"url": "https:///a/page/of/nobody"}, 400, 50001),
    ("POST", "/render", {"url": "https://:8443/a/page"}, 400, 50001),
    ("POST", "/render", {"url": "https://[::1/a/page"}, 400, 50001),
    ("POST", "/render", {"url": "https://localhost:99999/page"}, 400, 50001),
    ("POST", "/render", {**PAGE, "maxDuration": 36_001}, 400, 50005),
    ("POST", "/render", {**PAGE, "properties": {}}, 400, 50007),
    ("POST", "/render", {**PAGE, "properties": {"name": ""}}, 400, 50007),
    ("POST", "/render", {**PAGE, "properties": {"name": None}}, 400, 50007),
    ("POST", "/render", {**PAGE, "properties": {"title": "x"}}, 400, 50007),
    ("POST", "/render", {**PAGE, "sessionId": "nope"}, 400, 50008),
    ("POST", "/render", {**PAGE, "sessionId": 7}, 400, 50008),
    ("POST", "/archive", {"hasTranscription": True, "transcriptionProperties": {"primaryLanguageCode": "xx-XX"}}, 400, -1),
    ("POST", "/archive", {"transcriptionProperties": {"primaryLanguageCode": "en"}}, 400, -1),
    ("POST", "/archive", {"transcriptionProperties": {"primaryLanguageCode": "en-AB"}}, 400, -1),
    ("POST", "/connect", {"websocket": {"uri": "ws://x/y", "audioTransport": {"transport": "json"}}}, 400, -1),
    ("POST", "/connect", {"websocket": {"uri": "ws://x/y", "audioTransport": {"transport": "json", "encoding": None}}}, 400, -1),
    ("POST", "/connect", {"websocket": {"uri": "ws://x/y", "audioTransport": '{"transport": "json"}'}}, 400, -1),
    ("PATCH", "/broadcast/{broadcast}/streams", {"addStream": NOBODY}, 400, -1),
    ("PATCH", "/broadcast/{broadcast}/streams", {"removeStream": NOBODY}, 400, -1),
    ("PUT", "/session/{sid}/stream", {"items": [{"id": NOBODY, "layoutClassList": []}]}, 404, -1),
    ("PUT", "/session/{sid}/stream", {"items": [{"id": "x", "layoutClassList": ["a"]}]}, 404, -1),
    ("PUT", "/session/{sid}/stream/" + NOBODY, {"layoutClassList": ["a"]}, 404, -1),
    ("POST", "/session/{sid}/signal", {"type": "x"}, 400, 15202),
    ("POST", "/session/{sid}/signal", {"type": "x", "data": None}, 400, 15202),
    ("POST", "/session/{sid}/connection/{connection}/signal", {"type": ""}, 400, 15202),
    ("POST", "/session/{sid}/signal", {}, 400, 15202),
    ("POST", "/session/{sid}/signal", {"type": 7}, 400, 15202),
    ("POST", "/session/{sid}/connection/{connection}/signal", {"text": "x"}, 400, 15202),
    ("POST", "/session/{sid}/signal", {"data": "x"}, 400, -1),
]  # fmt: skip


@pytest.fixture(scope="module")
def running(client: TestClient) -> tuple[Tenant, dict[str, str]]:
    """A session with an archive and a broadcast, and one in which nothing runs."""
    tenant = Tenant(client)
    busy, sid = tenant.session(join=1), tenant.session(join=1)
    broadcast = tenant.call("POST", "/broadcast", {"sessionId": busy, "outputs": {"hls": {}}}).json()["id"]
    connection = tenant.call("GET", f"/session/{sid}/connection").json()["items"][0]["connectionId"]
    ids = {"{sid}": sid, "{archive}": tenant.archive(busy), "{broadcast}": broadcast, "{connection}": connection}
    return tenant, ids


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), REFUSED)
def test_what_the_service_refuses_is_refused(
    running: tuple[Tenant, dict[str, str]], method: str, path: str, body: dict[str, Any], status: int, code: int
) -> None:
    tenant, ids = running
    for name, value in ids.items():
        path = path.replace(name, value)
    if path in ("/archive", "/broadcast", "/render", "/connect"):
        body = {"sessionId": ids["{sid}"], "token": tenant.client_token(ids["{sid}"]), **body}
    answer = tenant.call(method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert tenant.call("GET", f"/archive?sessionId={ids['{sid}']}").json()["count"] == 0


@pytest.mark.parametrize("language", ["en-US", "EN-us", "iw-IL", "zu-ZA"])
def test_languages_of_transcripts_are_taken_in_any_case(tenant: Tenant, language: str) -> None:
    tenant.archive(hasTranscription=True, transcriptionProperties={"primaryLanguageCode": language})


@pytest.mark.parametrize("kind", ["archive", "broadcast"])
def test_a_custom_layout_without_a_stylesheet_is_refused_as_recorded(tenant: Tenant, kind: str) -> None:
    text = "Custom type must have stylesheet"
    sid = tenant.session(join=1)
    body = {"sessionId": sid, "outputs": {"hls": {}}}
    started = tenant.call("POST", f"/{kind}", body).json()["id"]
    for method, path, asked in (
        ("POST", f"/{kind}", {**body, "layout": {"type": "custom"}}),
        ("PUT", f"/{kind}/{started}/layout", {"type": "custom"}),
        ("PUT", f"/{kind}/{started}/layout", {"type": "custom", "stylesheet": ""}),
    ):
        answer = tenant.call(method, path, asked)
        assert (answer.status_code, answer.json()) == (400, {"code": -1, "message": text, "description": text})


def test_the_client_token_of_a_render_is_refused_with_documented_codes(tenant: Tenant) -> None:
    sid, other = tenant.session(join=1), tenant.session(join=1)
    good = tenant.client_token(sid)
    for token, code in (
        ("nonsense", 10001), (good[:-6] + "AAAAAA", 10001), ("T1==!", 10001), (tenant.client_token(other), 10007),
        (tenant.client_token(sid, exp=int(time.time()) - 1), 10012), (t1(tenant, sid, expire_time=1), 10012),
        (tenant.client_token(sid, "subscriber"), -1),
    ):  # fmt: skip
        answer = tenant.call("POST", "/render", {"sessionId": sid, "token": token, **PAGE})
        assert (answer.status_code, answer.json()["code"]) == (403, code), token
    tenant.control("POST", "/faults", {"when": {"operation": "startRender"}, "then": "rateLimited"})
    answer = tenant.call("POST", "/render", {"sessionId": sid, "token": good, **PAGE})
    assert (answer.status_code, answer.json()["code"]) == (429, 50004)
    assert answer.json()["message"] == "Experienced Composer API Usage Exceeded"


@pytest.mark.parametrize("prefix", ["/v2/projects/", "/projects/", "/v2/partner/", "//v2//projects/"])
def test_a_project_may_be_written_in_the_plural(full: tuple[Tenant, str], prefix: str) -> None:
    tenant, sid = full
    headers = {"Authorization": f"Bearer {tenant.token}"}
    url = f"{prefix}{tenant.id}/session/{sid}"
    assert tenant.client.get("http://testserver" + url + "/stream", headers=headers).status_code == 200
    played = tenant.client.post("http://testserver" + url + "/play-dtmf", headers=headers, json={"digits": "x"})
    assert (played.status_code, played.json()["code"]) == (400, 400)


def test_an_application_may_believe_its_callers_while_others_do_not(client: TestClient) -> None:
    lax, strict = Tenant(client, auth="lax"), Tenant(client)
    assert (lax.made["auth"], strict.made["auth"]) == ("lax", "strict")
    for headers in (
        {},
        {"Authorization": "Bearer x"},
        {"Authorization": f"Bearer {strict.token}"},
        {"X-OPENTOK-AUTH": "x"},
    ):
        assert client.get(f"{lax.root}/archive", headers=headers).status_code == 200
        if "Bearer x" in headers.values() or not headers:
            assert client.get(f"{strict.root}/archive", headers=headers).status_code == 403
    forged = rest_token(strict.made["privateKey"], lax.id)[:-6] + "AAAAAA"
    made = client.post("/session/create", headers={"Authorization": f"Bearer {forged}"})
    sid = made.json()[0]["session_id"]
    assert lax.control("GET", f"/sessions/{sid}")["sessionId"] == sid
    forged = rest_token(strict.made["privateKey"], strict.id)[:-6] + "AAAAAA"
    assert client.post("/session/create", headers={"Authorization": f"Bearer {forged}"}).status_code == 403
    assert client.post("/session/create").status_code == 403
    dialled = client.post(f"{lax.root}/dial", json={"sessionId": sid, "token": "anything", "sip": {"uri": "sip:a@b"}})
    assert dialled.status_code == 200
    lax.control("PATCH", "", {"auth": "strict"})
    assert client.get(f"{lax.root}/archive").status_code == 403


S3 = {"type": "s3", "config": {"accessKey": "a", "secretKey": "b", "bucket": "c"}}
AZURE = {"type": "azure", "config": {"accountName": "a", "accountKey": "b", "container": "c"}, "fallback": "opentok"}


@pytest.mark.parametrize("target", [S3, AZURE, {**S3, "config": {**S3["config"], "endpoint": "https://x"}}])  # type: ignore[dict-item]
@pytest.mark.parametrize("opentok", [False, True])
def test_archives_go_where_the_project_lets_them_be_uploaded(
    client: TestClient, target: dict[str, Any], opentok: bool
) -> None:
    tenant = Tenant(client)
    before = tenant.archive()
    if opentok:
        tenant.root = f"/v2/project/{tenant.made['apiKey']}"
    assert tenant.call("GET", "/archive/storage").status_code == 404
    answer = tenant.call("PUT", "/archive/storage", target)
    assert answer.status_code == 200
    assert answer.json()["config"] == {
        **target["config"],
        "secretKey" if target["type"] == "s3" else "accountKey": "***",
    }
    assert tenant.call("GET", "/archive/storageBeta").json() == answer.json()
    archive = tenant.archive()
    for each in (before, archive):
        tenant.call("POST", f"/archive/{each}/stop")
        assert tenant.call("GET", f"/archive/{each}").json()["status"] == "uploaded"
    snapshot = tenant.client.get(f"/_emulator/applications/{tenant.id}/snapshot").json()
    assert tenant.call("DELETE", "/archive/storage/").status_code == 204
    archive = tenant.archive()
    tenant.call("POST", f"/archive/{archive}/stop")
    assert tenant.call("GET", f"/archive/{archive}").json()["status"] == "available"
    tenant.control("PUT", "/snapshot", snapshot)
    assert tenant.call("GET", "/archive/storage").json() == answer.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"), ({"type": "gcs", "config": {}}, "type"), ({"type": "s3"}, "config"), ({"type": "s3", "config": {}}, "config.accessKey"),
        ({"type": "azure", "config": S3["config"]}, "config.accountName"), ({**S3, "fallback": "later"}, "fallback"),
        ({"type": "s3", "config": {"accessKey": 1}}, "config.accessKey"),
    ],
)  # fmt: skip
def test_a_wrong_storage_target_is_refused(full: tuple[Tenant, str], body: dict[str, Any], field: str) -> None:
    tenant, _ = full
    answer = tenant.call("PUT", "/archive/storage", body)
    assert answer.status_code == 400
    assert field in answer.json()["message"]
    assert tenant.call("GET", "/archive/storage").status_code == 404


def test_verify_can_demand_that_nothing_is_undocumented_or_unread(tenant: Tenant) -> None:
    tenant.call("POST", "//session/create", content="p2p.preference=routed&mediaMode=routed")

    def verify(**expected: Any) -> tuple[int, str]:
        answer = tenant.client.post(f"/_emulator/applications/{tenant.id}/requests/verify", json=expected)
        return answer.status_code, answer.json().get("error", {}).get("message", "")

    status, text = verify(undocumented=[])
    assert status == 409
    assert "p2p.preference" in text
    assert "routed" in text
    assert "mediaMode" in verify(unread=[])[1]
    assert verify(undocumented=["p2p.preference"], unread=["mediaMode"])[0] == 200
    assert verify(undocumented=["location"], unread=["mediaMode"])[0] == 409
    assert verify(calls=[{"operation": "createSession"}])[0] == 200
    assert verify()[0] == 400


def test_notes_are_written_and_read_as_they_were() -> None:
    noted = (Undocumented("p2p.preference", "routed", "enabled"), Undocumented("token.exp", 1.5, "s"))
    exchange = Exchange(at=1, method="GET", path="/", undocumented=noted)
    assert documents.read_exchange(json.loads(documents.write(exchange))) == exchange


def test_refused_requests_are_noted_too(tenant: Tenant) -> None:
    tenant.call("POST", "//session/create", content="p2p.preference=routed&archiveName=x")
    assert fields(tenant) == ["p2p.preference"]
