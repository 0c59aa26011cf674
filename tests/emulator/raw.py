"""A raw connection to a running emulator: bytes as a test writes them, in one segment or in many."""

from __future__ import annotations

import json
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from emulator.testing import Server

SEGMENT_PAUSE = 0.02


@dataclass
class RawResponse:
    """One response: `body` is that which its Content-Length tells, or its chunks."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Raw:
    """One connection over `scheme`."""

    def __init__(self, server: Server, scheme: str = "http", timeout: float = 10) -> None:
        address = urlsplit(server.https if scheme == "https" else server.http)
        self.socket: socket.socket = socket.create_connection((address.hostname, address.port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if scheme == "https":
            context = ssl.create_default_context(cafile=str(server.ca))
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self._rest = b""

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *segments: bytes) -> None:
        """Send each of the segments by itself: the server reads a few of them one by one."""
        pause = SEGMENT_PAUSE if len(segments) < 10 else 0.0005
        for number, segment in enumerate(segments):
            if number:
                time.sleep(pause)
            self.socket.sendall(segment)

    def response(self, *, head_only: bool = False) -> RawResponse:
        """Read one response, and none of what is behind it."""
        while b"\r\n\r\n" not in self._rest:
            self.more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if head_only or status in (100, 204, 304):
            return RawResponse(status, headers, b"")
        size = int(headers["content-length"])
        while len(self._rest) < size:
            self.more()
        body, self._rest = self._rest[:size], self._rest[size:]
        return RawResponse(status, headers, body)

    def ends(self) -> bool:
        """Whether the connection ends without another byte, in any way."""
        try:
            return not self._rest and self.socket.recv(65_536) == b""
        except (ConnectionResetError, ssl.SSLError):
            return True

    def more(self) -> None:
        """Read some more; there must be some."""
        piece = self.socket.recv(65_536)
        assert piece, f"the connection ended behind {self._rest!r}"
        self._rest += piece


def request(method: str, path: str, *lines: str, body: bytes = b"", host: str | None = "localhost") -> bytes:
    """Return a request: header lines as they are given, behind Host; Content-Length is one of them or is not there."""
    hosts = [] if host is None else [f"Host: {host}"]
    head = [f"{method} {path} HTTP/1.1", *hosts, *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def chunked(*pieces: bytes) -> bytes:
    """Return a body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
