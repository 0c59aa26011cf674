"""Callbacks as receivers get them: what they tell, their order, signatures and retries."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient
from vonage_jwt.verify_jwt import verify_signature

from emulator.callbacks.bodies import CALLBACK_TYPES
from emulator.testing.receiver import Receiver
from emulator.tls.prepare import ensure
from tests.emulator.local import Tenant, emulator
from tests.emulator.receiving import KEYS, SECRET, now, outbox, told

HOUR = 3600


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A local emulator that is quick to give up on a slow receiver."""
    with emulator(callback_timeout=0.3) as client:
        yield client


def test_there_are_fifteen_webhooks_and_each_is_told_something() -> None:
    assert len(KEYS) == 15
    assert {each.webhook for each in CALLBACK_TYPES.values()} == set(KEYS)


def test_a_call_of_two_through_72_hours_is_told_to_the_millisecond(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver, pace="realistic")
    start = now(tenant)
    sid = tenant.session()
    first, second = tenant.join(sid, 2)
    archive = tenant.archive(sid)
    tenant.advance(90)
    tenant.control("DELETE", f"/sessions/{sid}/participants/{first['connectionId']}")
    tenant.advance(30)
    tenant.control("DELETE", f"/sessions/{sid}/participants/{second['connectionId']}")
    tenant.advance(72 * HOUR)
    expected = [
        ("session.created", 0), ("connection.created", 0), ("stream.created", 0), ("connection.created", 0),
        ("stream.created", 0), ("archive.started", 0), ("stream.destroyed", 90), ("connection.destroyed", 90),
        ("stream.destroyed", 120), ("connection.destroyed", 120), ("session.destroyed", 120), ("archive.paused", 121),
        ("archive.stopped", 180), ("archive.uploaded", 184), ("archive.available", 185), ("archive.expired", 72 * HOUR),
    ]  # fmt: skip
    happened = tenant.control("GET", "/events")["items"]
    assert [(event["type"], (event["at"] - start) / 1000) for event in happened] == expected
    sent = outbox(tenant)
    assert [(each["event"], (each["createdAt"] - start) / 1000) for each in sent] == expected
    assert [(each["attempts"][0]["at"] - each["createdAt"], each["status"]) for each in sent] == [(0, "delivered")] * 16
    assert [(each.event, each.status) for each in receiver.received()] == [(event, 200) for event, _ in expected]
    bodies = {each.event: each.json for each in receiver.received()}
    assert bodies["connection.destroyed"] == {
        "sessionId": sid, "projectId": tenant.id, "applicationId": tenant.id, "event": "connectionDestroyed",
        "timestamp": start + 120_000, "reason": "clientDisconnected",
        "connection": {"id": second["connectionId"], "createdAt": start, "data": ""},
    }  # fmt: skip
    available = bodies["archive.available"]
    assert (available["id"], available["duration"], available["event"]) == (archive, 120, "archive")
    assert (available["reason"], available["size"] > 0, available["url"][:17]) == (
        "session ended",
        True,
        "http://localhost:",
    )


def test_streams_calls_renders_captions_and_broadcasts_are_told(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    sid = tenant.session(join=1)
    token = tenant.client_token(sid, connection_data="phone")
    sip = {"uri": "sip:a@localhost", "observeForceMute": True}
    call = tenant.call("POST", "/dial", {"sessionId": sid, "token": token, "sip": sip}).json()
    tenant.advance(1)
    tenant.call("POST", f"/session/{sid}/mute", {"active": True, "excludedStreamIds": []})
    tenant.call("DELETE", f"/session/{sid}/connection/{call['connectionId']}")
    tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": {"hls": {}}, "maxDuration": 60})
    own = receiver.url.replace("/callbacks", "/own")
    page = {"sessionId": sid, "token": token, "url": "https://localhost/page", "statusCallbackUrl": own}
    tenant.call("POST", "/render", page)
    tenant.call("POST", "/captions", {"sessionId": sid, "token": token, "statusCallbackUrl": own, "maxDuration": 300})
    tenant.advance(2 * HOUR + 10)
    assert outbox(tenant, status="pending") == []
    by_event: dict[str, list[Any]] = {}
    for each in receiver.received():
        by_event.setdefault(each.event, []).append(each)
    states = [each.json["state"] for each in by_event["call.updated"]]
    assert states == ["DIALING", "RINGING", "ACTIVE", "HANGUP"]
    (destroyed,) = by_event["call.destroyed"]
    assert destroyed.json == {
        "sessionId": sid, "projectId": tenant.id, "applicationId": tenant.id, "event": "callDestroyed",
        "timestamp": destroyed.json["timestamp"], "reason_code": "700", "reason_message": "Normal clearing",
        "call": {"id": call["id"], "connectionId": call["connectionId"], "createdAt": call["createdAt"]},
    }  # fmt: skip
    assert len(by_event["call.muteForced"]) == 1
    phone = next(
        e.json["stream"] for e in by_event["stream.created"] if e.json["stream"]["connection"]["data"] == "phone"
    )
    assert "videoType" not in phone  # audio only
    assert [each.json["status"] for each in by_event["broadcast.stopped"]] == ["stopped"]
    for kind in ("render", "captions"):
        for status in ("started", "stopped"):
            both = by_event[f"{kind}.{status}"]
            assert sorted(each.path for each in both) == ["/callbacks", "/own"], (kind, status)
    assert by_event["render.stopped"][0].json["reason"] == "Max duration exceeded"
    captions = by_event["captions.stopped"][0].json
    assert (captions["captionId"], captions["duration"], captions["provider"]) == (
        captions["captionsId"], 300, "aws-transcribe",
    )  # fmt: skip


def test_an_opentok_family_is_told_in_numbers(client: TestClient, receiver: Receiver) -> None:
    tenant = Tenant(client, opentokCallbacks={family: {"address": receiver.url} for family in ("session", "archive")})
    tenant.archive()
    outbox(tenant)
    key = tenant.made["apiKey"]
    joined = receiver.wait_for("connection.created").json
    assert (joined["projectId"], "applicationId" in joined) == (key, False)
    assert receiver.wait_for("archive.started").json["partnerId"] == int(key)


def test_a_callback_url_of_its_own_is_told_in_the_dialect_of_the_call(client: TestClient, receiver: Receiver) -> None:
    own = receiver.url.replace("/callbacks", "/own")
    tenant = Tenant(client, opentokCallbacks={"render": {"address": own}, "captions": {"address": receiver.url}})
    sid, key = tenant.session(join=1), tenant.made["apiKey"]
    token = tenant.client_token(sid)
    for root in (f"/v2/project/{key}", f"/v2/project/{tenant.id}"):
        tenant.root = root
        page = {"sessionId": sid, "token": token, "url": "https://localhost/page", "statusCallbackUrl": own}
        tenant.call("POST", "/render", page)
        started = tenant.call("POST", "/captions", {"sessionId": sid, "token": token, "statusCallbackUrl": own})
        tenant.call("POST", f"/captions/{started.json()['captionsId']}/stop")
    tenant.advance(1)
    assert outbox(tenant, status="pending") == []
    told: dict[str, list[str]] = {}
    for each in receiver.received():
        if each.path == "/own":
            told.setdefault(each.event, []).append(each.json.get("projectId", ""))
    # The family of renders has the same address: what it is told is not told twice.
    assert told["render.started"] == [""] * 3
    assert sorted(told["captions.started"]) == sorted(told["captions.stopped"]) == sorted([key, tenant.id])


def test_the_signature_is_accepted_by_the_sdk_and_is_of_this_body(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    tenant.advance(1000 * HOUR)  # the token's time is the machine's, whatever the clock shows
    tenant.session(join=1)
    outbox(tenant)
    received = receiver.received()[0]
    token = received.headers["authorization"].removeprefix("Bearer ")
    assert verify_signature(token, SECRET) is True
    assert verify_signature(token, "something else entirely, just as long") is False
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims == {
        "iat": claims["iat"], "jti": claims["jti"], "iss": "Vonage", "api_key": tenant.made["apiKey"],
        "application_id": tenant.id, "payload_hash": hashlib.sha256(received.body).hexdigest(),
    }  # fmt: skip


def test_without_a_secret_of_its_own_a_webhook_is_signed_with_that_of_the_application(
    client: TestClient, receiver: Receiver
) -> None:
    tenant = Tenant(client, signatureSecret="our own", webhooks={"session_created": {"address": receiver.url}})
    tenant.session(join=1)
    assert receiver.verify(receiver.wait_for("session.created"), "our own")["iss"] == "Vonage"


def test_an_inactive_webhook_is_silent_and_webhooks_can_be_changed(client: TestClient, receiver: Receiver) -> None:
    webhook = {"address": receiver.url, "active": False}
    tenant = Tenant(client, webhooks={"session_created": webhook}, opentokCallbacks={"sip": {"address": receiver.url}})
    tenant.session(join=1)
    assert outbox(tenant) == []
    changed = tenant.control("PATCH", "", {"webhooks": {"connection_created": {"address": receiver.url}}})
    assert (list(changed["webhooks"]), list(changed["opentokCallbacks"])) == (["connection_created"], ["sip"])
    tenant.session(join=1)
    assert [each["webhook"] for each in outbox(tenant)] == ["connection_created"]


def test_a_receiver_that_is_down_is_tried_again_later_and_later(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    receiver.reply(503, times=3, event="session.created")
    start = now(tenant)
    tenant.session(join=1)
    tenant.advance(60)
    (callback,) = outbox(tenant, event="session.created")
    tries = [((each["at"] - start) / 1000, each["status"], each["cause"]) for each in callback["attempts"]]
    assert tries == [(0, 503, "status"), (5, 503, "status"), (15, 503, "status"), (35, 200, None)]
    assert callback["status"] == "delivered"
    assert len({each.jti for each in receiver.received("session.created")}) == 1
    assert [each.event for each in receiver.received()][:4] == [
        "session.created", "connection.created", "stream.created", "session.created",
    ]  # fmt: skip


def test_a_callback_is_given_up_after_24_hours(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    receiver.stop()
    start = now(tenant)
    tenant.session(join=1)
    tenant.advance(25 * HOUR)
    (callback,) = outbox(tenant, event="session.created")
    waits = [
        later["at"] - earlier["at"]
        for earlier, later in zip(callback["attempts"], callback["attempts"][1:], strict=False)
    ]
    assert [wait // 1000 for wait in waits[:10]] == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert set(waits[8:]) == {900_000}
    assert (callback["status"], callback["nextAttemptAt"]) == ("failed", None)
    last = callback["attempts"][-1]["at"] - start
    assert 24 * HOUR * 1000 - 900_000 < last <= 24 * HOUR * 1000


def test_running_until_idle_waits_for_uploads_and_retries_but_not_for_expiry(
    client: TestClient, receiver: Receiver
) -> None:
    tenant = told(client, receiver, pace="realistic")
    receiver.reply(500, times=2, event="archive.available")
    archive = tenant.archive()
    tenant.call("POST", f"/archive/{archive}/stop")
    tenant.control("POST", "/clock", {"action": "idle"})
    assert tenant.call("GET", f"/archive/{archive}").json()["status"] == "available"
    assert [each["status"] for each in outbox(tenant, event="archive.available")] == ["delivered"]
    assert len(receiver.received("archive.available")) == 3


class Odd(BaseHTTPRequestHandler):
    """A receiver that closes the connection without a word."""

    def do_POST(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_every_way_to_fail_is_an_attempt_with_its_cause(client: TestClient, receiver: Receiver, tmp_path: Path) -> None:
    odd = HTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=odd.serve_forever, args=(0.02,), daemon=True).start()
    receiver.reply(302, headers={"Location": "http://localhost/elsewhere"}, event="connection.created")
    receiver.reply(delay=5, event="stream.created")
    files = ensure(tmp_path, [])  # an authority that the emulator does not know
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(files.server, files.server_key)
    with Receiver(tls=tls) as strange:
        addresses = {
            "session_created": strange.url,
            "connection_created": receiver.url,
            "stream_created": receiver.url,
            "session_destroyed": "http://127.0.0.1:1/nobody",
            "connection_destroyed": f"http://127.0.0.1:{odd.server_address[1]}/",
            "stream_destroyed": "http://nobody.invalid/",
        }
        tenant = Tenant(client, webhooks={key: {"address": address} for key, address in addresses.items()})
        tenant.control("POST", "/clock", {"action": "freeze"})
        sid = tenant.session()
        (someone,) = tenant.join(sid)
        tenant.control("DELETE", f"/sessions/{sid}/participants/{someone['connectionId']}")
        causes = {each["webhook"]: each["attempts"][0]["cause"] for each in outbox(tenant)}
    odd.shutdown()
    odd.server_close()
    assert causes == {
        "session_created": "tls",
        "connection_created": "redirect",
        "stream_created": "timeout",
        "session_destroyed": "refused",
        "connection_destroyed": "reset",
        "stream_destroyed": "dns",
    }
    assert not receiver.received("elsewhere")


def test_https_receivers_are_trusted_by_the_emulators_own_authority(tmp_path: Path) -> None:
    files = ensure(tmp_path, [])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(files.server, files.server_key)
    with emulator(data_dir=tmp_path) as client, Receiver(tls=tls) as receiver:
        tenant = told(client, receiver)
        tenant.session(join=1)
        assert [each["status"] for each in outbox(tenant)] == ["delivered"] * 3


def test_the_order_of_a_session_is_kept_while_its_receiver_is_healthy(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    sessions = [tenant.session() for _ in range(5)]
    for _ in range(4):
        for sid in sessions:
            tenant.join(sid, 3)
    wanted = {sid: [each["body"] for each in outbox(tenant, session=sid)] for sid in sessions}
    for sid in sessions:
        assert [each.json for each in receiver.received() if each.json["sessionId"] == sid] == wanted[sid]


def scripted(client: TestClient, receiver: Receiver, seed: int) -> Any:
    """Live through the same on a clock that stands at the same time; return all that can be seen."""
    tenant = Tenant(
        client, seed=seed, id=f"11111111-0000-4000-8000-{seed:012d}", apiKey=str(5_000_000 + seed), name="x",
        webhooks={key: {"address": receiver.url, "secret": SECRET} for key in KEYS}, pace="realistic",
    )  # fmt: skip
    tenant.control("POST", "/clock", {"action": "freeze", "at": 4_000_000_000_000})
    sid = tenant.session(join=2)
    archive = tenant.archive(sid)
    tenant.advance(seed)
    tenant.call("POST", f"/archive/{archive}/stop")
    tenant.advance(100)
    sent = [(each["jti"], each["event"], each["body"], each["createdAt"]) for each in outbox(tenant)]
    seen = tenant.control("GET", "/events")["items"], sent
    tenant.control("DELETE", "")
    return seen


def test_the_same_calls_give_the_same_ids_events_and_callbacks_twice(client: TestClient, receiver: Receiver) -> None:
    first, second = scripted(client, receiver, 7), scripted(client, receiver, 7)
    assert first == second
    assert first != scripted(client, receiver, 8)


def test_a_hundred_applications_at_once_live_as_each_would_alone(client: TestClient, receiver: Receiver) -> None:
    alone = {seed: scripted(client, receiver, seed) for seed in (1, 50, 100)}
    together: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda seed=seed: together.update({seed: scripted(client, receiver, seed)}))
        for seed in range(1, 101)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(together) == 100
    assert {seed: together[seed] for seed in alone} == alone


def test_a_reset_forgets_callbacks_that_were_on_their_way(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    receiver.reply(500)
    tenant.session(join=1)
    tenant.control("POST", "/reset")
    tenant.advance(HOUR)
    assert outbox(tenant) == []


@pytest.mark.parametrize(
    "address",
    ["http://[::1", "http://127.0.0.1:99999/", "http://?x", "http://a b/", "http://u:p@h/", "ftp://h/", "http://h:0/"],
)
def test_an_address_that_cannot_be_called_is_refused(client: TestClient, address: str) -> None:
    answer = client.post("/_emulator/applications", json={"webhooks": {"archive_status": {"address": address}}})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "webhooks.archive_status.address")


def test_strange_bytes_in_an_answer_do_no_harm(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    receiver.reply(500, headers={"X-Name": "caf\xe9", "Set-Cookie": "a=1"})
    tenant.session(join=1)
    assert {each["attempts"][0]["status"] for each in outbox(tenant)} == {500}
    assert tenant.control("POST", "/callbacks/hold")["count"] == 3


def test_an_application_made_anew_is_not_held_up_by_the_old_one(client: TestClient, receiver: Receiver) -> None:
    same: dict[str, Any] = {"id": "33333333-0000-4000-8000-000000000001", "apiKey": "888888", "seed": 3}
    receiver.reply(delay=0.25, times=1)
    first = told(client, receiver, **same)
    first.session(join=1)
    first.control("DELETE", "")
    second = told(client, receiver, **same)
    second.session(join=1)
    assert [each["status"] for each in outbox(second)] == ["delivered"] * 3


def test_two_who_advance_at_once_advance_one_after_the_other(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    receiver.reply(500, delay=0.02)
    tenant.session(join=1)
    start = now(tenant)
    both = [threading.Thread(target=tenant.advance, args=(100,)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert now(tenant) == start + 200_000


def test_a_moment_to_freeze_at_is_reached_through_everything_before_it(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    receiver.reply(500, times=1)
    start = now(tenant)
    tenant.session(join=1)
    tenant.control("POST", "/clock", {"action": "freeze", "at": start + 48 * HOUR * 1000})
    attempts = outbox(tenant)[0]["attempts"]
    assert [(each["at"] - start, each["status"]) for each in attempts] == [(0, 500), (5000, 200)]


class Forgetful(BaseHTTPRequestHandler):
    """A receiver that keeps connections alive, and closes them without saying so."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_a_kept_connection_that_was_closed_is_no_failed_attempt(client: TestClient) -> None:
    forgetful = HTTPServer(("127.0.0.1", 0), Forgetful)
    threading.Thread(target=forgetful.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{forgetful.server_address[1]}/"
    tenant = Tenant(client, webhooks={key: {"address": address} for key in KEYS})
    tenant.session(join=10)
    sent = outbox(tenant)
    forgetful.shutdown()
    forgetful.server_close()
    assert len(sent) == 21
    assert {(each["status"], len(each["attempts"])) for each in sent} == {("delivered", 1)}
