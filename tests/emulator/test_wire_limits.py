"""What a client may hold on to, in bytes, seconds and connections; and that a refused one reads its refusal."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from emulator import wellknown
from emulator.app import create_app
from emulator.protocol import http as protocol
from emulator.server.listeners import listen
from emulator.server.server import EmulatorServer as EmulatorServer
from emulator.settings import Settings
from emulator.testing import Server, running_server
from emulator.tls.prepare import ensure
from tests.emulator.log_lines import unexpected
from tests.emulator.raw import Raw, chunked, request

CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pieces(kind: str) -> Iterator[bytes]:
    """Yield the first bytes of a head that never ends, then piece after piece of it."""
    start, piece = {
        "one value": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 8192),
        "many lines": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-Line: value\r\n" * 500),
        "short lines": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"a:\r\n" * 2000),
        "one name": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"x" * 8192),
        "target": (b"GET /", b"a" * 8192),
        "query": (b"POST /?", b"a=b&" * 2000),
        "blank lines": (b"\r\n", b"\r\n" * 4000),
        "chunk extension": (request("POST", "/session/create", CHUNKED) + b"1;", b"a" * 8192),
        "trailers": (request("POST", "/session/create", CHUNKED) + b"0\r\n", b"X-Trailer: value\r\n" * 500),
        "one trailer": (request("POST", "/session/create", CHUNKED) + b"0\r\nX: ", b"x" * 8192),
    }[kind]
    yield start
    while True:
        yield piece


ENDLESS = ["one value", "many lines", "short lines", "one name", "target", "query", "blank lines", "chunk extension", "trailers", "one trailer"]  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_head_without_an_end_is_refused_while_it_arrives(server: Server, scheme: str, kind: str) -> None:
    with Raw(server, scheme) as raw:
        sent = 0
        with contextlib.suppress(OSError):
            for piece in pieces(kind):
                raw.send(piece)
                sent += len(piece)
                time.sleep(0.002)
                if sent > 2_000_000:
                    break
                raw.socket.settimeout(0.001)
                with contextlib.suppress(TimeoutError):
                    raw.more()
                    break
        raw.socket.settimeout(10)
        refused = raw.response()
        assert refused.status == (400 if kind in ("chunk extension", "trailers", "one trailer") else 431)
        assert "65536 bytes" in refused.json()["message"]
        assert sent < 700_000


@pytest.mark.parametrize("path", ["/session/create", "/_emulator/health"])
@pytest.mark.parametrize("lines", [["X: " + "x" * 70_000], ["a:"] * 17_000, ["X" * 66_000 + ": 1"]])
def test_a_whole_head_that_is_too_large_is_refused(server: Server, scheme: str, path: str, lines: list[str]) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("GET", path, *lines))
        assert raw.response().status == 431


def test_many_requests_in_one_segment_are_no_large_head(server: Server, scheme: str) -> None:
    one = request("GET", "/_emulator/health", "X: " + "x" * 1000)
    with Raw(server, scheme) as raw:
        raw.send(one * 150 + one[:500], one[500:])
        assert [raw.response().status for _ in range(151)] == [200] * 151


@pytest.mark.parametrize("size", [11_000_000, 20_000_000])
@pytest.mark.parametrize("clients", [1, 16])
def test_a_client_that_sends_too_much_reads_413(server: Server, scheme: str, size: int, clients: int) -> None:
    def send(number: int) -> tuple[int, bool]:
        with Raw(server, scheme, timeout=60) as raw:
            if number % 2:
                raw.send(request("POST", "/session/create", f"Content-Length: {size}"))
                raw.socket.sendall(bytes(size))
            else:
                raw.send(request("POST", "/session/create", CHUNKED))
                for _ in range(size // 1_000_000):
                    raw.socket.sendall(chunked(bytes(1_000_000))[:-5])
                raw.socket.sendall(b"0\r\n\r\n")
            refused = raw.response()
            return refused.status, "larger than" in refused.json()["message"]

    with ThreadPoolExecutor(clients) as pool:
        assert list(pool.map(send, range(1, clients + 1))) == [(413, True)] * clients


def test_a_client_that_asks_before_it_sends_too_much_is_told_at_once(server: Server, scheme: str) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("POST", "/session/create", "Content-Length: 99999999", "Expect: 100-continue"))
        assert raw.response().status == 413


def test_pythons_own_client_reads_413(server: Server) -> None:
    address = urlsplit(server.http)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", "/session/create", bytes(20_000_000))
        assert connection.getresponse().status == 413


# Time: seconds made short


class InProcess:
    """A server inside the test's process, so that its limits can be made small."""

    def __init__(self, folder: Path) -> None:
        self.listeners = listen("127.0.0.1", 0, 0)
        settings = Settings(data_dir=folder)
        app = create_app(settings)
        self.files = ensure(folder)
        self.server = EmulatorServer(app, settings, self.files)
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.server.serve_on, args=(self.listeners, self.ready.set))

    @property
    def address(self) -> Server:
        http_port, https_port = (each[0].getsockname()[1] for each in (self.listeners.http, self.listeners.https))
        return Server(f"http://127.0.0.1:{http_port}", f"https://localhost:{https_port}", self.files.ca)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    """A server that gives a head 0.5 s and a silent connection 1.5 s, and has room for 12 connections."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(protocol, "FIRST_SECONDS", 1.5)
    monkeypatch.setattr(protocol, "max_connections", lambda: 12)
    running = InProcess(tmp_path)
    running.thread.start()
    try:
        assert running.ready.wait(20)
        yield running
    finally:
        running.server.should_exit = True
        running.thread.join(20)
        running.listeners.close()
    assert not running.thread.is_alive()


HALVES = [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", request("GET", "/")[:-2], b"\r\nPOST"]


@pytest.mark.parametrize("half", HALVES)
def test_half_a_head_is_refused_with_408_in_time(small: InProcess, scheme: str, half: bytes) -> None:
    with Raw(small.address, scheme) as raw:
        raw.send(half)
        refused = raw.response()
        assert (refused.status, refused.headers["connection"]) == (408, "close")
        assert "did not arrive" in refused.json()["message"]
        assert raw.ends()


def test_a_head_that_drips_has_the_same_time(small: InProcess, scheme: str) -> None:
    with Raw(small.address, scheme) as raw:
        started = time.monotonic()
        raw.socket.settimeout(0.1)
        raw.send(b"GET / HTTP/1.1\r\nX: ")
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 8:
                raw.send(b"x")
                with contextlib.suppress(TimeoutError):
                    raw.more()
                    break
        raw.socket.settimeout(5)
        assert raw.response().status == 408
        assert time.monotonic() - started < 6


def test_half_a_head_behind_a_request_is_refused_behind_its_response(small: InProcess) -> None:
    with Raw(small.address) as raw:
        raw.send(request("GET", "/_emulator/health") + b"GET / HT")
        assert [raw.response().status, raw.response().status] == [200, 408]


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"\r\n\r\n\r\n"])
def test_a_silent_connection_is_closed(small: InProcess, scheme: str, sent: bytes) -> None:
    with Raw(small.address, scheme) as raw:
        raw.send(sent)
        assert raw.ends()


def test_a_served_connection_is_not_closed_with_the_silent_ones(small: InProcess, scheme: str) -> None:
    with Raw(small.address, scheme) as raw:
        for _ in range(4):
            raw.send(request("GET", "/_emulator/health"))
            assert raw.response().status == 200
            time.sleep(0.7)


# Room


@pytest.mark.parametrize("sent", [b"", b"GET / HT", request("POST", "/session/create", "Content-Length: 9")])
def test_unfinished_connections_make_room_for_others(small: InProcess, scheme: str, sent: bytes) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            raw = stack.enter_context(Raw(small.address, scheme))
            raw.send(sent)
        with Raw(small.address, scheme) as other:
            other.send(request("GET", "/_emulator/health"))
            assert other.response().status == 200
        assert len(small.server.server_state.connections) <= 12


def test_where_all_connections_are_in_use_another_is_refused(small: InProcess) -> None:
    wait = request("GET", f"/_emulator/applications/{wellknown.APPLICATION_ID}/events?after=99999&wait=60")
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(Raw(small.address)).send(wait)
        time.sleep(0.3)
        with Raw(small.address) as other:
            refused = other.response()
            assert (refused.status, refused.headers["connection"]) == (503, "close")
            assert "connections" in refused.json()["message"]


def test_clients_that_never_agree_on_tls_leave_room(small: InProcess) -> None:
    address = urlsplit(small.address.https)
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection((address.hostname, address.port)))
        with Raw(small.address, "https") as raw:
            raw.send(request("GET", "/_emulator/health"))
            assert raw.response().status == 200


def test_memory_and_descriptors_stay_bounded_under_unfinished_heads() -> None:
    """The process may have 128 descriptors; 300 clients hold half a head of 100 KB each."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        try:
            server = stack.enter_context(running_server())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for number in range(300):
            raw = stack.enter_context(Raw(server, "https" if number % 3 == 0 else "http"))
            with contextlib.suppress(OSError):
                raw.send(b"GET / HTTP/1.1\r\nX: ", b"x" * 50_000)
        assert server.emulator.applications()


# The end


def unfinished(kind: str, application_id: str) -> bytes:
    return {
        "no reading": request("GET", "/openapi.json") * 60,
        "half a head": b"GET / HT",
        "half a body": request("POST", "/session/create", "Content-Length: 9") + b"x",
        "silent": b"",
        "waiting": request("GET", f"/_emulator/applications/{application_id}/events?wait=60"),
        "streaming": request("GET", f"/_emulator/applications/{application_id}/events/stream"),
        "refused and sending": request("POST", "/session/create", "Content-Length: 99999999") + bytes(100_000),
    }[kind]


KINDS = ["no reading", "half a head", "half a body", "silent", "waiting", "streaming", "refused and sending"]


@pytest.mark.parametrize(
    ("scheme", "kinds"), [*(("http", [kind]) for kind in KINDS), ("https", KINDS)], ids=lambda value: str(value)
)
def test_the_end_comes_quickly_and_quietly_whatever_clients_do(tmp_path: Path, scheme: str, kinds: list[str]) -> None:
    begun = time.monotonic()
    with contextlib.ExitStack() as clients:
        with running_server(folder=tmp_path) as server:
            start = time.monotonic() - begun
            for kind in kinds * 3:
                raw = clients.enter_context(Raw(server, scheme))
                raw.socket.setblocking(False)
                with contextlib.suppress(BlockingIOError, ssl.SSLWantWriteError):
                    raw.socket.send(unfinished(kind, wellknown.APPLICATION_ID))
            time.sleep(0.5)
            started = time.monotonic()
        took = time.monotonic() - started
    printed = (tmp_path / "server.log").read_text()
    assert "Ctrl-C ends it." in printed
    assert unexpected(printed.partition("Ctrl-C ends it.")[2]) == []
    # 3 s, where a start takes half a second; all takes longer on a machine that has other work.
    assert took < 3 * max(1, start / 0.6)
