"""The control API: applications, participants, clock, forced states, what it refuses and how it says so."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator import wellknown
from tests.emulator.local import NOBODY, Tenant, emulator


def test_the_well_known_application_needs_no_configuration(client: TestClient) -> None:
    shown = client.get(f"/_emulator/applications/{wellknown.APPLICATION_ID}").json()
    assert (shown["apiKey"], shown["privateKey"]) == (wellknown.API_KEY, wellknown.PRIVATE_KEY)


def test_an_application_is_one_call_and_has_everything_an_sdk_needs(client: TestClient) -> None:
    made = client.post("/_emulator/applications").json()
    assert made["privateKey"].startswith("-----BEGIN PRIVATE KEY-----")
    assert made["publicKey"].startswith("-----BEGIN PUBLIC KEY-----")
    assert made["apiKey"].isdigit()
    assert len(made["apiSecret"]) == 40
    assert made["baseUrls"] == {"http": "http://testserver"}
    assert (made["contract"], made["pace"]) == ("service", "fast")
    assert client.get("/_emulator/applications").json()["items"][-1]["id"] == made["id"]


def test_options_of_the_settings_are_the_defaults_of_applications() -> None:
    with emulator(contract="spec", auto_participants=2) as client:
        assert Tenant(client).made["contract"] == "spec"
        assert Tenant(client, contract="service").made["contract"] == "service"
        tenant = Tenant(client)
        assert len(tenant.control("GET", f"/sessions/{tenant.session()}")["participants"]) == 2
        assert tenant.archive(tenant.session())


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"naem": "x"}, 400, "naem"),
        ({"pace": "slow"}, 400, "pace"),
        ({"autoParticipants": -1}, 400, "autoParticipants"),
        ({"id": "X"}, 400, "id"),
        ({"id": wellknown.APPLICATION_ID}, 409, "id"),
        ({"apiKey": wellknown.API_KEY}, 409, "apiKey"),
        ({"publicKey": "nonsense"}, 400, "publicKey"),
        ({"privateKey": "nonsense"}, 400, "privateKey"),
        ({"publicKeyFile": "/etc/hostname"}, 400, "publicKeyFile"),
        ([], 400, ""),
    ],
)
def test_a_wrong_application_is_refused_by_its_field(client: TestClient, body: Any, status: int, field: str) -> None:
    before = client.get("/_emulator/applications").json()["count"]
    answer = client.post("/_emulator/applications", json=body)
    assert (answer.status_code, answer.json()["error"].get("field", "")) == (status, field)
    assert client.get("/_emulator/applications").json()["count"] == before


def test_a_misspelt_field_gets_a_suggestion(client: TestClient) -> None:
    error = client.post("/_emulator/applications", json={"autoParticipant": 1}).json()["error"]
    assert error["suggestion"] == "did you mean autoParticipants?"


def test_an_application_can_bring_its_public_key_alone(client: TestClient) -> None:
    answer = client.post("/_emulator/applications", json={"publicKey": wellknown.PUBLIC_KEY})
    assert (answer.status_code, answer.json()["privateKey"]) == (201, None)


def test_an_application_can_be_changed_reset_and_deleted(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    tenant.archive(sid)
    assert tenant.control("PATCH", "", {"name": "new", "contract": "spec"})["contract"] == "spec"
    tenant.control("POST", "/reset")
    assert set(tenant.control("GET", "")["counts"].values()) == {0}
    assert tenant.control("GET", "")["contract"] == "spec"
    tenant.control("DELETE", "")
    assert tenant.client.get(f"/_emulator/applications/{tenant.id}").status_code == 404


def test_participants_join_publish_mute_and_leave(tenant: Tenant) -> None:
    sid = tenant.session()
    first, second = tenant.join(sid, 2, data="someone", streams=[{"name": "cam"}, {"videoType": "screen"}])
    assert [stream["videoType"] for stream in first["streams"]] == ["camera", "screen"]
    assert (second["data"], len(tenant.call("GET", f"/session/{sid}/connection").json()["items"])) == ("someone", 2)
    mine = f"/sessions/{sid}/participants/{first['connectionId']}"
    stream = tenant.control("POST", mine + "/streams", {"name": "third", "layoutClassList": ["full"]})
    assert tenant.call("GET", f"/session/{sid}/stream/{stream['id']}").json() == {
        "id": stream["id"], "videoType": "camera", "name": "third", "layoutClassList": ["full"],
    }  # fmt: skip
    assert tenant.control("PATCH", f"/sessions/{sid}/streams/{stream['id']}", {"hasVideo": False})["hasVideo"] is False
    tenant.control("DELETE", f"/sessions/{sid}/streams/{stream['id']}?reason=mediaStopped")
    tenant.control("DELETE", mine + "?reason=networkDisconnected")
    (left,) = tenant.control("GET", f"/sessions/{sid}/participants")["items"]
    assert left["connectionId"] == second["connectionId"]
    reasons = {event["reason"] for event in tenant.control("GET", "/events?type=stream.destroyed")["items"]}
    assert reasons == {"mediaStopped", "networkDisconnected"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/sessions/nope/participants", None, 400),
        ("POST", "/sessions/{sid}/participants", {"count": 0}, 400),
        ("POST", "/sessions/{sid}/participants", {"count": 1001}, 400),
        ("POST", "/sessions/{sid}/participants", {"role": "boss"}, 400),
        ("POST", "/sessions/{sid}/participants", {"role": "subscriber", "streams": [{}]}, 400),
        ("POST", "/sessions/{sid}/participants", {"token": "nonsense"}, 400),
        ("DELETE", f"/sessions/{{sid}}/participants/{NOBODY}", None, 404),
        ("DELETE", "/sessions/{sid}/participants/x", None, 400),
        ("DELETE", f"/sessions/{{sid}}/participants/{NOBODY}?reason=bored", None, 400),
        ("PATCH", f"/sessions/{{sid}}/streams/{NOBODY}", {"muted": True}, 404),
        ("POST", f"/archives/{NOBODY}/transition", {"status": "failed"}, 404),
        ("POST", "/clock", {"action": "advance"}, 400),
        ("POST", "/clock", {"action": "rewind"}, 400),
        ("POST", "/clock", {"action": "resume", "speed": 0}, 400),
        ("GET", "/events?after=-1", None, 400),
        ("GET", "/requests?operation=nope", None, 400),
        ("GET", "/nope", None, 404),
        ("PUT", "/clock", None, 405),
    ],
)
def test_what_control_refuses(tenant: Tenant, method: str, path: str, body: Any, status: int) -> None:
    url = f"/_emulator/applications/{tenant.id}{path.format(sid=tenant.session())}"
    answer = tenant.client.request(method, url, json=body)
    assert (answer.status_code, bool(answer.json()["error"]["message"])) == (status, True), answer.text


def test_the_clock_stands_still_and_is_moved(tenant: Tenant) -> None:
    tenant.control("PATCH", "", {"pace": "realistic"})
    frozen = tenant.control("POST", "/clock", {"action": "freeze"})["now"]
    archive = tenant.archive()
    tenant.call("POST", f"/archive/{archive}/stop")
    assert tenant.call("GET", f"/archive/{archive}").json()["status"] == "stopped"
    assert tenant.control("GET", "/clock")["pending"][0] == {
        "action": "archive.upload", "subject": archive, "due": frozen + 4000,
    }  # fmt: skip
    assert tenant.control("POST", "/clock", {"action": "next"})["now"] == frozen + 4000
    assert tenant.call("GET", f"/archive/{archive}").json()["status"] == "uploaded"
    tenant.advance(73 * 3600)
    assert tenant.call("GET", f"/archive/{archive}").json()["status"] == "expired"
    assert tenant.control("POST", "/clock", {"action": "resume", "speed": 1000})["frozen"] is False


def test_a_state_can_be_forced_if_it_may_follow(tenant: Tenant) -> None:
    archive = tenant.archive()
    path = f"/archives/{archive}/transition"
    assert tenant.control("POST", path, {"status": "failed", "reason": "disk"})["reason"] == "disk"
    assert tenant.call("GET", f"/archive/{archive}").json()["status"] == "failed"
    url = f"/_emulator/applications/{tenant.id}{path}"
    answer = tenant.client.post(url, json={"status": "available"})
    assert (answer.status_code, answer.json()["error"]["suggestion"]) == (409, "allowed: none")


def test_calls_show_the_digits_that_were_played(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    body = {
        "sessionId": sid,
        "token": tenant.client_token(sid),
        "sip": {"uri": "sip:a@localhost", "from": "b@localhost"},
    }
    tenant.call("POST", "/dial", body)
    tenant.call("POST", f"/session/{sid}/play-dtmf", {"digits": "12#"})
    (call,) = tenant.control("GET", "/calls")["items"]
    assert (call["from"], call["digits"], call["status"]) == ("b@localhost", ["12#"], "ACTIVE")


def test_signals_can_be_read(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    tenant.call("POST", f"/session/{sid}/signal", {"type": "chat", "data": "hello"})
    (signal,) = tenant.control("GET", f"/sessions/{sid}/signals")["items"]
    assert (signal["type"], signal["data"], signal["connectionId"]) == ("chat", "hello", None)


def test_the_journal_has_who_asked_what_and_the_answer(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    tenant.call("POST", "/archive", {"sessionId": sid, "colour": "blue"})
    (exchange,) = tenant.control("GET", "/requests?operation=startArchive")["items"]
    assert exchange["claims"]["application_id"] == tenant.id
    assert (exchange["status"], exchange["unread"]) == (200, ["colour"])
    assert sid in exchange["body"]
    assert '"status":"started"' in exchange["answer"]


def test_requests_of_nobody_are_kept_apart(client: TestClient) -> None:
    client.get("/nowhere")
    newest = client.get("/_emulator/requests?limit=1").json()["items"][0]
    assert (newest["path"], newest["status"]) == ("/nowhere", 404)


def test_the_journal_is_bounded() -> None:
    with emulator(journal_size=3) as client:
        tenant = Tenant(client)
        for _ in range(5):
            tenant.call("GET", "/archive")
        assert [each["number"] for each in tenant.control("GET", "/requests")["items"]] == [5, 4, 3]


def test_a_control_token_closes_everything_but_health() -> None:
    with emulator(control_token="secret") as client:
        assert client.get("/_emulator/health").json() == {"status": "ok"}
        assert client.get("/_emulator/info").status_code == 401
        assert client.get("/_emulator/info", headers={"Authorization": "Bearer secret"}).status_code == 200
        assert client.get("/_emulator/applications", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_the_links_of_the_service_need_no_control_token() -> None:
    with emulator(control_token="secret") as client:
        client.headers["Authorization"] = "Bearer secret"
        tenant = Tenant(client)
        archive = tenant.archive()
        tenant.advance(1)
        tenant.call("POST", f"/archive/{archive}/stop")
        url = tenant.call("GET", f"/archive/{archive}").json()["url"]
        del client.headers["Authorization"]
        assert client.get(url).status_code == 200
        assert client.get(url.replace("Expires=", "Expires=9")).status_code == 403


def test_a_transcript_is_linked_when_it_is_there(tenant: Tenant) -> None:
    archive = tenant.archive(hasTranscription=True, transcriptionProperties={"primaryLanguageCode": "de-DE"})
    assert tenant.call("GET", f"/archive/{archive}").json()["transcription"]["url"] is None
    tenant.advance(1)
    tenant.call("POST", f"/archive/{archive}/stop")
    transcription = tenant.call("GET", f"/archive/{archive}").json()["transcription"]
    assert transcription["status"] == "available"
    file = zipfile.ZipFile(io.BytesIO(tenant.client.get(transcription["url"]).content))
    assert json.loads(file.read("transcription.json"))["language"] == "de-DE"


def test_a_transcript_goes_with_its_file_and_fails_with_its_archive(tenant: Tenant) -> None:
    def transcription(archive: str) -> dict[str, Any]:
        found: dict[str, Any] = tenant.call("GET", f"/archive/{archive}").json()["transcription"]
        return found

    deleted, expired, failed = (tenant.archive(hasTranscription=True) for _ in range(3))
    tenant.control("POST", f"/archives/{failed}/transition", {"status": "failed"})
    assert (transcription(failed)["status"], transcription(failed)["url"]) == ("failed", None)
    for archive in (deleted, expired):
        tenant.call("POST", f"/archive/{archive}/stop")
        assert transcription(archive)["url"]
    tenant.call("DELETE", f"/archive/{deleted}")
    tenant.advance(73 * 3600)
    assert transcription(deleted)["url"] is transcription(expired)["url"] is None


def test_the_streams_of_an_archive_are_those_that_are_recorded(tenant: Tenant) -> None:
    sid = tenant.session(join=2)
    first, second = (item["id"] for item in tenant.call("GET", f"/session/{sid}/stream").json()["items"])
    individual = tenant.archive(sid, outputMode="individual", hasVideo=False)
    streams = tenant.call("GET", f"/archive/{individual}").json()["streams"]
    assert streams == [{"streamId": stream, "hasAudio": True, "hasVideo": False} for stream in (first, second)]
    manual = tenant.archive(sid, streamMode="manual", multiArchiveTag="b")
    tenant.call("PATCH", f"/archive/{manual}/streams", {"addStream": first})
    tenant.control("DELETE", f"/sessions/{sid}/streams/{first}")
    assert "streams" not in tenant.call("GET", f"/archive/{manual}").json()  # paused


def test_muting_by_control_is_force_mute(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    sip = {"uri": "sip:a@localhost", "observeForceMute": True}
    call = tenant.call("POST", "/dial", {"sessionId": sid, "token": tenant.client_token(sid), "sip": sip}).json()
    tenant.control("PATCH", f"/sessions/{sid}/streams/{call['streamId']}", {"muted": True})
    assert tenant.control("GET", "/events?type=call.muteForced")["count"] == 1


def test_a_seed_holds_from_when_it_is_given(client: TestClient) -> None:
    def ids(tenant: Tenant) -> list[str]:
        tenant.control("PATCH", "", {"seed": 7})
        return [item["connectionId"] for item in tenant.join(tenant.session(), 3)]

    assert ids(Tenant(client)) == ids(Tenant(client))


@pytest.mark.parametrize(("type_", "suggestion"), [("archve", "archive"), ("archive.availabel", "archive.available")])
def test_an_unknown_event_gets_a_suggestion(tenant: Tenant, type_: str, suggestion: str) -> None:
    answer = tenant.client.get(f"/_emulator/applications/{tenant.id}/events", params={"type": type_})
    assert (answer.status_code, answer.json()["error"]["suggestion"]) == (400, f"did you mean {suggestion}?")


def test_the_far_side_of_a_call_holds_it_and_hangs_up(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    body = {"sessionId": sid, "token": tenant.client_token(sid), "sip": {"uri": "sip:a@localhost"}}
    call = tenant.call("POST", "/dial", body).json()["id"]
    path = f"/calls/{call}/transition"
    assert tenant.control("POST", path, {"status": "ON_HOLD"})["status"] == "ON_HOLD"
    assert tenant.control("POST", path, {"status": "ACTIVE"})["status"] == "ACTIVE"
    ended = tenant.control("POST", path, {"status": "HANGUP", "reasonCode": "486"})
    assert (ended["status"], ended["reasonCode"], ended["reasonMessage"]) == ("HANGUP", "486", "Busy Here")


def test_the_certificate_authority_is_missed_politely(tmp_path: Any) -> None:
    with emulator(data_dir=tmp_path) as client:
        assert client.get("/_emulator/ca.pem").status_code == 404


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def strays(client: TestClient) -> list[str]:
    return [each["path"] for each in client.get("/_emulator/requests?limit=10000").json()["items"]]


def test_the_root_leads_a_browser_to_the_live_page(client: TestClient) -> None:
    before = strays(client)
    led = client.get("/", headers=BROWSER, follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (307, "/_emulator/")
    assert client.get("/", headers=BROWSER).headers["content-type"].startswith("text/html")
    assert client.get("/favicon.ico", headers={"Accept": "image/*"}).status_code == 204
    assert client.get("/docs", headers=BROWSER).status_code == 200
    link = {**BROWSER, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=link, follow_redirects=False).status_code == 307
    assert strays(client) == before  # a person looked: nobody called


@pytest.mark.parametrize(
    ("method", "headers"), [("GET", {}), ("GET", {"Accept": "application/json"}), ("POST", BROWSER)]
)
def test_for_a_program_there_is_nothing_at_the_root(client: TestClient, method: str, headers: dict[str, str]) -> None:
    before = len(strays(client))
    refused = client.request(method, "/", headers=headers)
    assert refused.status_code == 404
    assert refused.json()["message"] == "Not found. There is no such path."
    assert len(strays(client)) == before + 1
