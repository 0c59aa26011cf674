"""Effects on the response and the connection: delays, responses in place of the true one, distortions of it."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from scenarios.effect import Effect

OWN_HEADERS = ("content-security-policy", "x-content-type-options", "cross-origin-resource-policy")
"""Headers that are on every response, and that no rule writes."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+\Z")
_HEADER_VALUE = re.compile(r"[ -~]*\Z")

MAX_DELAY_MS = 600_000
"""Longest latency or stall, ms of wall time."""

# Delays


class Latency(Effect):
    """The response takes longer: `ms`, or between `min` and `max`, or lognormal around `median` (wall time)."""

    kind = "delay"
    ms: float | None = Field(None, ge=0, le=MAX_DELAY_MS, description="fixed")
    min: float | None = Field(None, ge=0, le=MAX_DELAY_MS, description="uniform, from")
    max: float | None = Field(None, ge=0, le=MAX_DELAY_MS, description="uniform, to")
    median: float | None = Field(None, gt=0, le=MAX_DELAY_MS, description="lognormal")
    sigma: float = Field(0.5, ge=0, le=3, description="spread of the lognormal distribution")
    seed: int = Field(0, description="the same seed gives the same delays")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        uniform = self.min is not None or self.max is not None
        if [self.ms is not None, uniform, self.median is not None].count(True) != 1:
            raise ValueError("give either ms, or min and max, or median")
        if uniform and (self.min is None or self.max is None or self.min > self.max):
            raise ValueError("give both min and max, min first")
        return self


# Responses


class Documented(Effect):
    """A response with the body and code that are documented for the operation; `message` and `code` replace them."""

    kind = "response"
    status: ClassVar[int]
    message: str | None = None
    code: int | None = None


class BadRequest(Documented):
    """400."""

    status = 400


class Unauthorized(Documented):
    """401."""

    status = 401


class Forbidden(Documented):
    """403."""

    status = 403


class NotFound(Documented):
    """404."""

    status = 404


class MethodNotAllowed(Documented):
    """405."""

    status = 405


class Timeout408(Documented):
    """408, as when a media server does not answer."""

    status = 408


class Conflict(Documented):
    """409."""

    status = 409


class TooLarge(Documented):
    """413."""

    status = 413


class Internal(Documented):
    """500."""

    status = 500


class BadGateway(Documented):
    """502."""

    status = 502


class GatewayTimeout(Documented):
    """504."""

    status = 504


class RateLimited(Documented):
    """429 with `Retry-After`."""

    status = 429
    retry_after: int = Field(1, ge=0, le=86_400, description="s")


class Unavailable(Documented):
    """503, with `Retry-After` when `retryAfter` is given."""

    status = 503
    retry_after: int | None = Field(None, ge=0, le=86_400, description="s")


class Status(Effect):
    """Any status with any body: text as it is, anything else as JSON."""

    kind = "response"
    status: int = Field(ge=200, le=599)
    body: Any = None
    headers: dict[str, str] = Field({}, description="further headers")
    content_type: str = Field("application/json", max_length=200)

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.status in (204, 304) and self.body is not None:
            raise ValueError(f"an answer with status {self.status} has no body")
        for name, value in {**self.headers, "Content-Type": self.content_type}.items():
            if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(value):
                raise ValueError(f"header {name} cannot be sent")
            if name.lower() in OWN_HEADERS:
                raise ValueError(f"header {name} is the emulator's own: it keeps answers from running as pages")
            if name.lower() in ("content-length", "transfer-encoding", "connection"):
                raise ValueError(f"header {name} is the connection's: see truncated, reset and emptyReply")
        return self


class Reset(Effect):
    """The connection is reset (TCP RST): clients see ECONNRESET."""

    kind = "response"


class Stall(Effect):
    """No response until the client gives up; after `maxMs` the connection is closed without one (wall time)."""

    kind = "response"
    max_ms: float = Field(60_000, gt=0, le=MAX_DELAY_MS)


class EmptyReply(Effect):
    """The connection is closed without a byte."""

    kind = "response"


class Garbage(Effect):
    """Bytes that are no HTTP, then the end of the connection."""

    kind = "response"
    bytes: int = Field(64, ge=1, le=65_536)
    seed: int = 0


# Distortions of the true response


class Truncated(Effect):
    """The response ends after `share` of its body, under the Content-Length of all of it."""

    kind = "distortion"
    share: float = Field(0.5, ge=0, lt=1)


class SlowDrip(Effect):
    """The response's body comes in pieces of `bytes`, one each `ms` (wall time)."""

    kind = "distortion"
    bytes: int = Field(16, ge=1, le=65_536)
    ms: float = Field(50, ge=0, le=10_000)


class MalformedJson(Effect):
    """The response's JSON is cut off, under a Content-Length that agrees."""

    kind = "distortion"


class WrongContentType(Effect):
    """The response says that it is something else."""

    kind = "distortion"
    content_type: str = Field("text/html", pattern=r"^[\w.+-]+/[\w.+-]+(;[ -~]*)?$", max_length=200)


class StaleRead(Effect):
    """A GET returns what the last read of the same path saw; the first one gets the true response."""

    kind = "distortion"
