"""The SQLite store in a real process: killed, started again, refused, and out of room."""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import wellknown
from emulator.store import database, reading
from emulator.store.base import StoreError
from emulator.testing.receiver import Receiver
from tests.emulator.local import Tenant, emulator
from tests.store.process import APP, Process, running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "world.db"


@pytest.fixture
def process(tmp_path: Path, file: Path) -> Iterator[Process]:
    """An emulator with that file."""
    with running(tmp_path, "--store", f"sqlite:///{file}") as process:
        yield process


def test_everything_is_there_after_sigkill(process: Process) -> None:
    process.control("POST", "clock", {"action": "freeze"})
    session = process.session(people=2)
    process.call("POST", f"/v2/project/{APP}/archive", {"sessionId": session}, expect=200)
    process.call("POST", f"/v2/project/{APP}/broadcast", {"sessionId": session, "outputs": {"hls": {}}}, expect=200)
    process.control("POST", "faults", {"when": {"operation": "stopArchive"}, "then": "conflict"}, expect=201)
    process.control("PUT", "checkpoints/base", expect=200)
    process.control("POST", "clock", {"action": "advance", "seconds": 120})
    paths = ("snapshot", "clock", "faults", "events", "checkpoints", f"sessions/{session}")

    def seen() -> dict[str, str]:
        return {path: json.dumps(process.control("GET", path)).replace(process.url, "") for path in paths}

    before = seen()
    process.kill()
    process.start()
    assert seen() == before


def test_transitions_that_fell_due_meanwhile_have_their_right_times(process: Process) -> None:
    session = process.session(people=1)
    archive = process.call("POST", f"/v2/project/{APP}/archive", {"sessionId": session}, expect=200)["id"]
    process.call("POST", f"/v2/project/{APP}/archive/{archive}/stop", expect=200)
    pending = {timer["action"]: timer["due"] for timer in process.control("GET", "clock")["pending"]}
    process.kill()
    while time.time() * 1000 < pending["archive.upload"] + 400:
        time.sleep(0.02)
    process.start()
    process.call("GET", f"/v2/project/{APP}/archive/{archive}", expect=200)
    events = process.control("GET", f"events?subject={archive}")["items"]
    (uploaded,) = [event["at"] for event in events if event["type"] == "archive.uploaded"]
    assert uploaded == pending["archive.upload"]


class Load:
    """Callers that start sessions and archives, and remember what was acknowledged."""

    def __init__(self, process: Process, callers: int) -> None:
        self._process = process
        self.acknowledged: list[dict[str, Any]] = []
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(callers)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        process = self._process
        with httpx.Client(timeout=10, trust_env=False) as http:
            while not self.stop.is_set():
                try:
                    made = http.post(f"{process.url}/session/create", headers=process.headers).json()[0]
                    session = made["session_id"]
                    url = f"{process.url}/_emulator/applications/{APP}/sessions/{session}/participants"
                    if http.post(url, json={"count": 1}).status_code != 201:
                        continue
                    body = {"sessionId": session, "name": f"of {session}"}
                    answer = http.post(f"{process.url}/v2/project/{APP}/archive", json=body, headers=process.headers)
                except (httpx.HTTPError, ValueError):
                    continue
                if answer.status_code == 200:
                    self.acknowledged.append(answer.json())


def _survives(process: Process, kills: int) -> None:
    chance = random.Random(1)
    for _ in range(kills):
        with Load(process, 4) as load:
            while not load.acknowledged:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.2))
            process.kill()
            load.stop.set()
        process.start()
        found = process.call("GET", f"/v2/project/{APP}/archive?count=1000", expect=200)
        ids = [item["id"] for item in found["items"]]
        assert len(ids) == len(set(ids)) == min(found["count"], 1000)
        for answer in load.acknowledged:
            kept = process.call("GET", f"/v2/project/{APP}/archive/{answer['id']}", expect=200)
            for name in ("id", "sessionId", "name", "resolution"):
                assert kept[name] == answer[name]
            events = process.control("GET", f"events?subject={answer['id']}&type=archive.started")["items"]
            assert events[0]["type"] == "archive.started"


def test_what_was_acknowledged_survives_sigkill_at_any_moment(process: Process) -> None:
    _survives(process, 4)


@pytest.mark.extended
def test_what_was_acknowledged_survives_a_hundred_sigkills(process: Process) -> None:
    _survives(process, 100)


def test_callbacks_that_were_not_delivered_are_delivered_after_the_restart_with_their_jti(process: Process) -> None:
    with Receiver() as receiver:
        webhook = {"address": receiver.url, "active": True}
        process.control("PATCH", "", {"webhooks": {"session_created": webhook, "archive_status": webhook}})
        process.control("POST", "callbacks/hold", {}, expect=200)
        process.session(people=1)
        (held,) = process.control("GET", "callbacks")["items"]
        process.kill()
        process.start()
        assert [each["status"] for each in process.control("GET", "callbacks")["items"]] == ["held"]
        process.control("POST", "callbacks/release", {}, expect=200)
        (delivered,) = process.control("GET", "callbacks?status=delivered&wait=10")["items"]
        assert (delivered["jti"], len(receiver.received())) == (held["jti"], 1)


def test_a_second_process_on_the_file_is_refused(process: Process, tmp_path: Path, file: Path) -> None:
    second = Process(tmp_path, "--store", f"sqlite:///{file}", name="second")
    with pytest.raises(AssertionError, match="in use by another process"):
        second.start()
    assert process.session()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"this is no database at all, but a text that is long enough to be read as one" * 20, "it is no SQLite file"),
        (None, "the file is another program's database"),
    ],
)
def test_a_foreign_file_is_refused_and_left_as_it_is(
    tmp_path: Path, file: Path, content: bytes | None, complaint: str
) -> None:
    if content is None:
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE precious (id INTEGER)")
        connection.close()
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    with pytest.raises(AssertionError, match=complaint):
        Process(tmp_path, "--store", f"sqlite:///{file}").start()
    assert file.read_bytes() == before


def test_a_damaged_file_and_one_of_another_version_are_refused(tmp_path: Path, file: Path) -> None:
    with running(tmp_path, "--store", f"sqlite:///{file}") as process:
        for _ in range(30):
            process.session(people=1)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE emulator_schema SET version = 99")
    connection.close()
    with pytest.raises(AssertionError, match="a newer emulator"):
        Process(tmp_path, "--store", f"sqlite:///{file}").start()
    damaged = bytearray(file.read_bytes())
    damaged[8192 : 8192 + 6000] = os.urandom(6000)
    file.write_bytes(damaged)
    with pytest.raises(AssertionError, match="damaged"):
        Process(tmp_path, "--store", f"sqlite:///{file}").start()


@pytest.mark.parametrize(
    "change",
    [
        "emulator_record SET document = '{' WHERE kind = 'identity'",
        "emulator_record SET document = x'ff00' WHERE kind = 'session'",
        "emulator_application SET version = 'x'",
    ],
)
def test_what_somebody_wrote_into_the_file_is_refused_in_a_line(tmp_path: Path, file: Path, change: str) -> None:
    with running(tmp_path, "--store", f"sqlite:///{file}") as process:
        process.session(people=1)
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {change}")
    connection.close()
    refused = Process(tmp_path, "--store", f"sqlite:///{file}", name="refused")
    with pytest.raises(AssertionError, match="cannot be read"):
        refused.start()
    assert "Traceback" not in refused.output


def test_a_disk_that_is_full_at_the_start_is_told_in_a_line(tmp_path: Path, file: Path) -> None:
    with running(tmp_path, "--store", f"sqlite:///{file}"):
        pass
    command = [sys.executable, "-m", "emulator", "serve", "--http-port", "0", "--no-https", "--pace", "instant"]
    with subprocess.Popen(
        [*command, "--data-dir", str(tmp_path), "--store", f"sqlite:///{file}"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY)),
    ) as process:
        _, said = process.communicate(timeout=20)
    assert process.returncode
    assert b"look at the disk" in said
    assert b"Traceback" not in said


def test_what_cannot_be_kept_at_the_start_is_told_in_a_line(tmp_path: Path) -> None:
    program = """if True:
        import runpy
        from emulator.store.base import Store, StoreUnavailableError
        async def start(self):
            raise StoreUnavailableError("there is no room left")
        Store.start = start
        runpy.run_module("emulator", run_name="__main__")
    """
    command = [sys.executable, "-c", program, "serve", "--http-port", "0", "--no-https", "--data-dir", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, timeout=20, text=True)
    assert (ended.returncode, ended.stderr.strip()) == (2, "there is no room left")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="there is no folder"):
        Process(tmp_path, "--store", f"sqlite:///{tmp_path}/nowhere/world.db").start()


def test_a_url_that_says_more_than_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="leave out what follows the question mark"):
        Process(tmp_path, "--store", f"sqlite:///{tmp_path}/world.db?mode=ro").start()


def test_a_full_disk_is_503_and_what_was_asked_has_not_happened(process: Process, file: Path) -> None:
    session = process.session(people=1)
    archive = process.call("POST", f"/v2/project/{APP}/archive", {"sessionId": session}, expect=200)["id"]
    written = max(path.stat().st_size for path in file.parent.glob("world.db*"))
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))
    refused = 0
    for _ in range(50):  # the log has some room left
        answer = process.http.post(f"{process.url}/session/create", headers=process.headers)
        if answer.status_code == 503:
            refused += 1
            assert "store" in answer.json()["message"]
        else:
            assert not refused, "it was taken although the disk is full"
    assert refused
    stopped = process.http.post(f"{process.url}/v2/project/{APP}/archive/{archive}/stop", headers=process.headers)
    assert stopped.status_code == 503
    assert process.control("POST", f"sessions/{session}/participants", {"count": 1}, expect=503)
    assert process.http.get(f"{process.url}/_emulator/ready").status_code == 503
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
    assert process.http.get(f"{process.url}/_emulator/ready").status_code == 200
    assert process.call("GET", f"/v2/project/{APP}/archive/{archive}", expect=200)["status"] == "started"
    count = process.control("GET", "sessions")["count"]
    people = len(process.control("GET", f"sessions/{session}")["participants"])
    process.kill()
    process.start()
    assert process.control("GET", "sessions")["count"] == count
    assert len(process.control("GET", f"sessions/{session}")["participants"]) == people == 1


def test_an_application_that_could_not_be_kept_has_never_been(process: Process, file: Path) -> None:
    def make() -> int:
        body = {"id": "0b0b0b0b-0000-4000-8000-0000000000aa", "apiKey": "5151", "privateKey": wellknown.PRIVATE_KEY}
        return process.http.post(f"{process.url}/_emulator/applications", json=body).status_code

    written = max(path.stat().st_size for path in file.parent.glob("world.db*"))
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))
    while process.http.post(f"{process.url}/session/create", headers=process.headers).status_code == 200:
        pass  # the log has some room left
    assert [make(), make()] == [503, 503]
    assert process.control("GET", "/applications")["count"] == 1
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
    assert [make(), make()] == [201, 409]


def test_what_can_neither_be_written_nor_read_again_is_503_until_it_can(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is gone")

    with emulator(store=f"sqlite:///{file}") as client:
        tenant = Tenant(client)
        session = tenant.session()
        with monkeypatch.context() as broken:
            broken.setattr(database, "write", fails)
            broken.setattr(reading, "refresh", fails)
            for _ in range(2):
                answer = tenant.call("POST", "//session/create")
                assert (answer.status_code, "the disk is gone" in answer.text) == (503, True)
        assert [each["sessionId"] for each in tenant.control("GET", "/sessions")["items"]] == [session]


def test_a_file_that_was_removed_is_503_and_not_written_to(process: Process, file: Path) -> None:
    process.session()
    time.sleep(1.1)  # the file is looked for once a second
    file.unlink()
    answer = process.http.post(f"{process.url}/session/create", headers=process.headers)
    assert (answer.status_code, "removed" in answer.json()["message"]) == (503, True)
