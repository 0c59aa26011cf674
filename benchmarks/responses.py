"""HTTP/1.1 as bytes: requests built beforehand, responses read with the least work that still notices a wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_WITHOUT_BODY = (204, 304)


class MalformedResponseError(Exception):
    """The bytes are not a response this client can delimit; holds their beginning."""


class Response(NamedTuple):
    """One complete response."""

    status: int
    body: bytes


def request(method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """Return the bytes of one keep-alive request, with a Content-Length wherever there may be a body."""
    fields = {"Host": "127.0.0.1", **(headers or {})}
    if body or method not in ("GET", "DELETE"):
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("ascii") + _END + body


def read_response(data: bytes) -> Response | None:
    """Return the response that `data` holds, None while it is incomplete.

    One request is in flight a connection, so bytes after the response are an error: raises `MalformedResponseError`.
    """
    end = data.find(_END)
    if end < 0:
        return None
    if not data.startswith(b"HTTP/1.1 "):
        raise MalformedResponseError(data[:80])
    status = int(data[9:12])
    size = end + len(_END) + _content_length(data[:end], status)
    if len(data) < size:
        return None
    if len(data) > size:
        raise MalformedResponseError(data[:80])
    return Response(status, data[end + len(_END) :])


def _content_length(head: bytes, status: int) -> int:
    start = head.find(_LENGTH)  # as uvicorn and Starlette write it
    if start < 0:
        start = head.lower().find(_LENGTH)
    if start < 0:
        if status in _WITHOUT_BODY:
            return 0
        raise MalformedResponseError(head[:80])
    start += len(_LENGTH)
    stop = head.find(b"\r\n", start)
    return int(head[start : stop if stop >= 0 else len(head)])
