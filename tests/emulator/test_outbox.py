"""What a test may do to callbacks: hold, release, reorder, repeat and drop them, and wait for them."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.testing.receiver import Receiver
from tests.emulator.local import Tenant
from tests.emulator.receiving import outbox, outbox_now, told

HOUR = 3600


def test_held_callbacks_wait_and_can_be_put_in_another_order(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    tenant.control("POST", "/callbacks/hold", {"event": "archive"})
    archive = tenant.archive()
    tenant.call("POST", f"/archive/{archive}/stop")
    tenant.advance(1)
    held = outbox(tenant, status="held")
    assert [each["event"] for each in held] == [
        "archive.started", "archive.stopped", "archive.uploaded", "archive.available",
    ]  # fmt: skip
    assert receiver.received("archive") == []
    tenant.control("POST", "/callbacks/reorder", {"ids": [each["id"] for each in reversed(held)]})
    tenant.control("POST", "/callbacks/release", {"event": "archive"})
    outbox(tenant)
    assert [each.event for each in receiver.received("archive")] == [
        "archive.available", "archive.uploaded", "archive.stopped", "archive.started",
    ]  # fmt: skip
    tenant.archive()
    assert receiver.wait_for("archive.started", where=lambda body: body["id"] != archive)


def test_single_callbacks_can_be_released_dropped_doubled_and_sent_again(
    client: TestClient, receiver: Receiver
) -> None:
    tenant = told(client, receiver)
    tenant.control("POST", "/callbacks/hold")
    tenant.session(join=1)
    session, connection, stream = (each["id"] for each in outbox(tenant, status="held"))
    tenant.control("POST", f"/callbacks/{connection}/drop")
    released = tenant.control("POST", "/callbacks/release", {"ids": [session]})
    assert [each["id"] for each in released["items"]] == [session]
    outbox(tenant)
    tenant.control("POST", f"/callbacks/{session}/redeliver")
    double = tenant.control("POST", f"/callbacks/{session}/duplicate")
    tenant.control("POST", "/callbacks/release")
    outbox(tenant)
    events = [each.event for each in receiver.received()]
    assert (events.count("session.created"), "connection.created" in events, "stream.created" in events) == (
        3,
        False,
        True,
    )
    assert len({each.jti for each in receiver.received("session.created")}) == 1
    assert (double["id"] != session, tenant.control("GET", f"/callbacks/{stream}")["status"]) == (True, "delivered")


@pytest.mark.parametrize(
    "path", ["/callbacks/x", "/callbacks/x/drop", "/callbacks/x/redeliver", "/callbacks/x/duplicate"]
)
def test_an_unknown_callback_is_404(tenant: Tenant, path: str) -> None:
    method = "POST" if path.count("/") == 3 else "GET"
    answer = tenant.client.request(method, f"/_emulator/applications/{tenant.id}{path}")
    assert answer.status_code == 404


def test_what_is_seen_without_a_receiver_is_what_would_be_sent(client: TestClient) -> None:
    tenant = Tenant(client, webhooks={"archive_status": {"address": "http://127.0.0.1:1/"}})
    tenant.control("POST", "/callbacks/hold")
    archive = tenant.archive()
    (callback,) = outbox(tenant)
    assert (callback["body"]["id"], callback["attempts"], callback["status"]) == (archive, [], "held")


def slow(client: TestClient, receiver: Receiver, **reply: Any) -> tuple[Tenant, str]:
    """Return a tenant whose first callback is under way, and its id."""
    tenant = told(client, receiver)
    receiver.reply(delay=0.15, times=1, **reply)
    tenant.session(join=1)
    (first, *_) = tenant.control("GET", "/callbacks")["items"]
    return tenant, first["id"]


def test_sending_again_what_is_under_way_sends_it_twice(client: TestClient, receiver: Receiver) -> None:
    tenant, first = slow(client, receiver)
    tenant.control("POST", f"/callbacks/{first}/redeliver")
    assert [len(each["attempts"]) for each in outbox(tenant)] == [2, 1, 1]
    assert len(receiver.received("session.created")) == 2


def test_holding_and_releasing_what_is_under_way_sends_nothing_twice(client: TestClient, receiver: Receiver) -> None:
    tenant, _ = slow(client, receiver)
    for _ in range(3):
        tenant.control("POST", "/callbacks/hold")
        tenant.control("POST", "/callbacks/release", {"event": "connection"})
        tenant.control("POST", "/callbacks/release", {"event": "stream"})
    assert [each["status"] for each in outbox(tenant)] == ["delivered"] * 3
    assert sorted(each.event for each in receiver.received()) == [
        "connection.created",
        "session.created",
        "stream.created",
    ]


def test_what_waits_behind_a_slow_one_can_be_put_in_another_order(client: TestClient, receiver: Receiver) -> None:
    tenant, first = slow(client, receiver)
    tenant.control("POST", "/callbacks/hold")
    waiting = [each["id"] for each in outbox_now(tenant) if each["id"] != first]
    tenant.control("POST", "/callbacks/reorder", {"ids": waiting[::-1]})
    tenant.control("POST", "/callbacks/release")
    outbox(tenant)
    assert [each.event for each in receiver.received()][-2:] == ["stream.created", "connection.created"]


def test_sending_by_hand_begins_a_new_series_of_attempts(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    tenant.session(join=1)
    tenant.advance(25 * HOUR)
    receiver.reply(500, times=1)
    first = outbox_now(tenant)[0]["id"]
    tenant.control("POST", f"/callbacks/{first}/redeliver")
    tenant.advance(5)
    again = tenant.control("GET", f"/callbacks/{first}")
    assert (again["status"], [each["status"] for each in again["attempts"]]) == ("delivered", [200, 500, 200])


def test_a_pattern_that_fits_no_event_is_refused(client: TestClient) -> None:
    tenant = Tenant(client)
    for method, path, body in (
        ("POST", "/callbacks/hold", {"event": "archiv"}),
        ("GET", "/callbacks?event=archiv", None),
    ):
        answer = client.request(method, f"/_emulator/applications/{tenant.id}{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["suggestion"]) == (400, "did you mean archive?")


def test_releasing_a_part_of_what_is_held_holds_the_rest(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver)
    tenant.control("POST", "/callbacks/hold")
    tenant.control("POST", "/callbacks/release", {"event": "connection"})
    tenant.session(join=1)
    assert {each["event"]: each["status"] for each in outbox(tenant)} == {
        "session.created": "held", "connection.created": "delivered", "stream.created": "held",
    }  # fmt: skip


def test_waiting_for_a_callback(client: TestClient, receiver: Receiver) -> None:
    tenant = told(client, receiver, pace="fast")
    archive = tenant.archive()
    tenant.control("POST", "/clock", {"action": "resume"})
    tenant.call("POST", f"/archive/{archive}/stop")
    query = {"event": "archive.available", "status": "delivered", "wait": 10}
    (callback,) = tenant.control("GET", "/callbacks", params=query)["items"]
    assert callback["body"]["id"] == archive
