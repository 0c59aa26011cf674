"""Faults of the connection, seen from a raw socket: over HTTP and HTTPS, against a real emulator process."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.emulator.local import rest_token
from tests.eventually import eventually
from tests.scenarios.calls import control, new_session


class Wire:
    """A raw connection that asks for the archives of an application."""

    def __init__(self, server: Server, application: ApplicationClient, scheme: str) -> None:
        self.application = application
        address = urlsplit(server.https if scheme == "https" else server.http)
        self.socket: socket.socket = socket.create_connection((address.hostname, address.port), timeout=5)
        if scheme == "https":
            context = ssl.create_default_context(cafile=str(server.ca))
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def ask(self, method: str = "GET", path: str = "/archive", body: bytes = b"", **headers: str) -> None:
        token = rest_token(self.application.private_key, self.application.id)
        lines = [
            f"{method} /v2/project/{self.application.id}{path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {token}",
            f"Content-Length: {len(body)}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def below_tls(self) -> None:
        """Read what TCP brings from now on: Python's TLS reports a reset as an end."""
        self.socket = socket.socket(fileno=self.socket.detach())
        self.socket.settimeout(5)

    def read(self) -> bytes:
        """Read to the end of the connection."""
        received = b""
        while piece := self.socket.recv(65_536):
            received += piece
        return received


Connect = Callable[..., Wire]


@pytest.fixture
def connect(server: Server, application: ApplicationClient) -> Iterator[Connect]:
    """Opens connections, which are closed after the test."""
    with contextlib.ExitStack() as stack:

        def open_(scheme: str = "http", of: ApplicationClient = application) -> Wire:
            wire = Wire(server, of, scheme)
            stack.callback(lambda: wire.socket.close())
            return wire

        yield open_


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fault(server: Server, application: ApplicationClient, then: Any, **rule: Any) -> None:
    rule = {"name": "wire", "when": {"operation": "listArchives"}, "then": then, **rule}
    control(server, application, "POST", "/faults", rule)


def journal(server: Server, application: ApplicationClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = control(server, application, "GET", "/requests")["items"]
    return items


@pytest.mark.parametrize("position", ["before", "instead", "after"])
def test_a_reset_is_econnreset(
    server: Server, application: ApplicationClient, connect: Connect, scheme: str, position: str
) -> None:
    fault(server, application, "reset", position=position)
    wire = connect(scheme)
    wire.ask()
    wire.below_tls()
    with pytest.raises(ConnectionResetError) as caught:
        wire.read()
    assert caught.value.errno == errno.ECONNRESET
    (exchange,) = journal(server, application)
    assert (exchange["operation"], exchange["status"], exchange["fault"]) == ("listArchives", 0, "wire")


def test_an_empty_reply_ends_without_a_byte(
    server: Server, application: ApplicationClient, connect: Connect, scheme: str
) -> None:
    fault(server, application, "emptyReply")
    wire = connect(scheme)
    wire.ask()
    assert wire.read() == b""


def test_garbage_is_no_http(server: Server, application: ApplicationClient, connect: Connect, scheme: str) -> None:
    fault(server, application, {"garbage": {"bytes": 100, "seed": 3}})
    first, second = connect(scheme), connect(scheme)
    first.ask()
    second.ask()
    received = first.read()
    assert len(received) == 100
    assert not received.startswith(b"HTTP/")
    assert received == second.read()


def test_a_truncated_body_comes_under_the_whole_length(
    server: Server, application: ApplicationClient, connect: Connect, scheme: str
) -> None:
    fault(server, application, {"truncated": {"share": 0.5}})
    wire = connect(scheme)
    wire.ask()
    head, _, body = wire.read().partition(b"\r\n\r\n")
    whole = b'{"count":0,"items":[]}'
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: %d" % len(whole) in head.lower()
    assert b"x-emulator-fault: wire" in head.lower()
    assert body == whole[: len(whole) // 2]


def test_a_slow_drip_comes_in_pieces(
    server: Server, application: ApplicationClient, connect: Connect, scheme: str
) -> None:
    fault(server, application, {"slowDrip": {"bytes": 4, "ms": 40}})
    wire = connect(scheme)
    started = time.monotonic()
    wire.ask(Connection="close")
    received = wire.read()
    assert time.monotonic() - started >= 5 * 0.04
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == {"count": 0, "items": []}


def test_a_stall_lasts_until_the_client_gives_up(
    server: Server, application: ApplicationClient, connect: Connect, scheme: str
) -> None:
    fault(server, application, "stall")
    wire = connect(scheme)
    wire.ask()
    wire.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        wire.read()
    assert journal(server, application) == []
    wire.socket.close()
    (exchange,) = eventually(
        lambda: journal(server, application), "the stalled call is in the journal once its caller is gone"
    )
    assert (exchange["fault"], exchange["status"]) == ("wire", 0)


def test_a_stall_ends_at_its_maximum(
    server: Server, application: ApplicationClient, connect: Connect, scheme: str
) -> None:
    fault(server, application, {"stall": {"maxMs": 100}})
    wire = connect(scheme)
    wire.ask()
    started = time.monotonic()
    assert wire.read() == b""
    assert time.monotonic() - started >= 0.09


def test_after_the_work_the_answer_is_lost(server: Server, application: ApplicationClient, connect: Connect) -> None:
    """What retry safety is about: the archive records, and nobody was told."""
    session = new_session(server, application, join=1)
    rule = {"when": {"operation": "startArchive"}, "then": "reset", "position": "after", "times": 1}
    control(server, application, "POST", "/faults", rule)
    body = json.dumps({"sessionId": session}).encode()
    wire = connect()
    wire.ask("POST", "/archive", body)
    with pytest.raises(ConnectionResetError):
        wire.read()
    (started,) = control(server, application, "GET", "/events?type=archive.started")["items"]
    assert started["sessionId"] == session
    retry = connect()
    retry.ask("POST", "/archive", body, Connection="close")
    assert retry.read().startswith(b"HTTP/1.1 409 ")


@pytest.mark.parametrize("then", [{"truncated": {"share": 0.9}}, {"slowDrip": {"bytes": 4, "ms": 1}}])
def test_head_gets_no_body(
    server: Server, application: ApplicationClient, connect: Connect, scheme: str, then: Any
) -> None:
    fault(server, application, then)
    wire = connect(scheme)
    wire.ask("HEAD", Connection="close")
    head, _, body = wire.read().partition(b"\r\n\r\n")
    assert b"content-length: 22" in head.lower()
    assert body == b""


def test_other_connections_go_on(server: Server, application: ApplicationClient, connect: Connect) -> None:
    other = server.emulator.application()
    fault(server, application, "reset")
    kept = connect(of=other)
    for _ in range(3):
        broken = connect()
        broken.ask()
        with pytest.raises(ConnectionResetError):
            broken.read()
        kept.ask()
        answer = b""
        while not answer.endswith(b"}"):  # head and body may come in two pieces
            answer += kept.socket.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 200 OK")
