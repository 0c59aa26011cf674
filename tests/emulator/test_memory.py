"""Memory is bounded in bytes: the oldest is given up, or what would be too much is refused with the limit."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.protocol import unread
from emulator.tenants import snapshots
from state import events, memory, outbox, records, sessions, world
from tests.emulator.local import Tenant, emulator
from tests.emulator.receiving import outbox_now
from tests.store.process import APP, Process, running

KIB = 1024


@pytest.fixture
def client() -> Iterator[TestClient]:
    """An emulator of its own."""
    with emulator() as client:
        yield client


@pytest.fixture
def tenant(client: TestClient) -> Tenant:
    """An application."""
    return Tenant(client)


def used(tenant: Tenant, name: str) -> int:
    """Return how many bytes the largest application keeps of something, as told."""
    found: dict[str, Any] = tenant.client.get("/_emulator/info").json()["bytes"][name]
    assert found["limit"] > 0
    number: int = found["used"]
    return number


def signal(tenant: Tenant, session: str, size: int = 8000) -> None:
    assert tenant.call("POST", f"/session/{session}/signal", {"type": "t", "data": "x" * size}).status_code == 204


@pytest.mark.parametrize("count", [1, 3, 12])
def test_signals_are_bounded_whatever_sessions_they_are_of(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(sessions, "SIGNALS", 100 * KIB)
    made = [tenant.session(join=1) for _ in range(count)]
    for _ in range(60 // count):
        for session in made:
            signal(tenant, session)
    assert 0 < used(tenant, "signals") <= 100 * KIB
    snapshot = tenant.control("GET", "/snapshot")
    assert 1 <= len(snapshot["signal"]) <= 13
    assert tenant.client.put(f"/_emulator/applications/{tenant.id}/snapshot", json=snapshot).status_code == 200
    assert 0 < used(tenant, "signals") <= 100 * KIB
    tenant.control("POST", "/reset")
    assert used(tenant, "signals") == 0


def test_events_are_bounded_and_their_numbers_go_on(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "EVENTS", 100 * KIB)
    session = tenant.session(join=1)
    for _ in range(40):
        signal(tenant, session)
    found = tenant.control("GET", "/events")
    assert found["last"] > 40
    assert found["first"] == found["items"][0]["number"] > 1
    assert 0 < used(tenant, "events") <= 100 * KIB


@pytest.mark.parametrize("held", [False, True])
def test_callbacks_are_bounded_delivered_or_not(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    monkeypatch.setattr(outbox, "CALLBACKS", 20 * KIB)
    tenant = Tenant(client, webhooks={"connection_created": {"address": "http://127.0.0.1:9/"}})
    tenant.control("POST", "/clock", {"action": "freeze"})
    if held:
        tenant.control("POST", "/callbacks/hold", {})
    for _ in range(40):
        tenant.session(join=1)
    tenant.advance(0)
    kept = outbox_now(tenant)
    assert 1 <= len(kept) < 40
    assert 0 < used(tenant, "callbacks") <= 20 * KIB
    tenant.advance(30 * 3600)  # the timers of those that were given up find nothing
    assert kept[0]["number"] < max(each["number"] for each in outbox_now(tenant)) <= 40


@pytest.mark.parametrize("size", [10, 5000, 100_000])
def test_records_that_have_ended_are_bounded(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    most = 50 * KIB + 4 * size
    monkeypatch.setattr(records.Collection.surplus, "__defaults__", (most,))
    session = tenant.session(join=1)
    first = last = ""
    for index in range(80 if size < 5000 else 30):
        last = tenant.archive(session, name=f"{index}" + "n" * size)
        first = first or last
        assert tenant.call("POST", f"/archive/{last}/stop").status_code == 200
    assert 0 < used(tenant, "records") <= most + 2 * size
    assert tenant.call("GET", f"/archive/{last}").status_code == 200
    assert tenant.call("GET", f"/archive/{first}").status_code == 404


def test_checkpoints_are_refused_where_they_would_be_too_much_and_those_that_are_there_stay(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "CHECKPOINTS", 30 * KIB)
    tenant.session(join=10)
    url = f"/_emulator/applications/{tenant.id}/checkpoints"
    statuses = [tenant.client.put(f"{url}/c{number}") for number in range(10)]
    refused = [response for response in statuses if response.status_code == 409]
    assert 0 < len(refused) < 10
    assert str(30 * KIB) in refused[0].json()["error"]["message"]
    assert tenant.control("GET", "/checkpoints")["count"] == 10 - len(refused)
    assert 0 < used(tenant, "checkpoints") <= 30 * KIB
    assert tenant.client.put(f"{url}/c0").status_code == 200  # in its place there is room
    tenant.control("DELETE", "/checkpoints/c0")
    assert tenant.client.put(f"{url}/c9").status_code == 200


@pytest.mark.parametrize("together", [False, True])
def test_rules_are_refused_where_they_would_be_too_much_all_or_none(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    from scenarios import engine

    monkeypatch.setattr(engine, "RULES", 20 * KIB)
    url = f"/_emulator/applications/{tenant.id}/faults"
    rules = [{"when": {"operation": "dial"}, "then": "conflict", "name": f"{index}" + "n" * 90} for index in range(100)]
    if together:
        refused = tenant.client.post(url, json=rules)
        assert tenant.control("GET", "/faults")["count"] == 0
    else:
        refused = next(found for rule in rules if (found := tenant.client.post(url, json=rule)).status_code != 201)
        name = rules[0]["name"]
        too_long = {**rules[0], "when": {"session": "s" * 30_000}}
        assert tenant.client.put(f"{url}/{name}", json=too_long).status_code == 400
        assert tenant.control("GET", f"/faults/{name}")["when"] == rules[0]["when"]  # not lost
        tenant.control("DELETE", "/faults")
        assert used(tenant, "rules") == 0
        assert tenant.client.post(url, json=rules[0]).status_code == 201
    assert refused.status_code == 400
    assert str(20 * KIB) in refused.json()["error"]["message"]


LARGE_PACK = """
name: large
description: Four rules, each with the text.
parameters: {text: {type: string, default: x, description: what they are about}}
rules:
""" + "".join(
    f"  - {{name: {name}, when: {{operation: dial, session: '${{text}}'}}, then: conflict}}\n" for name in "abcd"
)


@pytest.mark.parametrize("kib", [5, 6, 19, 60])
@pytest.mark.parametrize("anew", [False, True])
def test_a_pack_that_is_too_large_is_refused_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anew: bool, kib: int
) -> None:
    from scenarios import engine

    monkeypatch.setattr(engine, "RULES", 20 * KIB)
    (tmp_path / "large.yaml").write_text(LARGE_PACK)
    with emulator(scenario_dir=tmp_path) as client:
        tenant = Tenant(client)
        url = f"/_emulator/applications/{tenant.id}/scenarios/large"
        if anew:
            tenant.control("PUT", "/scenarios/large", {"parameters": {"text": "y" * 4 * KIB}})
        before = [tenant.control("GET", path) for path in ("/faults", "/scenarios")]
        refused = client.put(url, json={"parameters": {"text": "x" * kib * KIB}})
        assert refused.status_code == 400
        assert str(20 * KIB) in refused.json()["error"]["message"]
        assert [tenant.control("GET", path) for path in ("/faults", "/scenarios")] == before
        # Those that are replaced make room.
        tenant.control("PUT", "/scenarios/large", {"parameters": {"text": "z" * 4 * KIB}})
        assert tenant.control("GET", "/faults")["count"] == 4


def test_all_applications_together_are_bounded_and_the_largest_gives_up_first(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "ALL", 400 * KIB)
    monkeypatch.setattr(snapshots, "ALL", 400 * KIB)
    small, large = Tenant(client), Tenant(client)
    small.session(join=1)
    before = small.control("GET", "/events")["first"]
    session = large.session(join=1)
    for _ in range(60):
        signal(large, session)
    told = client.get("/_emulator/info").json()["bytes"]["all"]
    assert told["used"] <= told["limit"] + 16 * KIB
    assert large.control("GET", "/events")["first"] > 1
    assert small.control("GET", "/events")["first"] == before == 1
    monkeypatch.setattr(snapshots, "ALL", 40 * KIB)
    responses = [
        client.put(f"/_emulator/applications/{each.id}/checkpoints/a{number}")
        for number in (1, 2, 3)
        for each in (small,)
    ]
    refused = responses[-1]
    assert (responses[0].status_code, refused.status_code) == (200, 409)
    assert str(20 * KIB) in refused.json()["error"]["message"]
    for tenant in (small, large):
        assert client.delete(f"/_emulator/applications/{tenant.id}").status_code == 204
    assert client.get("/_emulator/info").json()["bytes"]["all"]["used"] < 16 * KIB


# Those who do not read


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    """A process with an application whose lists are long."""
    with running(tmp_path) as process:
        session = process.session(people=1)
        for _ in range(700):
            body = {"type": "t", "data": "x" * 8000}
            process.call("POST", f"/v2/project/{APP}/session/{session}/signal", body, expect=204)
        yield process


def memory_of(process: Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.parametrize("path", ["events?limit=10000", "snapshot", "events/stream?after=0"])
def test_clients_that_do_not_read_take_no_more_than_is_told(process: Process, path: str) -> None:
    host, port = process.url.removeprefix("http://").split(":")
    before = memory_of(process)
    asking = f"GET /_emulator/applications/{APP}/{path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    deaf = []
    for _ in range(40):  # 230 MB in all
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        connection.sendall(asking)
        deaf.append(connection)
    time.sleep(2)
    told = process.control("GET", "/info")["bytes"]["responses"]
    assert told["used"] <= told["limit"] == unread.MAX_UNREAD
    assert memory_of(process) - before < unread.MAX_UNREAD + 120 * memory.MIB
    assert process.call("GET", f"/v2/project/{APP}/archive", expect=200)["count"] == 0
    for connection in deaf:
        connection.close()
    deadline = time.monotonic() + 20
    while process.control("GET", "/info")["bytes"]["responses"]["used"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_large_response_arrives_whole_at_who_reads_slowly(process: Process) -> None:
    host, port = process.url.removeprefix("http://").split(":")
    whole = process.http.get(f"{process.url}/_emulator/applications/{APP}/events?limit=10000").content
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"GET /_emulator/applications/{APP}/events?limit=10000 HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        received = bytearray()
        while part := connection.recv(200_000):
            received += part
            time.sleep(0.005)
    assert bytes(received).partition(b"\r\n\r\n")[2] == whole
