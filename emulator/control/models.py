"""Bodies of the control API, requests and responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from emulator.control.common import ControlBody
from state.clock import LAST


class NewStreamBody(ControlBody):
    """A stream to publish; `layoutClassList` left out takes that of the participant's token."""

    name: str = Field("", max_length=1000)
    video_type: Literal["camera", "screen", "custom"] = "camera"
    has_audio: bool = True
    has_video: bool = True
    layout_class_list: list[str] | None = None


class JoinSession(ControlBody):
    """Participants to join. Without `streams` each publishes one camera stream, unless its role cannot publish."""

    count: int = Field(1, ge=1, le=1000)
    data: str = Field("", max_length=1000, description="connection data")
    role: Literal["publisher", "subscriber", "moderator", "publisheronly"] = "publisher"
    streams: list[NewStreamBody] | None = Field(None, max_length=50)
    token: str | None = Field(None, description="client token: gives data, role and layout classes, and is verified")
    migrates: bool | None = Field(
        None, description="whether they follow the session to another media server; left out: by `clientsMigrate`"
    )


class StreamChange(ControlBody):
    """What of a stream can be changed; what is left out stays."""

    has_audio: bool | None = None
    has_video: bool | None = None
    muted: bool | None = None
    video_type: Literal["camera", "screen", "custom"] | None = None


LeaveReason = Literal["clientDisconnected", "forceDisconnected", "networkDisconnected"]
SessionReason = Literal["clientDisconnected", "forceDisconnected", "mediaIdle"]
UnpublishReason = Literal[
    "clientDisconnected", "forceDisconnected", "forceUnpublished", "mediaStopped", "networkDisconnected"
]


class ClockChange(ControlBody):
    """One thing to do to the clock. `seconds` of `advance` may be a fraction; `speed` is virtual s for each real s."""

    meant: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("rate", "factor", "multiplier"), "speed"),
        **dict.fromkeys(("by", "amount", "duration"), "seconds"),
        **dict.fromkeys(("now", "time", "to"), "at"),
        **dict.fromkeys(("do", "command", "mode"), "action"),
    }
    action: Literal["freeze", "resume", "advance", "next", "idle"]
    seconds: float | None = Field(None, ge=0, le=366 * 24 * 3600, description="for advance")
    speed: float | None = Field(None, gt=0, le=1_000_000, description="for resume; 1 when left out")
    at: int | None = Field(None, ge=0, le=LAST, description="for freeze: where to stop, ms since the epoch")


class Transition(ControlBody):
    """A status to force on a resource: one that may follow its own, as `GET /_emulator/lifecycles` lists them."""

    status: str = Field(max_length=20)
    reason: str = Field("", max_length=1000)


MOST = 2**53
"""The largest number that every client reads exactly."""


class ArchiveTransition(Transition):
    """A status to force on an archive; `size` (bytes) and `duration` (s) are what it tells once it has a file."""

    size: int | None = Field(None, ge=0, le=MOST, description="for uploaded and available; left out: that of the file")
    duration: int | None = Field(
        None, ge=0, le=MOST // 1000, description="for uploaded and available, in s; left out: what was recorded"
    )

    def restates(self, status: str) -> bool:
        """Tell whether this only says how large or long the file is, of an archive that has the status already."""
        return self.status == status and (self.size is not None or self.duration is not None)


class CallTransition(ControlBody):
    """What the far side of a SIP call does: rings, answers, holds it, takes it back, hangs up with a reason code."""

    status: Literal["RINGING", "ACTIVE", "ON_HOLD", "HANGUP"]
    reason_code: str = Field("700", max_length=10, description="for HANGUP: a SIP status, or 700 to 706")
    reason_message: str = Field("", max_length=200, description="left out: the message of the code, where it is known")


class BroadcastTransition(Transition):
    """A status to force on a broadcast, or on one of its outputs (`hls`, `rtmp`)."""

    output: Literal["hls", "rtmp"] | None = Field(None, description="left out: the broadcast itself")
    target: str = Field("", description="for rtmp: id, stream name or server URL; left out: every target")


class CallbackPattern(ControlBody):
    """Which callbacks: of an event (`archive.available`), of a kind (`archive`), or all."""

    event: str = Field("*", max_length=100)
    ids: list[str] | None = Field(None, description="for release: just these")


class CallbackOrder(ControlBody):
    """The order in which callbacks that are not sent yet shall be sent."""

    ids: list[str] = Field(min_length=1)
