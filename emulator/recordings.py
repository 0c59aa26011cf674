"""The file of an archive: a small placeholder, the same at every look, of the size and checksum that are stated.

The file is as long as its archive says, not as a recording of that length would be.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache

from state.archives import Archive

TRANSCRIPT = "transcription.json"

_FILE_TYPE = b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom"
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
    return _make(archive.id, archive.session_id, archive.created_at, archive.recorded, archive.new.output_mode)


def transcript_of(archive: Archive) -> RecordedFile:
    """Return the archive's transcript: nobody spoke."""
    content = json.dumps({"archiveId": archive.id, "language": archive.new.transcription_language, "segments": []})
    return RecordedFile(TRANSCRIPT, content.encode(), "")


@lru_cache(maxsize=256)
def _make(archive_id: str, session_id: str, created_at: int, recorded: int, output_mode: str) -> RecordedFile:
    if output_mode == "individual":
        name, content = "archive.zip", _zip(archive_id, session_id, created_at)
    else:
        name, content = "archive.mp4", _mp4(archive_id, recorded) if recorded else b""
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode() if content else ""
    return RecordedFile(name, content, checksum)


def _mp4(archive_id: str, recorded: int) -> bytes:
    """Return an MP4 with no tracks: a file type box, and a free box that names the archive and grows with it."""
    payload = archive_id.encode() + b"\x00" * min(recorded, _MAX_PADDING)
    return _FILE_TYPE + (8 + len(payload)).to_bytes(4, "big") + b"free" + payload


def _zip(archive_id: str, session_id: str, created_at: int) -> bytes:
    manifest = {"createdAt": created_at, "files": [], "id": archive_id, "sessionId": session_id}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{archive_id}.json"), json.dumps(manifest))
    return buffer.getvalue()
