"""Heads and lengths as RFC 9112 has them: what cannot be read safely is refused, in JSON, and nothing behind it read."""

# ruff: noqa: E501 - tables read best a row a line
from __future__ import annotations

import pytest

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.emulator.raw import Raw, chunked, request
from tests.scenarios.calls import new_session

BODY = b'{"count": 1}'
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def own(server: Server) -> ApplicationClient:
    return server.emulator.application("heads")


@pytest.fixture(scope="module")
def participants(server: Server, own: ApplicationClient) -> str:
    return f"/_emulator/applications/{own.id}/sessions/{new_session(server, own)}/participants"


def message(body: dict[str, object]) -> str:
    """Return the text of a refusal, of the service or of the control API."""
    error = body.get("error", body)
    assert isinstance(error, dict)
    return str(error["message"])


@pytest.mark.parametrize(
    "value", ["12", "12 ", " 12", "12\t", "\t 12 \t", "012", "0" * 25 + "12", "0" * 5000 + "12", "0" * 21 + "12  "]
)
def test_a_length_is_read_with_blanks_and_zeros(server: Server, participants: str, scheme: str, value: str) -> None:
    with Raw(server, scheme) as raw:
        for _ in range(2):
            raw.send(request("POST", participants, f"Content-Length:{value}"), BODY)
            assert len(raw.response().json()["items"]) == 1


LENGTHS = ["+12", "-12", "-1", "12, 12", "12, 6", "12,12", "0x0c", "1e1", "12.0", "", "twelve", "12;q=1", "1 2", "9" * 25, "18446744073709551616", "١٢".encode().decode("latin-1"), '"12"']  # fmt: skip


@pytest.mark.parametrize("value", LENGTHS)
def test_a_length_that_is_no_number_is_refused(server: Server, own: ApplicationClient, value: str) -> None:
    hidden = request("DELETE", f"/_emulator/applications/{own.id}")
    with Raw(server) as raw:
        raw.send(request("POST", "/session/create", f"Content-Length: {value}") + hidden)
        refused = raw.response()
        assert (refused.status, refused.headers["connection"]) == (400, "close")
        assert "Content-Length" in message(refused.json())
        assert raw.ends()
    own.refresh()


FRAMINGS = [
    ("Content-Length: 12", "Content-Length: 12"),
    ("Content-Length: 12", "Content-Length: 0"),
    ("Content-Length: 12", CHUNKED),
    (CHUNKED, "Content-Length: 12"),
    (CHUNKED, "Content-Length: 0"),
    ("Transfer-Encoding: identity",),
    ("Transfer-Encoding: gzip, chunked",),
    ("Transfer-Encoding: chunked, gzip",),
    ("Transfer-Encoding: chunked, chunked",),
    (CHUNKED, CHUNKED),
    (CHUNKED, "Transfer-Encoding: identity"),
    ("Transfer-Encoding: identity", CHUNKED),
    ("Transfer-Encoding: xchunked",),
    ("Transfer-Encoding: chunked;q=1",),
    ("Transfer-Encoding:",),
    ('Transfer-Encoding: "chunked"',),
    ("Transfer-Encoding: \x0bchunked",),
    ("Transfer-Encoding : chunked",),
    ("Content-Length : 12",),
    ("Transfer-Encoding: gzip", "Content-Length: 12"),
]


@pytest.mark.parametrize("lines", FRAMINGS, ids=[" & ".join(lines) for lines in FRAMINGS])
def test_a_body_whose_end_is_in_doubt_is_refused(
    server: Server, own: ApplicationClient, lines: tuple[str, ...]
) -> None:
    hidden = request("DELETE", f"/_emulator/applications/{own.id}")
    for body in (hidden, chunked(hidden), b"0\r\n\r\n" + hidden):
        with Raw(server) as raw:
            raw.send(request("POST", "/session/create", *lines), body)
            refused = raw.response()
            assert refused.status in (400, 501)
            assert message(refused.json())
            assert raw.ends()
    own.refresh()


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED", "chunked "])
def test_chunks_are_read_however_they_are_written(server: Server, participants: str, scheme: str, coding: str) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("POST", participants, f"Transfer-Encoding: {coding}"), chunked(BODY[:3], BODY[3:]))
        assert len(raw.response().json()["items"]) == 1
        raw.send(request("POST", participants, CHUNKED), b"C;name=value\r\n" + BODY + b"\r\n0\r\nX-Trailer: 1\r\n\r\n")
        assert len(raw.response().json()["items"]) == 1


CHUNKS = [b"0x1\r\nx\r\n0\r\n\r\n", b"-1\r\nx\r\n0\r\n\r\n", b"1\nx\n0\n\n", b"1 \r\nx\r\n0\r\n\r\n", b"f" * 17 + b"\r\n", b"1\r\nxy\r\n0\r\n\r\n", b"g\r\n", b"1;a\nx\r\n0\r\n\r\n", b"\r\n\r\n", b"0\r\nContent-Length: 5\r\n\r\n"]  # fmt: skip


@pytest.mark.parametrize("body", CHUNKS)
def test_chunks_that_are_none_are_refused_and_nothing_behind_them_read(
    server: Server, own: ApplicationClient, body: bytes
) -> None:
    hidden = request("DELETE", f"/_emulator/applications/{own.id}")
    for segments in ((body + hidden,), (body, hidden)):
        with Raw(server) as raw:
            raw.send(request("POST", "/session/create", CHUNKED), *segments)
            refused = raw.response()
            assert (refused.status, "not valid HTTP/1.1" in message(refused.json())) == (400, True)
            assert raw.ends()
    own.refresh()


def test_a_trailer_is_no_header(server: Server, own: ApplicationClient) -> None:
    trailers = b"0\r\nX-Emulator-Fault-Request: reset\r\nHost: elsewhere\r\nUpgrade: h2c\r\n\r\n"
    with Raw(server) as raw:
        raw.send(request("POST", f"/v2/project/{own.id}/archive", CHUNKED), trailers)
        assert raw.response().status == 403
    assert dict(own.requests()[-1].headers) == {"host": "localhost", "transfer-encoding": "chunked"}


HEADS = [
    b"GET /a HTTP/1.1\nHost: localhost\n\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\r\n\tb\r\n\r\n",
    b"GET /a HTTP/1.1\r\n X: a\r\nHost: localhost\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\nContent-Length: 5\r\n\r\nhello",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\n: a\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: \x1b[2J\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET ftp://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http://user@localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"SING /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"get /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00\x01\x02\x03 / HTTP/1.1\r\n\r\n",
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("whole", [True, False])
def test_a_head_that_is_none_is_refused_in_json(server: Server, head: bytes, whole: bool) -> None:
    with Raw(server) as raw:
        raw.send(*([head] if whole else [head[:9], head[9:]]))
        refused = raw.response()
        assert (refused.status, refused.headers["content-type"]) == (400, "application/json")
        words = "the client speaks TLS" if head.startswith(b"\x16") else "not valid HTTP/1.1"
        assert words in message(refused.json())
        assert raw.ends()


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0", "HTTP/1.10", "http/1.1"])
def test_another_version_is_refused(server: Server, scheme: str, version: str) -> None:
    with Raw(server, scheme) as raw:
        raw.send(f"GET /_emulator/health {version}\r\nHost: localhost\r\n\r\n".encode())
        refused = raw.response()
        assert refused.status in (400, 505)
        assert "HTTP" in message(refused.json())


# What is right: RFC 9112 3.2

GOOD_HOSTS = ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080", "video.api.vonage.com", "a_b.test", "host.docker.internal:80", "LOCALHOST", "xn--bcher-kva.example", "localhost:"]  # fmt: skip
BAD_HOSTS = ["a b", "a/b", "user@localhost", "localhost:port", "localhost:99999", "[::1", "a:1:2", "http://localhost", "a,b:c", "\xe9.example", "<script>", "a\\b", "localhost:-1", "a?b", "a#b", "%zz"]  # fmt: skip


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_a_host_is_taken(server: Server, scheme: str, host: str) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("GET", "/session/create", host=host))
        assert raw.response().status == 405


@pytest.mark.parametrize("path", ["/_emulator/health", "/session/create"])
@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_host_that_is_none_is_refused(server: Server, path: str, host: str) -> None:
    with Raw(server) as raw:
        raw.send(request("GET", path, host=host))
        refused = raw.response()
        assert (refused.status, message(refused.json())[:5]) == (400, "Host:")
        assert raw.ends()


@pytest.mark.parametrize("others", [("Host: localhost",), ("Host: elsewhere",), ("host: localhost", "HOST: x")])
def test_two_hosts_are_refused(server: Server, scheme: str, others: tuple[str, ...]) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("GET", "/_emulator/health", *others))
        refused = raw.response()
        assert (refused.status, message(refused.json())) == (400, f"Host: is allowed once (got {len(others) + 1}).")


def test_http_1_1_needs_a_host_and_1_0_none(server: Server, scheme: str) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("GET", "/_emulator/health", host=None))
        refused = raw.response()
        assert (refused.status, message(refused.json())) == (400, "Host: is required in HTTP/1.1.")
    with Raw(server, scheme) as raw:
        raw.send(b"GET /_emulator/health HTTP/1.0\r\n\r\n")
        assert raw.response().json() == {"status": "ok"}
        assert raw.ends()
    with Raw(server, scheme) as raw:
        raw.send(b"GET /_emulator/health HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n")
        assert raw.response().status == 400


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://localhost:8080/", "localhost:8080"),
        ("https://api.opentok.com/", "api.opentok.com"),
        ("HTTP://[::1]:9/", "[::1]:9"),
        ("http://elsewhere.test:80/", "elsewhere.test:80"),
    ],
)
def test_an_absolute_target_names_the_host(server: Server, own: ApplicationClient, target: str, host: str) -> None:
    with Raw(server) as raw:
        raw.send(request("GET", f"{target}v2/project/{own.id}/archive?count=3", host="other.test"))
        assert raw.response().status == 403
    exchange = own.requests()[-1]
    assert (exchange.path, exchange.query) == (f"/v2/project/{own.id}/archive", "count=3")
    assert exchange.headers["host"] == host


@pytest.mark.parametrize("target", ["http://localhost", "http://localhost?x=1", "/?x#y", "*"])
def test_a_target_without_a_path_is_served(server: Server, target: str) -> None:
    with Raw(server) as raw:
        raw.send(request("OPTIONS", target) + request("GET", "/_emulator/health"))
        assert raw.response().status in (404, 405)
        assert raw.response().status == 200


def test_a_refusal_comes_after_the_responses_before_it(server: Server, scheme: str) -> None:
    """Out of order it would be read as the response to another request."""
    waiting = request("GET", "/_emulator/health")
    for broken in (
        b"\r\nBAD",
        b"GET / HTTP/1.1\r\nX y\r\n\r\n",
        request("GET", "/", host=None),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        with Raw(server, scheme) as raw:
            raw.send(waiting * 3 + broken + waiting)
            assert [raw.response().status for _ in range(3)] == [200] * 3
            assert raw.response().status in (400, 505)
            assert raw.ends()


@pytest.mark.parametrize("path", ["/_emulator/health", "/_emulator/nothing", "/session/create"])
def test_head_ends_behind_the_headers(server: Server, scheme: str, path: str) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("HEAD", path) + request("GET", "/_emulator/health"))
        assert raw.response(head_only=True).status in (200, 404, 405)
        assert raw.response().json() == {"status": "ok"}


@pytest.mark.parametrize("query", ["", "?changes=true", "?after=0", "?type=archive"])
def test_head_of_a_stream_ends(server: Server, own: ApplicationClient, scheme: str, query: str) -> None:
    with Raw(server, scheme) as raw:
        raw.send(request("HEAD", f"/_emulator/applications/{own.id}/events/stream{query}"))
        head = raw.response(head_only=True)
        assert (head.status, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        raw.send(request("GET", "/_emulator/health"))
        assert raw.response().json() == {"status": "ok"}
