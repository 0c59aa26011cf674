"""An offered upgrade is ignored and the body read (RFC 9110 7.8), and no byte of a body is ever read as a request."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.emulator.raw import Raw, chunked, request
from tests.scenarios.calls import new_session

OFFERS = {
    "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
    "websocket": ("Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13"),
    "unknown": ("Connection: upgrade", "Upgrade: irc/6.9"),
    "several": ("Connection: Upgrade", "Upgrade: h2c, websocket, RTA/x11"),
    "twice": ("Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"),
    "tls": ("Connection: Upgrade", "Upgrade: TLS/1.2"),
    "not offered": ("Upgrade: h2c",),
    "nothing named": ("Connection: Upgrade",),
}
BODY = json.dumps({"count": 2, "data": "GET /_emulator/health HTTP/1.1\r\n\r\n"}).encode()
PLAIN = (f"Content-Length: {len(BODY)}",)
CHUNKED = ("Transfer-Encoding: chunked",)
FRAMINGS = {"length": (PLAIN, BODY), "chunked": (CHUNKED, chunked(BODY[:5], BODY[5:]))}
CUTS = ["one segment", "body apart", "middle of the head", "bytes"]


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def participants(server: Server) -> str:
    """The path that lets participants join a session."""
    application = server.emulator.application("upgrades")
    return f"/_emulator/applications/{application.id}/sessions/{new_session(server, application)}/participants"


@pytest.fixture(scope="module")
def victim(server: Server) -> ApplicationClient:
    """An application that requests in bodies try to delete."""
    return server.emulator.application("victim")


def segments(head: bytes, body: bytes, cut: str) -> list[bytes]:
    whole = head + body
    return {
        "one segment": [whole],
        "body apart": [head, body[:7], body[7:]],
        "middle of the head": [whole[:40], whole[40:]],
        "bytes": [bytes([each]) for each in whole],
    }[cut]


def joined(response: Any) -> int:
    assert response.status == 201, response.body
    return len(response.json()["items"])


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("offer", OFFERS)
def test_an_offered_upgrade_is_ignored_and_the_body_read(
    server: Server, participants: str, scheme: str, offer: str, framing: str, cut: str
) -> None:
    lines, body = FRAMINGS[framing]
    with Raw(server, scheme) as raw:
        raw.send(*segments(request("POST", participants, *OFFERS[offer], *lines), body, cut))
        assert joined(raw.response()) == 2
        raw.send(request("GET", "/_emulator/health"))
        assert raw.response().status == 200


LAST = {
    "one header": ("Connection: Upgrade, close", "Upgrade: h2c"),
    "the other order": ("Connection: close, Upgrade", "Upgrade: websocket"),
    "two headers": ("Connection: close", "Connection: Upgrade", "Upgrade: irc/6.9"),
    "settings": ("Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAA"),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("offer", LAST)
def test_an_offer_on_a_connection_that_ends_with_it_is_ignored_and_the_body_read(
    server: Server, participants: str, scheme: str, offer: str, framing: str, cut: str
) -> None:
    lines, body = FRAMINGS[framing]
    with Raw(server, scheme) as raw:
        raw.send(*segments(request("POST", participants, *LAST[offer], *lines), body, cut))
        response = raw.response()
        assert (joined(response), response.headers["connection"]) == (2, "close")
        assert raw.ends()


@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_of_http_1_0_is_ignored_and_the_body_read(
    server: Server, participants: str, scheme: str, offer: str
) -> None:
    head = request("POST", participants, *OFFERS[offer], *PLAIN).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    with Raw(server, scheme) as raw:
        raw.send(head, BODY)
        assert joined(raw.response()) == 2


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_that_expects_100_is_told_to_continue_and_its_body_read(
    server: Server, participants: str, scheme: str, offer: str, framing: str
) -> None:
    lines, body = FRAMINGS[framing]
    with Raw(server, scheme) as raw:
        raw.send(request("POST", participants, *OFFERS[offer], *lines, "Expect: 100-continue"))
        assert raw.response().status == 100
        raw.send(body)
        assert joined(raw.response()) == 2


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("offer", ["h2c", "websocket", "unknown", "several"])
def test_offers_behind_other_requests_and_before_them_are_ignored(
    server: Server, participants: str, scheme: str, offer: str, framing: str, cut: str
) -> None:
    lines, body = FRAMINGS[framing]
    before = request("GET", "/_emulator/health")
    head = before + request("POST", participants, *OFFERS[offer], *lines)
    behind = body + request("POST", participants, *OFFERS[offer], *lines) + body + before
    with Raw(server, scheme) as raw:
        raw.send(*segments(head, behind, cut if cut != "bytes" else "body apart"))
        assert raw.response().json() == {"status": "ok"}
        assert joined(raw.response()) == 2
        assert joined(raw.response()) == 2
        assert raw.response().json() == {"status": "ok"}


def test_the_journal_has_the_offer_as_it_was_sent(server: Server, application: ApplicationClient) -> None:
    with Raw(server) as raw:
        raw.send(request("GET", f"/v2/project/{application.id}/archive", *OFFERS["h2c"]))
        assert raw.response().status == 403
    (exchange,) = application.requests()
    assert exchange.headers["upgrade"] == "h2c"


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
@pytest.mark.parametrize("offer", ["h2c", "websocket", "several", "tls"])
def test_a_request_inside_a_body_is_never_served(
    server: Server, victim: ApplicationClient, scheme: str, offer: str, framing: str
) -> None:
    """The hidden request comes as a segment of its own, which the emulator took for a request once."""
    hidden = request("DELETE", f"/_emulator/applications/{victim.id}")
    lines, body = {
        "length": ((f"Content-Length: {len(hidden)}",), hidden),
        "chunked": (CHUNKED, chunked(hidden)),
        "none": (("Content-Length: 0",), b""),
    }[framing]
    with Raw(server, scheme) as raw:
        raw.send(request("POST", "/session/create", *OFFERS[offer], *lines), body)
        assert raw.response().status == 403
        raw.send(request("GET", f"/_emulator/applications/{victim.id}"))
        assert raw.response().status == 200


@pytest.mark.parametrize("target", ["localhost:8080", "example.org:443", "[::1]:80"])
def test_connect_is_refused_and_nothing_behind_it_read(
    server: Server, victim: ApplicationClient, scheme: str, target: str
) -> None:
    hidden = request("DELETE", f"/_emulator/applications/{victim.id}")
    with Raw(server, scheme) as raw:
        raw.send(request("CONNECT", target), hidden)
        refused = raw.response()
        assert (refused.status, "no proxy" in refused.json()["message"]) == (405, True)
        assert raw.ends()
    victim.refresh()


@pytest.mark.parametrize("pieces", [1, 2, 24])
def test_the_preface_of_http_2_is_refused_in_words(server: Server, scheme: str, pieces: int) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    size = len(preface) // pieces
    with Raw(server, scheme) as raw:
        raw.send(*(preface[start : start + size] for start in range(0, len(preface), size)))
        refused = raw.response()
        assert (refused.status, "HTTP/1.1" in refused.json()["message"]) == (505, True)


@pytest.mark.parametrize("address", ["http", "https"])
def test_curl_with_http2_posts_its_body(server: Server, participants: str, address: str) -> None:
    curl = shutil.which("curl")
    if curl is None or "HTTP2" not in subprocess.run([curl, "--version"], capture_output=True, text=True).stdout:
        pytest.skip("curl with HTTP/2 is not installed")
    url = (server.https if address == "https" else server.http) + participants
    command = [curl, "-sS", "--http2", "--noproxy", "*", "--cacert", str(server.ca), "-d", BODY.decode(), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert len(json.loads(done.stdout)["items"]) == 2, done.stdout + done.stderr


JAVA = """
import java.net.URI;
import java.net.http.*;

class Stock {
    public static void main(String... arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int round = 0; round < 3; round++) {
            var request = HttpRequest.newBuilder(URI.create(arguments[0]))
                    .POST(HttpRequest.BodyPublishers.ofString(arguments[1])).build();
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.body().split("connectionId").length);
        }
    }
}
"""


def test_the_client_of_the_jdk_posts_its_body_with_its_defaults(
    server: Server, participants: str, tmp_path: Path
) -> None:
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no JDK is installed")
    program = tmp_path / "Stock.java"
    program.write_text(JAVA)
    command = [java, str(program), server.http + participants, BODY.decode()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["201 5"] * 3, done.stdout + done.stderr
