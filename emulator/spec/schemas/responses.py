"""Response bodies of the service, for the OpenAPI page and the tests; nothing is rendered through them.

Imported only when the page is asked for.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Shape(BaseModel):
    """A response body: every key known, nothing else allowed."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class ErrorContent(Shape):
    """A refusal; `code` is not the HTTP status."""

    code: int | None = None
    message: str
    description: str | None = None


class SessionBody(BaseModel):
    """A new session; the response is an array of one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    session_id: str
    application_id: str
    create_dt: str
    media_server_url: str
    project_id: str | None = None
    partner_id: str | None = None
    session_status: None = None
    status_invalid: None = None
    media_server_hostname: None = None
    messaging_server_url: None = None
    messaging_url: None = None
    symphony_address: None = None
    properties: None = None
    ice_server: None = None
    session_segment_id: str | None = None
    ice_servers: None = None
    ice_credential_expiration: int | None = None


class ConnectionBody(Shape):
    """A connected client; `createdAt` in ms."""

    connection_id: str
    connection_state: Literal["Connecting", "Connected"]
    created_at: int


class ConnectionListBody(Shape):
    """The connections of a session, oldest first."""

    count: int
    application_id: str | None = None
    project_id: str | None = None
    session_id: str | None = None
    items: list[ConnectionBody]


class StreamBody(Shape):
    """A published stream with its layout classes."""

    id: str
    video_type: Literal["camera", "screen", "custom"]
    name: str
    layout_class_list: list[str]


class StreamListBody(Shape):
    """Streams of a session."""

    count: int
    items: list[StreamBody]


class ProjectDetailsBody(Shape):
    """The project, which a force mute returns; `createdAt` in ms."""

    id: str
    application_id: str
    secret: str
    status: str
    name: str
    environment: str
    created_at: int


class MessageBody(Shape):
    """A message, which a session migration returns."""

    message: str


class SelectedStreamBody(Shape):
    """A stream that an archive or broadcast in manual mode includes, and with what of it."""

    stream_id: str
    has_audio: bool
    has_video: bool


class TranscriptionBody(Shape):
    """The transcription of an archive; `url` is null until it is available."""

    status: Literal["requested", "started", "available", "uploaded", "failed"]
    url: str | None
    reason: str | None
    primary_language_code: str
    has_summary: bool


class ArchiveBody(Shape):
    """A recording: times in ms, duration in s, size in bytes."""

    id: str
    status: Literal["started", "paused", "stopped", "uploaded", "available", "expired", "failed", "deleted"]
    session_id: str
    application_id: str
    created_at: int
    size: int
    duration: int
    output_mode: Literal["composed", "individual"]
    has_audio: bool
    has_video: bool
    url: str | None
    name: str | None = None
    reason: str | None = None
    stream_mode: Literal["auto", "manual"] | None = None
    has_transcription: bool | None = None
    sha256sum: str | None = Field(None, alias="sha256sum")
    password: str | None = None
    updated_at: int | None = None
    multi_archive_tag: str | None = None
    event: Literal["archive"] | None = None
    resolution: str | None = None
    max_bitrate: int | None = None
    quantization_parameter: int | None = None
    streams: list[SelectedStreamBody] | None = None
    transcription: TranscriptionBody | None = None
    project_id: int | None = None
    partner_id: int | None = None


class ArchiveStorage(Shape):
    """Where archives are uploaded to; secrets in `config` are hidden."""

    type: Literal["s3", "azure"]
    config: dict[str, str]
    fallback: Literal["opentok", "none"]


class ArchiveListBody(Shape):
    """One page of archives; `count` is that of all pages."""

    count: int
    items: list[ArchiveBody]


class RtmpTargetBody(Shape):
    """An RTMP server that a broadcast is sent to."""

    status: Literal["connecting", "live", "offline", "error"]
    server_url: str
    stream_name: str
    id: str | None = None


class BroadcastUrlsBody(Shape):
    """Where a broadcast can be watched or is sent to, by kind of output."""

    hls: str | None = None
    hls_status: Literal["connecting", "ready", "live", "ended", "error"] | None = None
    rtmp: list[RtmpTargetBody] | None = None


class HlsSettingsBody(Shape):
    """How HLS was asked for."""

    low_latency: bool
    dvr: bool


class BroadcastSettingsBody(Shape):
    """The outputs of a broadcast that have settings: HLS."""

    hls: HlsSettingsBody | None = None


class BroadcastBody(Shape):
    """A live broadcast: times in ms, maxDuration in s; `broadcastUrls` is null once it has ended."""

    id: str
    session_id: str
    created_at: int
    status: Literal["started", "stopped", "failed"]
    max_duration: int
    resolution: str
    application_id: str | None = None
    project_id: int | None = None
    partner_id: int | None = None
    updated_at: int | None = None
    stream_mode: Literal["auto", "manual"] | None = None
    has_audio: bool | None = None
    has_video: bool | None = None
    event: Literal["broadcast"] | None = None
    multi_broadcast_tag: str | None = None
    max_bitrate: int | None = None
    reason: str | None = None
    settings: BroadcastSettingsBody | None = None
    broadcast_urls: BroadcastUrlsBody | None = None
    streams: list[SelectedStreamBody] | None = None


class BroadcastListBody(Shape):
    """One page of broadcasts; `count` is that of all pages."""

    count: int
    items: list[BroadcastBody]


class SipCallBody(Shape):
    """A SIP call; times in ms."""

    id: str
    connection_id: str
    stream_id: str
    project_id: str | None = None
    session_id: str | None = None
    created_at: int | None = None
    updated_at: int | None = None


class CaptionsStartedBody(Shape):
    """The id of captions that were just started."""

    captions_id: str


class CaptionedStream(Shape):
    """The stream that captions transcribe."""

    stream_id: str
    stream_status: str


class CaptionsBody(Shape):
    """Live captions: times in ms, `duration` in s; the id has both of the names that are in use."""

    caption_id: str
    captions_id: str
    session_id: str
    status: Literal["started", "transcribing", "stopped", "failed"]
    created_at: int
    updated_at: int
    duration: int
    language_code: str
    provider: str
    project_id: str
    stream: CaptionedStream
    group: Literal["captions"]
    application_id: str | None = None
    reason: str | None = None


class RenderBody(Shape):
    """A render; `streamId` appears once it is started."""

    id: str
    session_id: str
    created_at: int
    url: str
    status: Literal["starting", "started", "stopped", "failed"]
    resolution: str
    updated_at: int | None = None
    event: Literal["render"] | None = None
    application_id: str | None = None
    project_id: str | None = None
    name: str | None = None
    stream_id: str | None = None
    reason: str | None = None
    callback_url: str | None = None


class RenderListBody(Shape):
    """One page of renders; `count` is that of all pages."""

    count: int
    items: list[RenderBody]


class ConnectorBody(Shape):
    """An audio connector, and the connection by which it takes part in the session."""

    id: str
    connection_id: str


class RegistrationBody(Shape):
    """A registered callback; the list of them is a bare array."""

    id: str
    group: str
    event: str
    url: str
    created_at: int


def name_of(model: type[BaseModel]) -> str:
    """Return the name of a body in the specification: that of its model without `Body` or `Content`."""
    return model.__name__.removesuffix("Body").removesuffix("Content")


def model_of(name: str) -> type[BaseModel]:
    """Return the model of a body by its name in the specification. Raises `KeyError`."""
    found = globals().get(f"{name}Body") or globals()[name]
    assert isinstance(found, type)
    assert issubclass(found, BaseModel)
    return found
