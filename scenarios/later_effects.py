"""Effects on what comes later, in s of the application's clock: on a resource, and on callbacks on their way."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from scenarios.effect import Effect
from scenarios.predicates import MAX_SPAN_SECONDS

Seconds = Annotated[float, Field(ge=0, le=MAX_SPAN_SECONDS)]

# Outcomes: what becomes of a resource later, in s of the application's clock


class Outcome(Effect):
    """What becomes of what the operation started, on the application's clock.

    `decides` is what of it: of the outcomes that decide the same, one resource gets one. Empty for the outcome itself.
    """

    kind = "outcome"
    decides: ClassVar[str] = ""


class UploadFails(Outcome):
    """The archive stops, and its upload fails."""

    follows = ("startArchive", "stopArchive")
    decides = "upload"
    reason: str = "failure"


class UploadSlow(Outcome):
    """The archive's upload takes so many seconds."""

    follows = ("startArchive", "stopArchive")
    decides = "upload"
    seconds: Seconds = 30


class UploadStuck(Outcome):
    """The archive stays `stopped` for ever."""

    follows = ("startArchive", "stopArchive")
    decides = "upload"


class ArchiveFails(Outcome):
    """The archive fails while it records."""

    follows = ("startArchive",)
    seconds: Seconds = 0
    reason: str = "failure"


class BroadcastFails(Outcome):
    """The broadcast fails, as when its server dies."""

    follows = ("startBroadcast",)
    seconds: Seconds = 0
    reason: str = "forceDisconnected"


class _Target(Outcome):
    follows = ("startBroadcast",)
    seconds: Seconds = 0
    target: str = Field("", description="id, stream name or server URL of the target; empty for all")


class RtmpOffline(_Target):
    """RTMP targets go `offline`: unreachable, or the stream key was refused."""


class RtmpError(_Target):
    """RTMP targets go to `error`: a fault inside the platform."""


class HlsError(Outcome):
    """The HLS output goes to `error`."""

    follows = ("startBroadcast",)
    seconds: Seconds = 0


class RenderCannotLoad(Outcome):
    """The render fails instead of starting."""

    follows = ("startRender",)
    decides = "render"
    reason: str = "Could not load URL"


class RenderCrashes(Outcome):
    """The render fails so many seconds after it was started."""

    follows = ("startRender",)
    decides = "render"
    seconds: Seconds = 5
    reason: str = "Renderer crashed"


class CaptionsFail(Outcome):
    """The captions' provider fails."""

    follows = ("startCaptions",)
    seconds: Seconds = 0
    reason: str = "Transcribe quota exceeded"


class SipBusy(Outcome):
    """The far side is busy: HANGUP, reason 486."""

    follows = ("dial",)
    decides = "call"


class SipNoAnswer(Outcome):
    """The far side rings, and nobody answers: HANGUP after `seconds`, reason 480 or 408."""

    follows = ("dial",)
    decides = "call"
    seconds: Seconds = 30
    code: Literal[408, 480] = 480


class SipDeclined(Outcome):
    """The far side rings and declines: HANGUP, reason 603."""

    follows = ("dial",)
    decides = "call"


class SipDrops(Outcome):
    """The call drops so many seconds after it was answered, reason 703."""

    follows = ("dial",)
    decides = "call"
    seconds: Seconds = 5


class SipMediaTimeout(Outcome):
    """No media comes from the far side: HANGUP so many seconds after the answer, reason 704."""

    follows = ("dial",)
    decides = "call"
    seconds: Seconds = 30


class HandshakeFails(Outcome):
    """The audio connector's WebSocket handshake does not finish: it is disconnected."""

    follows = ("connectAudio",)
    seconds: Seconds = 6


class NetworkDrops(Outcome):
    """Somebody's network drops (`networkDisconnected`): the `first` or `last` client of the session, or `all`."""

    seconds: Seconds = 0
    who: Literal["first", "last", "all"] = "last"


class ServerRotation(Outcome):
    """The session's server is taken away, its end told with `serverRotation`; who does not migrate is disconnected."""

    seconds: Seconds = 0
    migrates: bool | None = Field(None, description="whether clients migrate; left out: the option `clientsMigrate`")


# Callbacks


class CallbackEffect(Effect):
    """What happens to a callback on its way."""

    kind = "callback"


class CallbackLost(CallbackEffect):
    """The callback is never sent."""


class CallbackDelayed(CallbackEffect):
    """The callback is sent so many seconds later, on the application's clock."""

    seconds: Seconds = 5


class CallbackDoubled(CallbackEffect):
    """The callback is sent `times` times, with the same `jti`."""

    times: int = Field(2, ge=2, le=100)


class CallbackReordered(CallbackEffect):
    """The callback is sent after the next one of its session; after `seconds` when none comes."""

    seconds: Seconds = 5


class CallbackUnsigned(CallbackEffect):
    """The callback comes without its signature."""


class CallbackBadlySigned(CallbackEffect):
    """The callback is signed with another secret."""
