"""The files of an archive: small placeholders, the same at every look, with the checksum that is stated.

A file is as long as its archive says (unless a test stated another size), not as a recording of that length would be.
Facts: fidelity/media-files.md 1 to 3.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from state.archive_records import Archive, Segment
from state.ids import decode_session_id

TRANSCRIPT = "transcription.zip"
"""What the link to a transcript leads to: the vendor's sample saves it under this name (media-files 3)."""

_MP4_TYPE = b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom"
_WEBM_TYPE = bytes.fromhex("1a45dfa3 9f 42868101 42f78101 42f28104 42f38108 4282847765626d 42878104 42858102")
_MAX_PADDING = 65_536


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """The content of an archive's file, its name and its checksum (base64 of SHA-256)."""

    name: str
    content: bytes
    sha256sum: str


def file_of(archive: Archive) -> RecordedFile:
    """Return the archive's file: `archive.mp4`, or `archive.zip` of an individual archive.

    A composed archive of nothing is empty (fidelity/rest-and-archives.md 12.10).
    """
    if archive.new.output_mode == "individual":
        return _individual(archive.id, archive.session_id, archive.created_at, archive.new.name, archive.segments)
    return _composed(archive.id, archive.recorded)


def size_of(archive: Archive, file: RecordedFile) -> int:
    """Return the size that an archive states, bytes: what a test said, or that of its file."""
    return len(file.content) if archive.stated_size is None else archive.stated_size


def transcript_of(archive: Archive) -> RecordedFile:
    """Return the archive's transcript, and its summary where that was asked for: nobody spoke (media-files 3)."""
    language, summary = archive.new.transcription_language, archive.new.transcription_summary
    files = {"transcription.json": _json({"archiveId": archive.id, "language": language, "segments": []})}
    if summary:
        files["summary.json"] = _json({"archiveId": archive.id, "language": language, "summary": ""})
    return _recorded(TRANSCRIPT, _zip(files))


@lru_cache(maxsize=256)
def _composed(archive_id: str, recorded: int) -> RecordedFile:
    return _recorded("archive.mp4", _mp4(archive_id, recorded) if recorded else b"")


@lru_cache(maxsize=256)
def _individual(
    archive_id: str, session_id: str, created_at: int, name: str | None, segments: tuple[Segment, ...]
) -> RecordedFile:
    """Return the ZIP of an individual archive: a manifest, and a file for each stream and segment (media-files 2).

    The manifest's time is when the recording began, its offsets are ms from then.
    """
    began = min((each.started_at for each in segments), default=created_at)
    files: dict[str, bytes] = {}
    entries = []
    seen: Counter[str] = Counter()
    for each in segments:
        index = f"-{seen[each.stream_id]}" if seen[each.stream_id] else ""
        seen[each.stream_id] += 1
        filename = f"{each.stream_id}{index}.webm"
        files[filename] = _webm(filename, each.stopped_at - each.started_at)
        entries.append(
            {
                "connectionData": each.connection_data,
                "filename": filename,
                "size": len(files[filename]),
                "startTimeOffset": each.started_at - began,
                "stopTimeOffset": each.stopped_at - began,
                "streamId": each.stream_id,
                "videoType": each.video_type,
            }
        )
    manifest = {
        "createdAt": began,
        "files": entries,
        "id": archive_id,
        "name": name or "",
        "partnerId": _partner(session_id),
        "sessionId": session_id,
    }
    return _recorded("archive.zip", _zip({**files, f"{archive_id}.json": _json(manifest)}))


def _partner(session_id: str) -> int | str:
    """Return the project that a session id names: the number of an OpenTok project, or an application's id."""
    parts = decode_session_id(session_id)
    project = parts.project if parts is not None else ""
    return int(project) if project.isdecimal() else project


def _recorded(name: str, content: bytes) -> RecordedFile:
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode() if content else ""
    return RecordedFile(name, content, checksum)


def _mp4(archive_id: str, recorded: int) -> bytes:
    """Return an MP4 with no tracks: a file type box, and a free box that names the archive and grows with it."""
    payload = archive_id.encode() + b"\x00" * min(recorded, _MAX_PADDING)
    return _MP4_TYPE + (8 + len(payload)).to_bytes(4, "big") + b"free" + payload


def _webm(name: str, length: int) -> bytes:
    """Return a WebM with no tracks: its header, and a void element that names the file and grows with it (ms / 100)."""
    payload = name.encode() + b"\x00" * min(length // 100, _MAX_PADDING)
    return _WEBM_TYPE + b"\xec\x01" + len(payload).to_bytes(7, "big") + payload


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _zip(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of these files, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
