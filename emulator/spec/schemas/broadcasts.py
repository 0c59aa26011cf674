"""Bodies of broadcast requests (fidelity/broadcasts-sip-captions-renders-callbacks.md 1.1)."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, model_validator

from emulator.spec.errors import InvalidRequestError
from emulator.spec.schemas.common import Bitrate, Body, Duration, LayoutBody, Resolution, StreamMode, Text, filled
from emulator.spec.schemas.reading import Limited, number, reading_of, text
from state.broadcasts import MAX_RTMP_TARGETS, BroadcastSettings
from state.broadcasts import Hls as HlsState
from state.broadcasts import RtmpTarget as RtmpTargetState
from state.layouts import BEST_FIT


class HlsOutput(Body):
    """The HLS output."""

    dvr: bool = False
    low_latency: bool = False

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if self.dvr and self.low_latency and not reading_of(info).lets("hlsModes", True):
            raise ValueError("lowLatency and dvr exclude each other")
        return self


class RtmpOutput(Body):
    """One RTMP server."""

    id: str = ""
    server_url: Annotated[str, Field(pattern=r"(?i)^rtmps?://."), Limited("target", text)]
    stream_name: Annotated[Text, Limited("target", text)]

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any, info: ValidationInfo) -> Any:
        return filled(value, info, "target", {"serverUrl": "", "streamName": ""})


class Outputs(Body):
    """Where a broadcast goes; at least one of both."""

    hls: HlsOutput | None = None
    rtmp: list[RtmpOutput] | None = Field(None, json_schema_extra={"maxItems": MAX_RTMP_TARGETS})

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        reading = reading_of(info)
        if self.hls is None and not self.rtmp and not reading.lets("outputs", None):
            raise ValueError("at least one of hls and rtmp is needed")
        targets = self.rtmp or []
        if len(targets) > MAX_RTMP_TARGETS and not reading.lets("targets", len(targets)):
            raise ValueError(f"rtmp: at most {MAX_RTMP_TARGETS} are allowed, found {len(targets)}")
        ids = [target.id for target in targets if target.id]
        if len(ids) != len(set(ids)) and not reading.lets("targetIds", ids):
            raise ValueError("the ids of rtmp must differ")
        return self


class StartBroadcast(Body):
    """A new broadcast; duration in s."""

    session_id: Text
    outputs: Outputs
    layout: LayoutBody | None = None
    max_duration: Annotated[Duration, Limited("broadcastDuration", number)] | None = None
    max_bitrate: Annotated[Bitrate, Limited("broadcastBitrate", number)] | None = None
    resolution: Resolution = "640x480"
    stream_mode: StreamMode = "auto"
    multi_broadcast_tag: str = ""
    has_audio: bool = True
    has_video: bool = True

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if not self.has_audio and not self.has_video and not reading_of(info).lets("broadcastMedia", False):
            raise InvalidRequestError("hasAudio and hasVideo cannot both be false", "hasAudio")
        return self

    def state(self, default_max_duration: int) -> BroadcastSettings:
        """Return the new broadcast as the rules know it."""
        hls = self.outputs.hls
        return BroadcastSettings(
            hls=HlsState(hls.dvr, hls.low_latency) if hls else None,
            rtmp=tuple(
                RtmpTargetState(target.server_url, target.stream_name, target.id) for target in self.outputs.rtmp or []
            ),
            tag=self.multi_broadcast_tag,
            stream_mode=self.stream_mode,
            has_audio=self.has_audio,
            has_video=self.has_video,
            resolution=self.resolution,
            layout=self.layout.state() if self.layout else BEST_FIT,
            max_duration=self.max_duration or default_max_duration,
            max_bitrate=self.max_bitrate,
        )
