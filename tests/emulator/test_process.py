"""What only a real process shows: requests that never end, callers that go away, the end of the process."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from emulator import wellknown
from emulator.testing import Server
from tests.emulator.local import rest_token
from tests.eventually import eventually

TOKEN = rest_token(wellknown.PRIVATE_KEY, wellknown.APPLICATION_ID)
HEAD = f"POST /session/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(server.http).port or 0), timeout=10)


def sessions(server: Server) -> int:
    url = f"{server.http}/_emulator/applications/{wellknown.APPLICATION_ID}"
    count: int = httpx.get(url, trust_env=False).json()["counts"]["sessions"]
    return count


@pytest.mark.parametrize(
    "rest",
    [
        "Content-Length: 100\r\n\r\n",
        "Content-Length: 100\r\n\r\narchiveMode=",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_a_request_that_never_arrived_completely_does_nothing(server: Server, rest: str) -> None:
    before = sessions(server)
    with connect(server) as caller:
        caller.sendall((HEAD + rest).encode())
        time.sleep(0.05)  # there is nothing to wait for: nothing shall happen
    assert sessions(server) == before
    with connect(server) as caller:
        caller.sendall((HEAD + "Content-Length: 0\r\n\r\n").encode())
        assert b" 200 OK" in caller.recv(200)
    assert sessions(server) == before + 1


def test_events_are_streamed_as_they_happen(server: Server) -> None:
    application = server.emulator.application("streamed", pace="instant")
    url = f"{server.http}/_emulator/applications/{application.id}/events/stream?after=0&type=session"
    with httpx.stream("GET", url, trust_env=False, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": connected"
        token = rest_token(application.private_key, application.id)
        made = httpx.post(
            f"{server.http}/session/create", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        )
        application.join(made.json()[0]["session_id"])
        told = [line for line in (next(lines) for _ in range(5)) if line]
        assert told[0] == "id: 1"
        assert told[1] == "event: session.created"
        assert '"type":"session.created"' in told[2]


def test_the_end_comes_quickly_and_quietly_whatever_is_open(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [
        sys.executable, "-m", "emulator", "serve", "--http-port", "0", "--no-https",
        "--data-dir", str(tmp_path), "--ready-file", str(ready),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(ready.exists, "the emulator is ready")
    port = int(ready.read_text().partition("http://127.0.0.1:")[2].partition('"')[0])
    waiting = f"GET /_emulator/applications/{wellknown.APPLICATION_ID}/events?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n"
    streaming = waiting.replace("events?wait=60", "events/stream")
    callers = []
    for text in (HEAD + "Content-Length: 100\r\n\r\n", waiting, streaming) * 5:
        caller = socket.create_connection(("127.0.0.1", port), timeout=10)
        caller.sendall(text.encode())
        callers.append(caller)
    process.terminate()
    _, errors = process.communicate(timeout=10)
    for caller in callers:
        caller.close()
    assert process.returncode == 0
    # The server itself says that it cut unfinished requests short, in one line.
    assert [line for line in errors.splitlines() if "Cancel 5 running task(s)" not in line] == []
