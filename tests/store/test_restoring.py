"""Snapshots are put back into stores in steps: as a whole or not at all, one large one at a time."""

from __future__ import annotations

import copy
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.settings import Settings
from emulator.tenants import restoring
from emulator.tenants.restoring import SMALL, SnapshotRestorer
from state.snapshots import Parsed
from tests.store.process import APP, Process

PARTS = ("session", "connection", "stream", "signal", "archive", "broadcast", "captions", "timer", "callback", "faults")


@pytest.fixture(params=["sqlite", "postgresql"])
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Process]:
    """A process whose store outlives it; everything moves only when it is told to."""
    with ExitStack() as stack:
        file = f"sqlite:///{tmp_path}/emulator.db"
        url = file if request.param == "sqlite" else request.getfixturevalue("database")
        process = Process(tmp_path, "--store", url)
        process.start()
        stack.callback(process.http.close)
        stack.callback(process.stop)
        process.control("POST", "clock", {"action": "freeze"}, expect=200)
        yield process


def with_everything(process: Process) -> dict[str, Any]:
    """Return the snapshot of an application that has something of every kind that a test can make quickly."""
    session = process.session(3)
    process.control("POST", "callbacks/hold", {"event": "*"}, expect=200)
    webhook = {"address": "http://127.0.0.1:9/"}
    process.control("PATCH", "", {"webhooks": {"archive_status": webhook, "session_created": webhook}}, expect=200)
    process.session(1)
    process.call("POST", f"/v2/project/{APP}/session/{session}/signal", {"type": "a", "data": "ż"})
    process.call("POST", f"/v2/project/{APP}/archive", {"sessionId": session}, 200)
    outputs = {"outputs": {"hls": {}}, "sessionId": session}
    process.call("POST", f"/v2/project/{APP}/broadcast", outputs, 200)
    process.control("POST", "faults", {"when": {"operation": "dial"}, "then": "conflict"}, expect=201)
    process.control("PUT", "scenarios/sip-busy", expect=200)
    found: dict[str, Any] = process.control("GET", "snapshot")
    return found


def grown(snapshot: dict[str, Any], size: int) -> bytes:
    """Return a snapshot with so many bytes of recordings besides what it has."""
    (archive,) = snapshot["archive"]
    record = {**archive["record"], "status": "available"}
    more = [
        {"live": False, "listed": True, "record": {**copy.copy(record), "id": str(uuid.UUID(int=number))}}
        for number in range(size // len(orjson.dumps(archive)))
    ]
    return orjson.dumps({**snapshot, "archive": [*snapshot["archive"], *more]})


def put(process: Process, content: bytes) -> httpx.Response:
    return process.http.put(f"{process.url}/_emulator/applications/{APP}/snapshot", content=content)


def taken(process: Process) -> dict[str, Any]:
    found: dict[str, Any] = process.control("GET", "snapshot")
    return found


def test_what_was_put_back_is_there_after_a_restart_with_everything_of_it(process: Process) -> None:
    snapshot = with_everything(process)
    process.control("POST", "reset", expect=204)
    assert put(process, grown(snapshot, SMALL // 2)).status_code == 200
    process.call("POST", f"/v2/project/{APP}/archive/{snapshot['archive'][0]['record']['id']}/stop", expect=200)
    before = taken(process)
    assert len(before["archive"]) > 100
    process.kill()
    process.start()
    after = taken(process)
    for part in PARTS:
        assert after[part] == before[part], part


@pytest.mark.parametrize("moment", [0.05, 0.3, 0.6])
def test_a_snapshot_is_put_back_as_a_whole_or_not_at_all_when_the_process_is_killed(
    process: Process, moment: float
) -> None:
    before = with_everything(process)
    content = grown(before, SMALL)
    begun = time.monotonic()
    assert put(process, content).status_code == 200
    lasts = time.monotonic() - begun
    wanted = len(orjson.loads(content)["archive"])
    assert put(process, orjson.dumps(before)).status_code == 200
    killer = threading.Timer(lasts * moment, process.kill)
    killer.start()
    with suppress(httpx.TransportError):  # it is killed meanwhile
        put(process, content)
    killer.join()
    process.start()
    found = len(taken(process)["archive"])
    assert found in (1, wanted)
    assert taken(process)["stream"] == before["stream"]


def test_replicas_see_what_was_put_back(tmp_path: Path, database: str) -> None:
    one, two = (Process(tmp_path, "--store", database, name=name) for name in ("one", "two"))
    with ExitStack() as stack:
        for each in (one, two):
            each.start()
            stack.callback(each.http.close)
            stack.callback(each.stop)
        one.control("POST", "clock", {"action": "freeze"}, expect=200)
        snapshot = with_everything(one)
        assert put(one, grown(snapshot, SMALL // 4)).status_code == 200
        assert taken(two)["archive"] == taken(one)["archive"]
        assert put(two, orjson.dumps(snapshot)).status_code == 200
        for part in PARTS:
            assert taken(one)[part] == snapshot[part], part


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an emulator with a store."""
    app = create_app(Settings(store=f"sqlite:///{tmp_path}/x.db", data_dir=tmp_path))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def padded(client: TestClient, size: int) -> bytes:
    """Return the snapshot of the well-known application, with so many blanks in it."""
    content = client.get(f"/_emulator/applications/{APP}/snapshot").content
    return content.rstrip() + b" " * size


DOORS: dict[str, Callable[[TestClient, bytes], Any]] = {
    "an application": lambda client, content: client.put(f"/_emulator/applications/{APP}/snapshot", content=content),
    "the whole emulator": lambda client, content: client.put("/_emulator/snapshot", content=content),
    "a checkpoint": lambda client, _: client.post(f"/_emulator/applications/{APP}/checkpoints/large/restore"),
    "a reset": lambda client, _: client.post(f"/_emulator/applications/{APP}/reset"),
}


def test_one_large_snapshot_at_a_time_is_put_back_and_small_ones_beside_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "SMALL", 20_000)
    reads, counts = SnapshotRestorer.read, SnapshotRestorer.read_all
    now, most, large = set(), [0], threading.Event()

    async def read(self: SnapshotRestorer, content: bytes) -> Parsed:
        return await noted(self, content, reads)  # type: ignore[no-any-return]

    async def read_all(self: SnapshotRestorer, content: bytes) -> Any:
        return await noted(self, content, counts)

    async def noted(self: SnapshotRestorer, content: bytes, work: Any) -> Any:
        if len(content) <= 20_000:
            return await work(self, content)
        key = object()
        now.add(key)
        most[0] = max(most[0], len(now))
        large.set()
        try:
            return await work(self, content)
        finally:
            now.discard(key)

    monkeypatch.setattr(SnapshotRestorer, "read", read)
    monkeypatch.setattr(SnapshotRestorer, "read_all", read_all)
    content = padded(client, 100_000)
    client.put(f"/_emulator/applications/{APP}/checkpoints/large")
    client.put(f"/_emulator/applications/{APP}/checkpoints/seed")
    statuses: list[int] = []

    def ask(door: str) -> None:
        for _ in range(5):
            statuses.append(DOORS[door](client, content).status_code)

    askers = [threading.Thread(target=ask, args=(door,)) for door in (*DOORS, *DOORS)]
    for each in askers:
        each.start()
    for each in askers:
        each.join(30)
        assert not each.is_alive()
    assert large.is_set()
    assert set(statuses) <= {200, 204}
    assert len(statuses) == 40
    assert most[0] == 1


def test_whoever_holds_an_application_is_not_waited_for_by_one_that_waits_for_its_turn(
    tmp_path: Path, database: str
) -> None:
    with ExitStack() as stack:
        process = Process(tmp_path, "--store", database)
        process.start()
        stack.callback(process.http.close)
        stack.callback(process.stop)
        snapshot = with_everything(process)
        content = grown(snapshot, 2 * SMALL)
        assert put(process, content).status_code == 200
        process.control("PUT", "checkpoints/seed", expect=200)
        statuses: list[int] = []

        def ask(method: str, path: str) -> None:
            with httpx.Client(timeout=60, trust_env=False) as http:
                url = f"{process.url}/_emulator/applications/{APP}/{path}"
                body = content if method == "PUT" else b""
                statuses.append(http.request(method, url, content=body).status_code)

        calls = [("PUT", "snapshot"), ("POST", "reset"), ("POST", "checkpoints/seed/restore")] * 2
        askers = [threading.Thread(target=ask, args=call) for call in calls]
        for each in askers:
            each.start()
        for each in askers:
            each.join()
        assert sorted(statuses) == [200] * 4 + [204] * 2
