"""Events: waited for, read on, and numbered through resets."""

from __future__ import annotations

import threading
import time

import pytest
from starlette.testclient import TestClient

from tests.emulator.local import Tenant


def test_waiting_ends_as_soon_as_it_happens(client: TestClient) -> None:
    tenant = Tenant(client, pace="fast")
    archive = tenant.archive()
    last = tenant.control("GET", "/events")["last"]
    tenant.call("POST", f"/archive/{archive}/stop")
    query = {"after": last, "type": "archive.available", "subject": archive, "wait": 10}
    (event,) = tenant.control("GET", "/events", params=query)["items"]
    assert event["data"]["status"] == "available"
    assert tenant.control("GET", "/events", params={**query, "type": "archive.failed", "wait": 0.05})["items"] == []


def test_a_list_that_was_cut_can_be_gone_on_with(tenant: Tenant) -> None:
    tenant.session(join=5)
    seen: list[int] = []
    after = 0
    while items := (page := tenant.control("GET", "/events", params={"after": after, "limit": 3}))["items"]:
        seen += [each["number"] for each in items]
        after = page["last"]
    assert seen == list(range(1, 12))


def test_numbers_go_on_after_a_reset_and_a_deleted_application_ends_waiting(tenant: Tenant) -> None:
    tenant.session(join=1)
    before = tenant.control("GET", "/events")["last"]
    tenant.control("POST", "/reset")
    tenant.session(join=1)
    assert [each["number"] for each in tenant.control("GET", "/events", params={"after": before})["items"]] == [4, 5, 6]
    url = f"/_emulator/applications/{tenant.id}/events"
    waited: list[int] = []
    waiter = threading.Thread(
        target=lambda: waited.append(tenant.client.get(url, params={"after": 9, "wait": 30}).status_code)
    )
    waiter.start()
    while waiter.is_alive():  # the application is there until the waiter is
        tenant.client.delete(f"/_emulator/applications/{tenant.id}")
        waiter.join(0.05)
    assert waited == [404]


@pytest.mark.parametrize("query", ["wait=60", "wait=5&after=9", "wait=60&type=archive", "wait=60&session=none&limit=1"])
def test_head_of_events_waits_for_nothing(tenant: Tenant, query: str) -> None:
    since = time.monotonic()
    response = tenant.client.head(f"/_emulator/applications/{tenant.id}/events?{query}")
    assert (response.status_code, response.content) == (200, b"")
    assert time.monotonic() - since < 4
