"""Response bodies of the service, for the OpenAPI page and the tests; nothing is rendered through them.

Imported only when the page is asked for.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Shape(BaseModel):
    """A response body: every key known, nothing else allowed."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class Error(Shape):
    """A refusal; `code` is not the HTTP status."""

    code: int | None = None
    message: str
    description: str | None = None


class Session(BaseModel):
    """A new session; the answer is an array of one."""

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


class Connection(Shape):
    connection_id: str
    connection_state: Literal["Connecting", "Connected"]
    created_at: int


class ConnectionList(Shape):
    count: int
    application_id: str | None = None
    project_id: str | None = None
    session_id: str | None = None
    items: list[Connection]


class Stream(Shape):
    id: str
    video_type: Literal["camera", "screen", "custom"]
    name: str
    layout_class_list: list[str]


class StreamList(Shape):
    count: int
    items: list[Stream]


class ProjectDetails(Shape):
    id: str
    application_id: str
    secret: str
    status: str
    name: str
    environment: str
    created_at: int


class Message(Shape):
    message: str


class SelectedStream(Shape):
    stream_id: str
    has_audio: bool
    has_video: bool


class Transcription(Shape):
    status: Literal["requested", "started", "available", "uploaded", "failed"]
    url: str | None
    reason: str | None
    primary_language_code: str
    has_summary: bool


class Archive(Shape):
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
    streams: list[SelectedStream] | None = None
    transcription: Transcription | None = None
    project_id: int | None = None
    partner_id: int | None = None


class ArchiveStorage(Shape):
    """Where archives are uploaded to; secrets in `config` are hidden."""

    type: Literal["s3", "azure"]
    config: dict[str, str]
    fallback: Literal["opentok", "none"]


class ArchiveList(Shape):
    count: int
    items: list[Archive]


class RtmpTarget(Shape):
    status: Literal["connecting", "live", "offline", "error"]
    server_url: str
    stream_name: str
    id: str | None = None


class BroadcastUrls(Shape):
    hls: str | None = None
    hls_status: Literal["connecting", "ready", "live", "ended", "error"] | None = None
    rtmp: list[RtmpTarget] | None = None


class HlsSettings(Shape):
    low_latency: bool
    dvr: bool


class BroadcastSettings(Shape):
    hls: HlsSettings | None = None


class Broadcast(Shape):
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
    settings: BroadcastSettings | None = None
    broadcast_urls: BroadcastUrls | None = None
    streams: list[SelectedStream] | None = None


class BroadcastList(Shape):
    count: int
    items: list[Broadcast]


class SipCall(Shape):
    id: str
    connection_id: str
    stream_id: str
    project_id: str | None = None
    session_id: str | None = None
    created_at: int | None = None
    updated_at: int | None = None


class CaptionsStarted(Shape):
    captions_id: str


class CaptionedStream(Shape):
    stream_id: str
    stream_status: str


class Captions(Shape):
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


class Render(Shape):
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


class RenderList(Shape):
    count: int
    items: list[Render]


class Connector(Shape):
    id: str
    connection_id: str


class Registration(Shape):
    """A registered callback; the list of them is a bare array."""

    id: str
    group: str
    event: str
    url: str
    created_at: int


ANSWERS: dict[str, Any] = {
    "createSession": Session,
    "listConnections": ConnectionList,
    "migrateSession": Message,
    "listStreams": StreamList,
    "getStream": Stream,
    "setStreamClassLists": StreamList,
    "setStreamClassList": Stream,
    "muteSession": ProjectDetails,
    "muteStream": ProjectDetails,
    "listArchives": ArchiveList,
    "startArchive": Archive,
    "getArchive": Archive,
    "stopArchive": Archive,
    "setArchiveStorage": ArchiveStorage,
    "getArchiveStorage": ArchiveStorage,
    "setArchiveLayout": Archive,
    "listBroadcasts": BroadcastList,
    "startBroadcast": Broadcast,
    "getBroadcast": Broadcast,
    "stopBroadcast": Broadcast,
    "setBroadcastLayout": Broadcast,
    "dial": SipCall,
    "startCaptions": CaptionsStarted,
    "getCaptions": Captions,
    "listRenders": RenderList,
    "startRender": Render,
    "getRender": Render,
    "connectAudio": Connector,
    "listCallbacks": Registration,
    "registerCallback": Registration,
}
"""The body of success of each operation that has one."""
