"""The log: nobody forges a line of it, or moves the cursor of who reads it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.logs import writer
from emulator.logs.lines import JsonFormatter, LineFormatter, escaped
from emulator.logs.writer import LogWriter
from emulator.settings import Settings
from emulator.testing import Server, running_server
from emulator.testing.receiver import Receiver
from tests.emulator.local import Tenant
from tests.eventually import eventually

TEXTS = ["a\nINFO emulator: forged", "\x1b[2J\x1b[31mred", "\r\nERROR emulator: x", "bell\a", "c1 \x9b31m", "line\u2028separator", "\u202eevil", "null\x00", "\x7f\b\b"]  # fmt: skip  # noqa: E501


@pytest.fixture
def log() -> io.StringIO:
    """What is logged, as `serve` writes it."""
    return io.StringIO()


@pytest.fixture
def handler(log: io.StringIO) -> logging.Handler:
    handler = logging.StreamHandler(log)
    handler.setFormatter(LineFormatter())
    return handler


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_not_printed_is_escaped(text: str) -> None:
    assert escaped(text).isprintable()
    assert escaped(text).isascii()


@pytest.mark.parametrize("text", ["", "plain", "é and 日本語", "a\\nb"])
def test_what_is_printed_stays(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_failing_path_forges_no_line(handler: logging.Handler, log: io.StringIO, text: str) -> None:
    app = create_app(Settings())

    async def fail() -> None:
        raise ValueError(f"no: {text}")

    app.add_api_route("/fail/{name}", fail)
    logger = logging.getLogger("emulator")
    logger.addHandler(handler)
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            assert client.get(f"/fail/{quote(text)}").status_code == 500
    finally:
        logger.removeHandler(handler)
    first, *traceback, call = log.getvalue().splitlines()
    assert " ERROR emulator: GET /fail/" in first
    assert call.endswith(" ms: Internal server error")
    assert traceback
    assert all(line.startswith("  ") and line.isprintable() for line in traceback)
    assert log.getvalue().replace("\n", "").isprintable()


# The line of each call


@pytest.fixture
def calls(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The lines since they were asked for, with their level in front; durations as `N`."""
    caplog.set_level("DEBUG", "emulator")

    def lines() -> list[str]:
        found = [f"{record.levelname} {_without_time(record.getMessage())}" for record in caplog.records]
        caplog.clear()
        return found

    return lines


def _without_time(message: str) -> str:
    return re.sub(r"[0-9.]+ ms", "N ms", message)


Lines = Callable[[], list[str]]


def test_a_call_has_one_line(tenant: Tenant, calls: Lines) -> None:
    calls()
    session = tenant.session(join=1)
    calls()
    tenant.session()
    assert calls() == [f"INFO POST /session/create createSession 200 N ms application={tenant.id}"]
    tenant.call("GET", f"/session/{session}/stream?count=1")
    path = f"/v2/project/{tenant.id}/session/{session}/stream?count=1"
    assert calls() == [f"INFO GET {path} listStreams 200 N ms application={tenant.id}"]


def test_a_refusal_says_why(tenant: Tenant, calls: Lines) -> None:
    session = tenant.session(join=1)
    tenant.archive(session)
    calls()
    tenant.call("POST", "/archive", {"sessionId": session})
    (line,) = calls()
    assert line.startswith(f"INFO POST /v2/project/{tenant.id}/archive startArchive 409 N ms application={tenant.id}: ")
    assert line.endswith("session is already composed with code 409")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "No suitable authentication found"), ({"Authorization": "Bearer x"}, "Invalid token format")],
)
def test_a_token_that_is_refused_is_a_warning(
    tenant: Tenant, calls: Lines, headers: dict[str, str], reason: str
) -> None:
    calls()
    tenant.client.get(f"{tenant.root}/archive", headers=headers)
    (line,) = calls()
    assert line.startswith("WARNING GET ")
    assert line.endswith(f" 403 N ms application={tenant.id}: {reason}")


def test_a_fault_that_fired_is_named(tenant: Tenant, calls: Lines) -> None:
    tenant.control("POST", "/faults", {"name": "mine", "when": {"operation": "listArchives"}, "then": "unauthorized"})
    calls()
    tenant.call("GET", "/archive")
    (line,) = calls()
    assert line.startswith("INFO ")  # it was wanted
    assert " fault=mine" in line


def test_the_control_api_says_why_and_with_which_name_it_would_do(tenant: Tenant, calls: Lines) -> None:
    calls()
    tenant.client.get(f"/_emulator/applications/{tenant.id}/events?type=archiv")
    (line,) = calls()
    assert line.endswith("400 N ms: event: there is no event archiv; did you mean archive?")


def test_who_only_looks_is_seen_with_debug_alone(tenant: Tenant, calls: Lines) -> None:
    calls()
    tenant.client.get("/_emulator/health")
    tenant.client.get(f"/_emulator/applications/{tenant.id}/sessions")
    assert [line.partition(" ")[0] for line in calls()] == ["DEBUG", "DEBUG"]
    tenant.control("POST", "/clock", {"action": "freeze"})
    tenant.client.get("/nowhere")
    assert [line.partition(" ")[0] for line in calls()] == ["INFO", "INFO"]


def test_a_callback_has_its_line(tenant: Tenant, calls: Lines, receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    there = {"session_created": {"address": receiver.url}, "connection_created": {"address": nobody}}
    tenant.client.patch(f"/_emulator/applications/{tenant.id}", json={"webhooks": there})
    calls()
    tenant.session(join=1)
    found: list[str] = []

    def told() -> bool:
        found.extend(line for line in calls() if " callback " in line)
        return len(found) >= 2

    eventually(told, "both callbacks are told")
    made, failed = sorted(found)
    assert made == f"INFO callback session.created to {receiver.url} 200 attempt=1 application={tenant.id}"
    assert failed.startswith(f"WARNING callback connection.created to {nobody} no response attempt=1 ")
    assert ": failed (refused) " in failed


# As `serve` writes it


def logged(folder: Path) -> str:
    return (folder / "server.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Server]:
    with running_server(folder=folder) as server:
        yield server


def _plain_http(server: Server) -> None:
    response = httpx.get(server.https.replace("https:", "http:"), trust_env=False)
    assert response.status_code == 400
    assert f"ask {server.https}." in response.json()["message"]


def _https(server: Server) -> None:
    with pytest.raises(httpx.ConnectError, match=r"WRONG_VERSION_NUMBER|wrong version number"):
        httpx.get(server.http.replace("http:", "https:"), trust_env=False)


def _without_authority(server: Server) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(server.https, trust_env=False)


def _looked_at_later(server: Server, end: Callable[[ssl.SSLSocket], object] = lambda client: None) -> None:
    """As Node does it: TLS is agreed on, and the certificate is looked at then."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        contextlib.closing(socket.create_connection(("127.0.0.1", urlsplit(server.https).port or 0))) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as client,
    ):
        client.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            client.recv(1)  # what is unread at the end would make it a reset
        end(client)


def _says_goodbye(server: Server) -> None:
    _looked_at_later(server, ssl.SSLSocket.unwrap)


def _resets(server: Server) -> None:
    off = struct.pack("ii", 1, 0)
    _looked_at_later(server, lambda client: client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, off))


def _hung_up(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(server.https).port or 0)) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01")


def _rubbish(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(server.https).port or 0)) as client:
        client.sendall(b"\x00" * 16)
        client.recv(1)


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (_plain_http, "This port speaks HTTPS, and the client speaks plain HTTP: ask "),
        (_https, "This port speaks HTTP, and the client speaks TLS: ask "),
        (_without_authority, "does not trust the emulator's certificate (tlsv1 alert unknown ca): let it trust "),
        (_looked_at_later, "hung up before its first request: perhaps it does not trust the certificate"),
        (_says_goodbye, "hung up before its first request: perhaps it does not trust the certificate"),
        (_resets, "hung up before its first request: perhaps it does not trust the certificate"),
        (_hung_up, "hung up while TLS was agreed on: perhaps it does not trust "),
        (_rubbish, "could not agree on TLS: wrong version number"),
    ],
)
def test_what_went_wrong_below_http_is_told(
    served: Server, folder: Path, do: Callable[[Server], None], told: str
) -> None:
    before = len(logged(folder))
    do(served)
    eventually(lambda: told in logged(folder)[before:], told)


def test_who_only_looks_whether_a_port_is_open_is_not_told(served: Server, folder: Path) -> None:
    before = len(logged(folder))
    for url in (served.http, served.https):
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)).close()
    httpx.get(f"{served.http}/seen-after", trust_env=False)
    eventually(lambda: "/seen-after" in logged(folder)[before:], "the call is told")
    assert len(logged(folder)[before:].splitlines()) == 1


def test_nobody_forges_a_line_of_serve(served: Server, folder: Path) -> None:
    before = len(logged(folder))
    httpx.get(f"{served.http}/x%0a2026-01-01T00:00:00.000Z%20INFO%1b[2Jemulator:%20forged%c2%9b", trust_env=False)
    eventually(lambda: "forged" in logged(folder)[before:], "the call is told")
    (line,) = logged(folder)[before:].splitlines()
    assert line.isprintable()
    assert " INFO emulator: GET /x\\n2026" in line


def test_each_line_can_be_json(tmp_path: Path) -> None:
    with running_server("--log-format", "json", folder=tmp_path) as server:
        httpx.get(f"{server.http}/v2/project/{'0' * 8}-0000-4000-8000-{'0' * 11}1/archive%0a\x9b", trust_env=False)
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.https, trust_env=False)
        eventually(lambda: "does not trust" in logged(tmp_path), "the handshake is told")
    lines = [json.loads(line) for line in logged(tmp_path).splitlines() if line.startswith("{")]
    call = next(line for line in lines if line.get("method") == "GET")
    assert call["level"] == "info"
    assert call["status"] == 404
    assert call["path"].endswith("archive\n\x9b")
    assert isinstance(call["ms"], float)
    assert call["time"].endswith("Z")
    warned = next(line for line in lines if "does not trust" in line.get("message", ""))
    assert warned["level"] == "warning"


@pytest.mark.parametrize(("level", "told"), [("error", False), ("warning", False), ("info", True), ("debug", True)])
def test_the_level_says_what_is_told(tmp_path: Path, level: str, told: bool) -> None:
    with running_server("--log-level", level, folder=tmp_path) as server:
        httpx.get(f"{server.http}/seen", trust_env=False)
        httpx.get(f"{server.http}/_emulator/health", trust_env=False)
    assert ("GET /seen" in logged(tmp_path)) == told
    assert ("/_emulator/health" in logged(tmp_path)) == (level == "debug")


# The writer


def test_lines_that_nobody_reads_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_LINES", 100)
    reading, writing = os.pipe()
    with os.fdopen(reading, "r") as reader, os.fdopen(writing, "w") as stream:
        log = LogWriter(stream)
        said = 0
        while not log._lost:  # the pipe is full, and then the queue
            log.write(str, f"{said} " + "x" * 1000)
            said += 1

        def end() -> None:
            log.flush()
            stream.close()

        threading.Thread(target=end, daemon=True).start()
        lines = reader.read().splitlines()
    missing = [line for line in lines if line.endswith("lines are missing here: they came faster than they were read")]
    assert missing
    assert [int(line.split(" ", 1)[0]) for line in lines if line.endswith("xxx")][:50] == list(range(50))


@pytest.mark.parametrize("text", TEXTS)
def test_json_has_nothing_that_moves_a_cursor(text: str) -> None:
    record = logging.LogRecord("emulator", logging.INFO, "", 0, "%s", (text,), None)
    line: Any = JsonFormatter().format(record)
    assert line.isprintable()
    assert line.isascii()
    assert json.loads(line)["message"] == text
