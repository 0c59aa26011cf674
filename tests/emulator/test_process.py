"""What only a real process shows: requests that never end, callers that go away, the end of the process."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httpx
import pytest

from emulator import wellknown
from emulator.testing import Server
from state.ids import Ids
from tests.emulator.local import rest_token
from tests.emulator.log_lines import unexpected
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
    assert unexpected(errors) == []


class Sink(asyncio.Protocol):
    """Takes callbacks as fast as they come, and keeps their bodies in order."""

    def __init__(self, taken: list[bytes], transports: list[asyncio.Transport]) -> None:
        self.taken = taken
        self.transports = transports
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection to answer on."""
        self.transport = cast(asyncio.Transport, transport)
        self.transports.append(self.transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, _, body = self.rest.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(body) < length:
                return
            self.taken.append(body[:length])
            self.rest = body[length:]
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def close(server: asyncio.Server, transports: list[asyncio.Transport]) -> None:
    """Close a sink, and the connections to it."""
    server.close()
    for transport in transports:
        transport.close()
    await asyncio.sleep(0)


@contextmanager
def sink() -> Iterator[tuple[str, list[bytes]]]:
    """Run a sink in a thread; yield its URL and what it takes."""
    taken: list[bytes] = []
    transports: list[asyncio.Transport] = []
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: Sink(taken, transports), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", taken
    finally:
        asyncio.run_coroutine_threadsafe(close(server, transports), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_ten_thousand_callbacks_arrive_once_each_and_in_the_order_of_their_session(server: Server) -> None:
    sessions, people = 50, 100
    with sink() as (url, taken):
        webhooks = {key: {"address": url} for key in ("connection_created", "stream_created")}
        application = server.emulator.application("busy", webhooks=webhooks)
        expected = {}
        for number in range(sessions):
            sid = Ids(number).session_id(application.id, location="", created_at=1_700_000_000_000, relayed=False)
            expected[sid] = [
                id_ for each in application.join(sid, people) for id_ in (each.connection_id, each.streams[0].id)
            ]
        eventually(lambda: len(taken) >= 2 * sessions * people, "every callback arrived", seconds=60)
        arrived: dict[str, list[str]] = {sid: [] for sid in expected}
        for body in map(json.loads, taken):
            arrived[body["sessionId"]].append((body.get("connection") or body["stream"])["id"])
        assert arrived == expected
