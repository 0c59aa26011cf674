"""Archives on the wire. The numbers are sections of fidelity/rest-and-archives.md."""

from __future__ import annotations

import hmac

from emulator.resources.callback_type import CallbackType, WriteBody
from emulator.resources.wire_kind import WireKind
from emulator.spec.recordings import TRANSCRIPT, file_of, size_of
from emulator.spec.wire import Audience, Json, selected_streams, whole_seconds
from state import archives
from state.application import Application
from state.archive_records import Archive
from state.events import Event

URL_LIFE = 600
"""s that the link to an archive's file is good for (12.6)."""


def archive_body(audience: Audience, each: Archive, *, precise: bool = False, started: bool = False) -> Json:
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
        "createdAt": each.created_at if precise else whole_seconds(each.created_at),
        "size": size_of(each, file) if file else 0,
        "duration": each.duration if finished else 0,
        "outputMode": new.output_mode,
        "streamMode": new.stream_mode,
        "hasAudio": new.has_audio,
        "hasVideo": new.has_video,
        "hasTranscription": new.has_transcription,
        "sha256sum": file.sha256sum if file else "",
        "password": "",
        "updatedAt": each.updated_at if precise else whole_seconds(each.updated_at),
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
        body["streams"] = selected_streams(each.streams, new)
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


def _selection(status: str) -> WriteBody:
    """Return what writes the body of a stream added to an archive, or removed: the archive with that status."""

    def write(audience: Audience, event: Event) -> Json:
        stream = audience.app.sessions[event.session_id].streams.get(event.stream_id)
        shown: Json = {"id": event.stream_id}
        if stream is not None:  # one that has ended meanwhile can still be left out
            shown |= {"createdAt": stream.created_at, "connection": {"id": stream.connection_id}}
        return {
            **archive_body(audience, event.record),
            "status": status,
            "stream": shown,
            "timestamp": event.at,
        }

    return write


_STATUS = CallbackType("archive_status", "archive", lambda audience, event: archive_body(audience, event.record))

WIRE = WireKind(
    kind=archives.KIND,
    parameter="archiveId",
    naming=("name", "multiArchiveTag"),
    write=archive_body,
    callbacks={
        # A deleted archive has none (12.7).
        **{status: _STATUS for status in archives.KIND.lifecycle.transitions if status != "deleted"},
        **{
            change: CallbackType("archive_status", "archive", _selection(change))
            for change in ("streamAdded", "streamRemoved")
        },
    },
)
