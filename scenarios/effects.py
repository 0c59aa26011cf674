"""What a rule does: to the answer, to the connection, to what becomes of a resource later, to callbacks.

An effect is data; emulator/faulting.py carries out those on answers, scenarios/outcomes.py those that come later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, create_model, model_validator

from scenarios.strict import Strict

Kind = Literal["delay", "answer", "distortion", "outcome", "callback"]

Seconds = float

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+\Z")
_HEADER_VALUE = re.compile(r"[ -~]*\Z")

MAX_DELAY_MS = 600_000
"""Longest latency or stall, ms of wall time."""


class Effect(Strict):
    """An effect. `kind` says where it works; of each kind one rule has its way with a call."""

    kind: ClassVar[Kind]
    follows: ClassVar[tuple[str, ...]] = ()
    """The operations that an outcome can follow; empty for all."""


# Delays


class Latency(Effect):
    """The answer takes longer: `ms`, or between `min` and `max`, or lognormal around `median` (wall time)."""

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


# Answers


class Documented(Effect):
    """An answer with the body and code that are documented for the operation; `message` and `code` replace them."""

    kind = "answer"
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

    kind = "answer"
    status: int = Field(ge=200, le=599, strict=True)
    body: Any = None
    headers: dict[str, str] = Field({}, description="further headers")
    content_type: str = Field("application/json", max_length=200)

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.status in (204, 304) and self.body is not None:
            raise ValueError(f"an answer with status {self.status} has no body")
        for name, value in {**self.headers, "Content-Type": self.content_type}.items():
            if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(value):
                raise ValueError(f"{name} is no header that can be sent")
            if name.lower() in ("content-length", "transfer-encoding", "connection"):
                raise ValueError(f"{name} is the connection's; see truncated, reset and emptyReply")
        return self


class Reset(Effect):
    """The connection is reset (TCP RST): clients see ECONNRESET."""

    kind = "answer"


class Stall(Effect):
    """No answer until the client gives up; after `maxMs` the connection is closed without one (wall time)."""

    kind = "answer"
    max_ms: float = Field(60_000, gt=0, le=MAX_DELAY_MS)


class EmptyReply(Effect):
    """The connection is closed without a byte."""

    kind = "answer"


class Garbage(Effect):
    """Bytes that are no HTTP, then the end of the connection."""

    kind = "answer"
    bytes: int = Field(64, ge=1, le=65_536)
    seed: int = 0


# Distortions of the true answer


class Truncated(Effect):
    """The answer ends after `share` of its body, under the Content-Length of all of it."""

    kind = "distortion"
    share: float = Field(0.5, ge=0, lt=1)


class SlowDrip(Effect):
    """The answer's body comes in pieces of `bytes`, one each `ms` (wall time)."""

    kind = "distortion"
    bytes: int = Field(16, ge=1, le=65_536)
    ms: float = Field(50, ge=0, le=10_000)


class MalformedJson(Effect):
    """The answer's JSON is cut off, under a Content-Length that agrees."""

    kind = "distortion"


class WrongContentType(Effect):
    """The answer says that it is something else."""

    kind = "distortion"
    content_type: str = Field("text/html", pattern=r"^[\w.+-]+/[\w.+-]+(;[ -~]*)?$", max_length=200)


class StaleRead(Effect):
    """A GET answers what the last read of the same path saw; the first one answers the truth."""

    kind = "distortion"


# Outcomes: what becomes of a resource later, in s of the application's clock


class Outcome(Effect):
    """What becomes of what the operation started, on the application's clock."""

    kind = "outcome"


class UploadFails(Outcome):
    """The archive stops, and its upload fails."""

    follows = ("startArchive", "stopArchive")
    reason: str = "failure"


class UploadSlow(Outcome):
    """The archive's upload takes so many seconds."""

    follows = ("startArchive", "stopArchive")
    seconds: Seconds = Field(30, ge=0)


class UploadStuck(Outcome):
    """The archive stays `stopped` for ever."""

    follows = ("startArchive", "stopArchive")


class ArchiveFails(Outcome):
    """The archive fails while it records."""

    follows = ("startArchive",)
    seconds: Seconds = Field(0, ge=0)
    reason: str = "failure"


class BroadcastFails(Outcome):
    """The broadcast fails, as when its server dies."""

    follows = ("startBroadcast",)
    seconds: Seconds = Field(0, ge=0)
    reason: str = "forceDisconnected"


class _Target(Outcome):
    follows = ("startBroadcast",)
    seconds: Seconds = Field(0, ge=0)
    target: str = Field("", description="id, stream name or server URL of the target; empty for all")


class RtmpOffline(_Target):
    """RTMP targets go `offline`: unreachable, or the stream key was refused."""


class RtmpError(_Target):
    """RTMP targets go to `error`: a fault inside the platform."""


class HlsError(Outcome):
    """The HLS output goes to `error`."""

    follows = ("startBroadcast",)
    seconds: Seconds = Field(0, ge=0)


class RenderCannotLoad(Outcome):
    """The render fails instead of starting."""

    follows = ("startRender",)
    reason: str = "Could not load URL"


class RenderCrashes(Outcome):
    """The render fails so many seconds after it was started."""

    follows = ("startRender",)
    seconds: Seconds = Field(5, ge=0)
    reason: str = "Renderer crashed"


class CaptionsFail(Outcome):
    """The captions' provider fails."""

    follows = ("startCaptions",)
    seconds: Seconds = Field(0, ge=0)
    reason: str = "Transcribe quota exceeded"


class SipBusy(Outcome):
    """The far side is busy: HANGUP, reason 486."""

    follows = ("dial",)


class SipNoAnswer(Outcome):
    """The far side rings, and nobody answers: HANGUP after `seconds`, reason 480 or 408."""

    follows = ("dial",)
    seconds: Seconds = Field(30, ge=0)
    code: Literal["408", "480"] = "480"


class SipDeclined(Outcome):
    """The far side rings and declines: HANGUP, reason 603."""

    follows = ("dial",)


class SipDrops(Outcome):
    """The call drops so many seconds after it was answered, reason 703."""

    follows = ("dial",)
    seconds: Seconds = Field(5, ge=0)


class SipMediaTimeout(Outcome):
    """No media comes from the far side: HANGUP so many seconds after the answer, reason 704."""

    follows = ("dial",)
    seconds: Seconds = Field(30, ge=0)


class HandshakeFails(Outcome):
    """The audio connector's WebSocket handshake does not finish: it is disconnected."""

    follows = ("connectAudio",)
    seconds: Seconds = Field(6, ge=0)


class NetworkDrops(Outcome):
    """Somebody's network drops (`networkDisconnected`): the `first` or `last` client of the session, or `all`."""

    seconds: Seconds = Field(0, ge=0)
    who: Literal["first", "last", "all"] = "last"


class ServerRotation(Outcome):
    """The session's server is taken away: everybody is disconnected, the session ends with `serverRotation`."""

    seconds: Seconds = Field(0, ge=0)


# Callbacks


class CallbackEffect(Effect):
    """What happens to a callback on its way."""

    kind = "callback"


class CallbackLost(CallbackEffect):
    """The callback is never sent."""


class CallbackDelayed(CallbackEffect):
    """The callback is sent so many seconds later, on the application's clock."""

    seconds: Seconds = Field(5, ge=0)


class CallbackDoubled(CallbackEffect):
    """The callback is sent `times` times, with the same `jti`."""

    times: int = Field(2, ge=2, le=100)


class CallbackReordered(CallbackEffect):
    """The callback is sent after the next one of its session; after `seconds` when none comes."""

    seconds: Seconds = Field(5, ge=0)


class CallbackUnsigned(CallbackEffect):
    """The callback comes without its signature."""


class CallbackBadlySigned(CallbackEffect):
    """The callback is signed with another secret."""


ALL: tuple[type[Effect], ...] = (
    Latency,
    BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, Timeout408, Conflict, TooLarge, RateLimited,
    Internal, BadGateway, Unavailable, GatewayTimeout, Status, Stall, Reset, EmptyReply, Garbage,
    Truncated, SlowDrip, MalformedJson, WrongContentType, StaleRead,
    UploadFails, UploadSlow, UploadStuck, ArchiveFails, BroadcastFails, RtmpOffline, RtmpError, HlsError,
    RenderCannotLoad, RenderCrashes, CaptionsFail, SipBusy, SipNoAnswer, SipDeclined, SipDrops, SipMediaTimeout,
    HandshakeFails, NetworkDrops, ServerRotation,
    CallbackLost, CallbackDelayed, CallbackDoubled, CallbackReordered, CallbackUnsigned, CallbackBadlySigned,
)  # fmt: skip


def _name(effect: type[Effect]) -> str:
    return effect.__name__[0].lower() + effect.__name__[1:]


EFFECTS: Mapping[str, type[Effect]] = MappingProxyType({_name(effect): effect for effect in ALL})
"""Every effect by its name."""

if TYPE_CHECKING:
    _Effects = Strict
else:
    _Effects = create_model(
        "_Effects",
        __base__=Strict,
        **{name: (effect | None, Field(None, description=effect.__doc__)) for name, effect in EFFECTS.items()},
    )


class Then(_Effects):
    """One effect by its name, or a mapping of effects to what they are set to (nothing for the defaults)."""

    noun = "effect"

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {data: {}}
        if isinstance(data, Mapping):
            if not data:
                raise ValueError("name an effect")
            return {name: {} if value is None else value for name, value in data.items()}
        return data

    def effects(self) -> dict[str, Effect]:
        """Return the effects by name."""
        return {name: getattr(self, name) for name in EFFECTS if getattr(self, name, None) is not None}
