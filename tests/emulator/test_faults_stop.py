"""Faults that take their time: what becomes of them when the caller goes away, or the emulator stops."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from emulator import wellknown
from tests.emulator.local import rest_token
from tests.emulator.log_lines import unexpected
from tests.eventually import eventually

CONTROL = f"/_emulator/applications/{wellknown.APPLICATION_ID}"


class Process:
    """An emulator whose errors are read."""

    def __init__(self, folder: Path) -> None:
        ready = folder / "ready.json"
        command = [
            sys.executable, "-m", "emulator", "serve", "--http-port", "0", "--no-https",
            "--data-dir", str(folder), "--ready-file", str(ready),
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        eventually(ready.exists, "the emulator is ready")
        self.port = int(ready.read_text().partition("http://127.0.0.1:")[2].partition('"')[0])
        token = rest_token(wellknown.PRIVATE_KEY, wellknown.APPLICATION_ID)
        head = f"HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        self.list = f"GET /v2/project/{wellknown.APPLICATION_ID}/archive {head}\r\n".encode()
        self.create = f"POST /session/create {head}\r\n".encode()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API."""
        url = f"http://127.0.0.1:{self.port}{CONTROL}{path}"
        answer = httpx2.request(method, url, json=body, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def fault(self, then: Any, **rule: Any) -> None:
        """Write the only rule."""
        self.ask("DELETE", "/faults")
        self.ask("POST", "/faults", {"name": "slow", "then": then, **rule})

    def send(self, request: bytes) -> socket.socket:
        """Send a request on a connection of its own."""
        caller = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        caller.sendall(request)
        return caller

    def stop(self) -> list[str]:
        """Stop it; return what it said of trouble."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=10)
        assert self.process.returncode == 0
        return unexpected(errors)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    started = Process(tmp_path)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.communicate()


def read(caller: socket.socket) -> bytes:
    """Read to the end of a connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := caller.recv(65_536):
            received += piece
    caller.close()
    return received


def test_the_end_does_not_wait_for_what_is_slow(process: Process) -> None:
    callers: list[tuple[str, socket.socket]] = []
    effects = {
        "before": {"latency": {"ms": 60_000}},
        "instead": {"latency": {"ms": 60_000}},
        "after": {"latency": {"ms": 60_000}},
        "stall": "stall",
        "drip": {"slowDrip": {"bytes": 1, "ms": 10_000}},
    }
    for number, (name, then) in enumerate(effects.items(), 1):
        position = {"position": name} if name in ("before", "instead", "after") else {}
        process.fault(then, **position)
        callers.append((name, process.send(process.list)))
        eventually(lambda: process.ask("GET", "/faults/slow")["hits"] == 1, f"{name} ({number}) has begun")
    started = time.monotonic()
    errors = process.stop()
    assert time.monotonic() - started < 2.5  # uvicorn itself would wait 3 s, then cut off with tracebacks
    assert errors == []
    received = {name: read(caller) for name, caller in callers}
    for name in ("before", "instead", "after"):
        assert received[name].startswith(b"HTTP/1.1 503 "), name
        assert json.loads(received[name].partition(b"\r\n\r\n")[2])["message"] == "The emulator is stopping."
    assert received["stall"] == b""
    assert b"content-length: 22" in received["drip"]
    assert len(received["drip"].partition(b"\r\n\r\n")[2]) < 22


def exchanges(process: Process) -> list[Any]:
    return [(each["operation"], each["status"], each["fault"]) for each in process.ask("GET", "/requests")["items"]]


@pytest.mark.parametrize(("position", "sessions"), [("before", 0), ("instead", 1), ("after", 1)])
def test_a_caller_that_does_not_wait_was_never_seen_before_the_work(
    process: Process, position: str, sessions: int
) -> None:
    process.fault({"latency": {"ms": 60_000}}, position=position, when={"operation": "createSession"})
    caller = process.send(process.create)
    eventually(lambda: process.ask("GET", "/faults/slow")["hits"] == 1, "the delay has begun")
    caller.close()
    (exchange,) = eventually(lambda: exchanges(process), "the call is in the journal")
    assert exchange == ("createSession", 200 if sessions else 0, "slow")
    assert process.ask("GET", "/sessions")["count"] == sessions
    assert process.stop() == []


PIPELINED: dict[str, Callable[[bytes], bool]] = {
    "reset": lambda received: received == b"",
    "emptyReply": lambda received: received == b"",
    "garbage": lambda received: len(received) == 64,
    "truncated": lambda received: received.count(b"HTTP/1.1") == 1,
    "stall": lambda received: received == b"",
}


def test_pipelined_requests_break_without_a_word(process: Process) -> None:
    for effect, check in PIPELINED.items():
        process.fault({effect: {"maxMs": 100}} if effect == "stall" else effect, when={"operation": "listArchives"})
        received = read(process.send(process.list * 4))
        assert check(received), (effect, received)
    process.fault("stall", when={"operation": "listArchives"})
    process.send(process.list * 2).close()
    eventually(
        lambda: exchanges(process)[0][2] == "slow" and len(exchanges(process)) == len(PIPELINED) + 1,
        "the stall ends when its caller goes, though another request waits behind it",
    )
    assert process.stop() == []
