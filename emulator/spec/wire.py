"""The JSON bodies of resources, in responses and callbacks: names of keys, their order, units, what is left out.

Each function returns a body as Python objects. The numbers name sections of fidelity/rest-and-archives.md, those after
`broadcasts` of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from emulator.spec.recordings import TRANSCRIPT, file_of, size_of
from state.application import Application
from state.archives import Archive, ArchiveSettings
from state.broadcasts import Broadcast, BroadcastSettings
from state.calls import Call
from state.captions import LIVE as LIVE_CAPTIONS
from state.captions import Captions
from state.connectors import Connector
from state.project_records import Registration
from state.renders import Render
from state.selection import SelectedStream
from state.session_records import Connection, Session, Stream

Json = dict[str, Any]

URL_LIFE = 600
"""s that the link to an archive's file is good for (12.6)."""


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a body is written: the names that it uses for the project, its links and its time depend on that.

    `project` is the id by which the project was called. Where that is an API key, the body is one of OpenTok: it has
    `projectId` and `partnerId` beside or in place of `applicationId`. `base_url` is scheme and host of links.
    """

    app: Application
    project: str
    base_url: str
    at: int | None = None

    @property
    def now(self) -> int:
        """The time that the body shows, ms: `at` for the callback of a past event, otherwise now."""
        return self.app.now if self.at is None else self.at

    @property
    def opentok(self) -> bool:
        """Whether the project was called by its API key, as OpenTok SDKs do."""
        return self.project != self.app.id

    @property
    def api_key(self) -> str:
        """The API key by which the project was called; empty when it was called by the application's id."""
        return self.project if self.opentok else ""


def _whole_seconds(ms: int) -> int:
    """Return a time without its ms, as all responses but that of start have it (12.1)."""
    return ms - ms % 1000


def session(audience: Audience, made: Session, segment_id: str) -> Json:
    """Return a new session: the recorded keys, then the two that only the specification has (6)."""
    return {
        "session_id": made.id,
        "project_id": audience.project,
        "partner_id": audience.project,
        "create_dt": create_dt(made.created_at),
        "session_status": None,
        "status_invalid": None,
        "media_server_hostname": None,
        "messaging_server_url": None,
        "messaging_url": None,
        "symphony_address": None,
        "properties": None,
        "ice_server": None,
        "session_segment_id": segment_id,
        "ice_servers": None,
        "ice_credential_expiration": 86100,
        "application_id": audience.app.id,
        "media_server_url": "",
    }


def create_dt(ms: int) -> str:
    """Return a time as `Sun Sep 15 21:56:28 PDT 2024` (6)."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo("America/Los_Angeles")).strftime("%a %b %d %H:%M:%S %Z %Y")


def whose_connections(audience: Audience, of: Session) -> Json:
    """Return what the list of a session's connections has besides the connections: whose they are (7.1)."""
    return {**_project(audience), "sessionId": of.id}


def connection(each: Connection) -> Json:
    """Return a connection, in exactly three keys (7.1)."""
    return {"connectionId": each.id, "connectionState": "Connected", "createdAt": each.created_at}


def stream(each: Stream) -> Json:
    """Return a stream, in exactly four keys (8)."""
    return {
        "id": each.id,
        "videoType": each.video_type,
        "name": each.name,
        "layoutClassList": list(each.layout_classes),
    }


def project_details(audience: Audience) -> Json:
    """Return the details of the project, in both sets of keys that SDKs read (10.2)."""
    app = audience.app
    return {
        "id": audience.project,
        "applicationId": app.id,
        "secret": "",
        "status": "ACTIVE",
        "name": app.name,
        "environment": "standard",
        "createdAt": app.created_at,
    }


def archive(audience: Audience, each: Archive, *, precise: bool = False, started: bool = False) -> Json:
    """Return an archive, its keys in the recorded order (12.1). Times in ms, `duration` in s, `size` in bytes.

    `precise`: times keep their ms. `started`: it is the response of start, which keeps them too, and in which alone a
    name that was not given is null.
    """
    new = each.new
    precise = precise or started
    finished = each.finished
    file = file_of(each) if finished else None
    body: Json = {
        "id": each.id,
        "status": each.status,
        "name": new.name if started else new.name or "",
        "reason": each.reason,
        "sessionId": each.session_id,
        "applicationId": audience.project,
        "createdAt": each.created_at if precise else _whole_seconds(each.created_at),
        "size": size_of(each, file) if file else 0,
        "duration": each.duration if finished else 0,
        "outputMode": new.output_mode,
        "streamMode": new.stream_mode,
        "hasAudio": new.has_audio,
        "hasVideo": new.has_video,
        "hasTranscription": new.has_transcription,
        "sha256sum": file.sha256sum if file else "",
        "password": "",
        "updatedAt": each.updated_at if precise else _whole_seconds(each.updated_at),
        "multiArchiveTag": new.tag,
        "event": "archive",
    }
    if audience.opentok:
        body["partnerId"] = body["projectId"] = int(audience.project)
    if new.output_mode == "composed":
        body["resolution"] = new.resolution
    available = each.status == "available"
    body["url"] = _archive_url(audience, each, file.name) if file and available else None
    if new.max_bitrate is not None:
        body["maxBitrate"] = new.max_bitrate
    if new.quantization_parameter is not None:
        body["quantizationParameter"] = new.quantization_parameter
    if each.streams and each.status == "started" and (new.stream_mode == "manual" or new.output_mode == "individual"):
        body["streams"] = _selected(each.streams, new)
    if new.has_transcription:
        body["transcription"] = {
            "status": each.transcription,
            "reason": None,
            "url": _archive_url(audience, each, TRANSCRIPT)
            if available and each.transcription == "available"
            else None,
            "primaryLanguageCode": new.transcription_language,
            "hasSummary": new.transcription_summary,
        }
    return body


def _archive_url(audience: Audience, each: Archive, name: str) -> str:
    """Return a new link to a file, which expires after `URL_LIFE` (12.6)."""
    app = audience.app
    expires = audience.now // 1000 + URL_LIFE
    signature = link_signature(app, each.id, expires)
    return f"{audience.base_url}/_emulator/files/{app.id}/{each.id}/{name}?Expires={expires}&Signature={signature}"


def link_signature(app: Application, archive_id: str, expires: int) -> str:
    """Return the signature of a link to an archive's file that is valid until `expires`, s since the epoch."""
    return hmac.new(app.credentials.api_secret.encode(), f"{archive_id}~{expires}".encode(), "sha256").hexdigest()[:32]


def _selected(streams: Mapping[str, SelectedStream], new: ArchiveSettings | BroadcastSettings) -> list[Json]:
    return [
        {
            "streamId": stream_id,
            "hasAudio": chosen.has_audio and new.has_audio,
            "hasVideo": chosen.has_video and new.has_video,
        }
        for stream_id, chosen in streams.items()
    ]


def broadcast(audience: Audience, each: Broadcast, *, started: bool = False) -> Json:
    """Return a broadcast, its keys in the recorded order (broadcasts 1.1). Times in ms, `maxDuration` in s.

    `started`: it is the response of start, which has no `hlsStatus`.
    """
    new = each.new
    project = int(audience.project) if audience.opentok else audience.app.id
    running = each.status == "started"
    body: Json = {
        "id": each.id,
        "sessionId": each.session_id,
        "projectId" if audience.opentok else "applicationId": project,
        "createdAt": each.created_at,
        "broadcastUrls": _broadcast_urls(audience, each, started) if running else None,
        "updatedAt": each.updated_at,
        "status": each.status,
        "streamMode": new.stream_mode,
        "hasAudio": new.has_audio,
        "hasVideo": new.has_video,
        "maxDuration": new.max_duration,
    }
    if new.tag:
        body["multiBroadcastTag"] = new.tag
    if new.max_bitrate is not None:
        body["maxBitrate"] = new.max_bitrate
    hls = {"hls": {"lowLatency": new.hls.low_latency, "dvr": new.hls.dvr}} if new.hls else {}
    if audience.opentok:  # recorded in this order, and with the last two the other way round once it is stopped
        last = {"partnerId": project, "event": "broadcast"}
        body |= {"settings": hls, "resolution": new.resolution}
        body |= last if running else dict(reversed(last.items()))
    else:
        body |= {"settings": hls, "event": "broadcast", "resolution": new.resolution}
    if each.reason:
        body["reason"] = each.reason
    if running and each.selected and new.stream_mode == "manual":
        body["streams"] = _selected(each.selected, new)
    return body


def _broadcast_urls(audience: Audience, each: Broadcast, started: bool) -> Json:
    urls: Json = {}
    if each.rtmp:
        urls["rtmp"] = [
            {
                "status": target.status,
                **({"id": target.id} if target.id else {}),
                "serverUrl": target.server_url,
                "streamName": target.stream_name,
            }
            for target in each.rtmp
        ]
    if each.hls:
        if not started:
            urls["hlsStatus"] = each.hls.status
        dvr = "?DVR" if each.hls.dvr else ""
        urls["hls"] = f"{audience.base_url}/_emulator/hls/{audience.app.id}/{each.id}/playlist.m3u8{dvr}"
    return urls


def call(audience: Audience, each: Call) -> Json:
    """Return a SIP call (broadcasts 2.1): it has `projectId` for applications of Vonage too. Times in ms."""
    return {
        "id": each.id,
        "projectId": audience.project,
        "sessionId": each.session_id,
        "connectionId": each.connection_id,
        "streamId": each.stream_id,
        "createdAt": each.created_at,
        "updatedAt": each.updated_at,
    }


def captions(audience: Audience, each: Captions) -> Json:
    """Return live captions (broadcasts 3.3). Times in ms, `duration` in s.

    The id has both names that are in use, and `projectId` is there for Vonage and OpenTok. `stream` is the one that is
    transcribed; its id is empty while nobody publishes audio.
    """
    until = audience.now if each.status in LIVE_CAPTIONS else each.updated_at
    application = {} if audience.opentok else {"applicationId": audience.app.id}
    return {
        "captionId": each.id,
        "captionsId": each.id,
        **application,
        "projectId": audience.project,
        "sessionId": each.session_id,
        "status": each.status,
        "createdAt": each.created_at,
        "updatedAt": each.updated_at,
        "duration": (until - each.created_at) // 1000,
        **({"reason": each.reason} if each.reason else {}),
        "provider": "aws-transcribe",
        "languageCode": each.new.language.lower(),
        "stream": {"streamId": each.stream_id, "streamStatus": each.status},
        "group": "captions",
    }


def render(audience: Audience, each: Render, *, started: bool = False) -> Json:
    """Return a render, its keys in the recorded order (broadcasts 4.1, 4.2). Times in ms.

    `started`: it is the response of start, which alone has the name, and times that are no whole seconds.
    """
    body: Json = {
        "id": each.id,
        "sessionId": each.session_id,
        "createdAt": each.created_at if started else _whole_seconds(each.created_at),
        "updatedAt": each.updated_at if started else _whole_seconds(each.updated_at),
        "url": each.new.url,
        "status": each.status,
    }
    if started and each.new.name:
        body["name"] = each.new.name
    if each.stream_id:
        body["streamId"] = each.stream_id
    if each.reason:
        body["reason"] = each.reason
    body |= {"event": "render", **_project(audience), "resolution": each.new.resolution}
    if each.new.callback_url:
        body["callbackUrl"] = each.new.callback_url
    return body


def render_callback(each: Render) -> Json:
    """Return the body of a render's callback, the same for Vonage and OpenTok (broadcasts 4.5)."""
    body: Json = {"id": each.id, "sessionId": each.session_id}
    if each.stream_id:
        body["streamId"] = each.stream_id
    body["status"] = each.status
    if each.reason:
        body["reason"] = each.reason
    return body


def connector(each: Connector) -> Json:
    """Return an audio connector (broadcasts 5)."""
    return {"id": each.id, "connectionId": each.connection_id}


def registration(each: Registration) -> Json:
    """Return a registered callback of an OpenTok project (broadcasts 6.1). `createdAt` in ms."""
    return {
        "id": each.id,
        "group": each.group,
        "event": each.event,
        "url": each.url,
        "createdAt": each.created_at,
    }


def _project(audience: Audience) -> Json:
    """Return the key that names the project, with its value as text (broadcasts 0.1)."""
    return {"projectId": audience.project} if audience.opentok else {"applicationId": audience.app.id}
