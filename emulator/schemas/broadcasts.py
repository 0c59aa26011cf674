"""Bodies of broadcast requests (fidelity/broadcasts-sip-captions-renders-callbacks.md 1.1)."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from emulator.errors import Invalid
from emulator.schemas.common import Bitrate, Body, Layout, Resolution, StreamMode, Text
from state.broadcasts import MAX_RTMP_TARGETS, NewBroadcast
from state.broadcasts import Hls as HlsState
from state.broadcasts import RtmpTarget as RtmpTargetState
from state.layouts import BEST_FIT


class Hls(Body):
    """The HLS output."""

    dvr: bool = False
    low_latency: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.dvr and self.low_latency:
            raise ValueError("lowLatency and dvr exclude each other")
        return self


class RtmpTarget(Body):
    """One RTMP server."""

    id: str = ""
    server_url: str = Field(pattern=r"(?i)^rtmps?://.")
    stream_name: Text


class Outputs(Body):
    """Where a broadcast goes; at least one of both."""

    hls: Hls | None = None
    rtmp: list[RtmpTarget] | None = Field(None, max_length=MAX_RTMP_TARGETS)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.hls is None and not self.rtmp:
            raise ValueError("at least one of hls and rtmp is needed")
        ids = [target.id for target in self.rtmp or [] if target.id]
        if len(ids) != len(set(ids)):
            raise ValueError("the ids of rtmp must differ")
        return self


class StartBroadcast(Body):
    """A new broadcast; duration in s."""

    session_id: Text
    outputs: Outputs
    layout: Layout | None = None
    max_duration: int | None = Field(None, ge=60, le=36_000)
    max_bitrate: Bitrate | None = None
    resolution: Resolution = "640x480"
    stream_mode: StreamMode = "auto"
    multi_broadcast_tag: str = ""
    has_audio: bool = True
    has_video: bool = True

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.has_audio and not self.has_video:
            raise Invalid("hasAudio and hasVideo cannot both be false", "hasAudio")
        return self

    def state(self, default_max_duration: int) -> NewBroadcast:
        """Return the new broadcast as the rules know it."""
        hls = self.outputs.hls
        return NewBroadcast(
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
