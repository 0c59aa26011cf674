"""Bodies of the control API, requests and answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from emulator.control.common import ControlBody
from emulator.settings import ApplicationConfig
from state.options import ArchiveStorage, Contract, Pace


class ApplicationChange(ControlBody):
    """What of an application can be changed; what is left out stays."""

    name: str | None = Field(None, max_length=200)
    contract: Contract | None = None
    pace: Pace | None = None
    archive_storage: ArchiveStorage | None = None
    auto_participants: int | None = Field(None, ge=0, le=1000)
    mute_answer: Literal["details", "empty"] | None = None
    list_count: Literal["total", "page"] | None = None
    deleted_archive: Literal["shown", "gone"] | None = None
    stopped_broadcast: Literal["shown", "gone"] | None = None
    seed: int | None = None


class NewStreamBody(ControlBody):
    """A stream to publish; `layoutClassList` left out takes that of the participant's token."""

    name: str = Field("", max_length=1000)
    video_type: Literal["camera", "screen", "custom"] = "camera"
    has_audio: bool = True
    has_video: bool = True
    layout_class_list: list[str] | None = None


class Join(ControlBody):
    """Participants to join. Without `streams` each publishes one camera stream, unless its role cannot publish."""

    count: int = Field(1, ge=1, le=1000)
    data: str = Field("", max_length=1000, description="connection data")
    role: Literal["publisher", "subscriber", "moderator", "publisheronly"] = "publisher"
    streams: list[NewStreamBody] | None = Field(None, max_length=50)
    token: str | None = Field(None, description="client token: gives data, role and layout classes, and is verified")


class StreamChange(ControlBody):
    """What of a stream can be changed; what is left out stays."""

    has_audio: bool | None = None
    has_video: bool | None = None
    muted: bool | None = None
    video_type: Literal["camera", "screen", "custom"] | None = None


LeaveReason = Literal["clientDisconnected", "forceDisconnected", "networkDisconnected"]
UnpublishReason = Literal[
    "clientDisconnected", "forceDisconnected", "forceUnpublished", "mediaStopped", "networkDisconnected"
]


class ClockChange(ControlBody):
    """One thing to do to the clock. `seconds` of `advance` may be a fraction; `speed` is virtual s for each real s."""

    action: Literal["freeze", "resume", "advance", "next"]
    seconds: float | None = Field(None, ge=0, le=366 * 24 * 3600, description="for advance")
    speed: float | None = Field(None, gt=0, le=1_000_000, description="for resume; 1 when left out")
    at: int | None = Field(None, ge=0, description="for freeze: where to stop, ms since the epoch")


class ArchiveTransition(ControlBody):
    """A status to force on an archive."""

    status: Literal["paused", "started", "stopped", "uploaded", "available", "expired", "failed", "deleted"]
    reason: str = Field("", max_length=1000)


def field_names() -> set[str]:
    """Return every field name of the request bodies, as written on the wire."""
    bodies: tuple[Any, ...] = (
        ApplicationConfig, ApplicationChange, NewStreamBody, Join, StreamChange, ClockChange, ArchiveTransition,
    )  # fmt: skip
    return {field.alias or name for body in bodies for name, field in body.model_fields.items()}
