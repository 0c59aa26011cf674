"""The head of a request: which are refused, and with which words (RFC 9112).

llhttp refuses what no reader of HTTP/1.1 may accept: blanks before a colon, folded lines, a bare CR or LF, lengths that
are no numbers, come twice or beside Transfer-Encoding. What it accepts and we must not is here.
"""

from __future__ import annotations

import functools
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import httptools

from emulator.spec.responses import ErrorBody

MAX_HEAD = 65_536
"""Bytes of request line and headers together, and of what frames a body."""

TOO_LARGE = ErrorBody(431, f"Path and headers are larger than {MAX_HEAD} bytes.")
NOT_A_PROXY = ErrorBody(405, "CONNECT is not served: the emulator is no proxy. Send requests to it directly.")
NOT_HTTP_2 = ErrorBody(505, "HTTP/2 is not served. Send HTTP/1.1, which needs no setting of any client.")
FRAMING = ErrorBody(400, f"Chunk extensions or trailers are larger than {MAX_HEAD} bytes.")

NOTED = frozenset({b"host", b"transfer-encoding", b"expect", b"upgrade"})
"""The headers that decide how a request is read."""

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::([0-9]{0,5}))?")
_SHOWN = 100

Headers = Sequence[tuple[bytes, bytes]]


class Target(NamedTuple):
    """What a request is for: path (percent-encoded), query, and the authority of an absolute target."""

    path: bytes
    query: bytes
    authority: bytes | None = None


def refusal(version: str, noted: Headers) -> ErrorBody | None:
    """Return the refusal of a head by its version and the headers of `NOTED` that it has; None for one to be served."""
    if version not in ("1.1", "1.0"):
        return ErrorBody(505, f"HTTP/{version} is not served. Allowed: HTTP/1.1, HTTP/1.0.")
    hosts = [value for name, value in noted if name == b"host"]
    codings = [value for name, value in noted if name == b"transfer-encoding"]
    return _refused_host(version, hosts) or (_refused_coding(version, codings) if codings else None)


def _refused_host(version: str, hosts: list[bytes]) -> ErrorBody | None:
    """RFC 9112 3.2: exactly one Host, and a valid one; HTTP/1.0 may do without."""
    if not hosts:
        return None if version == "1.0" else ErrorBody(400, "Host: is required in HTTP/1.1.")
    if len(hosts) > 1:
        return ErrorBody(400, f"Host: is allowed once (got {len(hosts)}).")
    if not valid_host(hosts[0]):
        return ErrorBody(400, f"Host: must be a host name or address, with or without a port (got {shown(hosts[0])}).")
    return None


def _refused_coding(version: str, codings: list[bytes]) -> ErrorBody | None:
    """RFC 9112 6.1: a body whose end is told otherwise than by `chunked` cannot be read."""
    if version == "1.0":
        return ErrorBody(400, "Transfer-Encoding: is not allowed in HTTP/1.0.")
    if len(codings) == 1 and codings[0].strip(b" \t").lower() == b"chunked":
        return None
    given = shown(b", ".join(codings))
    return ErrorBody(501, f"Transfer-Encoding: is not one that is served (got {given}). Allowed: chunked.")


@functools.lru_cache(256)
def valid_host(value: bytes) -> bool:
    """Whether this may be the value of Host: a name or an address, with or without a port; or nothing at all."""
    found = _HOST.fullmatch(value.strip(b" \t"))
    return found is not None and int(found[1] or 0) < 65_536


def target(url: bytes) -> Target | None:
    """Return what a request line asks for, None where it is not for a path here.

    An absolute target (RFC 9112 3.2.2) names the host itself, in place of the header.
    """
    if url.startswith(b"/"):
        path, _, query = url.partition(b"#")[0].partition(b"?")
        return Target(path, query)
    if url == b"*":
        return Target(b"*", b"")
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        return None
    if parsed.schema is None or parsed.schema.lower() not in (b"http", b"https") or not parsed.host:
        return None
    authority = url.partition(b"://")[2]
    for end in (b"/", b"?", b"#"):
        authority = authority.partition(end)[0]
    return Target(parsed.path or b"/", parsed.query or b"", authority) if valid_host(authority) else None


def decoded(path: bytes) -> str:
    """Return a path with its percent-encoding undone."""
    text = path.decode("ascii")
    return urllib.parse.unquote(text) if "%" in text else text


def unreadable(reason: str) -> ErrorBody:
    """Return the refusal of bytes that are no request."""
    if "PRI/Upgrade" in reason:
        return NOT_HTTP_2
    return ErrorBody(400, f"The request is not valid HTTP/1.1: {reason}.")


TLS = b"\x16\x03"
"""The first bytes of a client that speaks TLS."""


def tls(urls: Mapping[str, str]) -> ErrorBody:
    """Return the refusal of TLS on the port of HTTP; `urls` by scheme."""
    https = f" HTTPS is at {urls['https']}." if "https" in urls else " HTTPS is off."
    return ErrorBody(
        400, f"This port speaks HTTP, and the client speaks TLS: ask {urls.get('http', 'http://')}.{https}"
    )


def plain(urls: Mapping[str, str]) -> ErrorBody:
    """Return the refusal of plain HTTP on the port of HTTPS; `urls` by scheme."""
    https, http = urls.get("https", "https://"), urls.get("http", "http://")
    return ErrorBody(400, f"This port speaks HTTPS, and the client speaks plain HTTP: ask {https}. HTTP is at {http}.")


def without_upgrade(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """Return a head as bytes, without the offer of another protocol."""
    lines = [b"%s %s HTTP/%s" % (method, url, version.encode())]
    lines += [b"%s: %s" % pair for pair in headers if pair[0] != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])


def shown(value: bytes) -> str:
    """Return what a client sent, so that it can be shown: escaped and short."""
    return repr(value[:_SHOWN])[1:]
