"""Responses besides resources: refusals, in the body shapes of the service (fidelity/rest-and-archives.md 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

JSON = "application/json"
"""The bare media type: one SDK takes anything with a charset for XML (fidelity/sdk-wire.md 1.1)."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """A status with its body.

    The usual body is `{code, message, description}` with the message twice; `code` None leaves the code out, `bare`
    leaves the message alone (both recorded, 2.1); `body` replaces it all.
    """

    status: int
    message: str = ""
    code: int | None = -1
    bare: bool = False
    body: Mapping[str, Any] | None = None

    def content(self) -> Mapping[str, Any]:
        """Return the body."""
        if self.body is not None:
            return self.body
        if self.bare:
            return {"message": self.message}
        text = {"message": self.message, "description": self.message}
        return text if self.code is None else {"code": self.code, **text}

    def response(self, headers: Mapping[str, str] | None = None) -> ErrorResponse:
        """Return the HTTP response."""
        return ErrorResponse(self.content(), self.status, headers)


class JsonResponse(Response):
    """A body that is JSON already, made without what a response of any kind looks for."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", JSON.encode())]


class ErrorResponse(Response):
    """A refusal as JSON; `content` is kept for whom it is written otherwise."""

    media_type = JSON

    def __init__(self, content: Mapping[str, Any], status: int, headers: Mapping[str, str] | None) -> None:
        super().__init__(orjson.dumps(content), status, headers)
        self.content = content


STOPPING = ErrorBody(503, "The emulator is stopping.")
