"""The recordings that we know of, and their files."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests
from vonage import Video

DOWNLOAD_SECONDS = 60


@dataclass
class Recording:
    """One recording: `status` is recording, stopped, saved or failed; `problem` says what went wrong."""

    id: str
    session_id: str
    status: str = "recording"
    size: int = 0
    problem: str = ""


class Recordings:
    """Keeps recordings in memory and their files in a folder."""

    def __init__(self, video: Video, folder: Path) -> None:
        self._video = video
        self._folder = folder
        self._known: dict[str, Recording] = {}
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, archive_id: str, session_id: str) -> Recording:
        """Remember a recording, unless it is known: a callback may be faster than the answer of the start."""
        with self._lock:
            return self._known.setdefault(archive_id, Recording(archive_id, session_id))

    def get(self, archive_id: str) -> Recording | None:
        """Return a recording, or None."""
        return self._known.get(archive_id)

    def list(self) -> list[dict[str, Any]]:
        """Return all recordings, oldest first."""
        return [asdict(recording) for recording in self._known.values()]

    def file(self, recording: Recording) -> Path:
        """Return where the file of a recording is, or will be."""
        return self._folder / f"{recording.id}.mp4"

    def fetch(self, recording: Recording) -> None:
        """Download a recording that is available, and check that it arrived whole. Doing it again does nothing."""
        with self._lock:  # callbacks may come twice, and at the same time
            if recording.status == "saved":
                return
            try:
                self._download(recording)
            except (requests.RequestException, ValueError) as error:
                recording.status, recording.problem = "failed", str(error)
            else:
                recording.status, recording.problem = "saved", ""

    def _download(self, recording: Recording) -> None:
        # The link in the callback is good for ten minutes, and callbacks may come later than that: ask for a new one.
        archive = self._video.get_archive(recording.id)
        response = requests.get(archive.url, timeout=DOWNLOAD_SECONDS)
        response.raise_for_status()
        content = response.content
        if len(content) != archive.size:
            raise ValueError(f"the file has {len(content)} bytes instead of {archive.size}")
        if base64.b64encode(hashlib.sha256(content).digest()).decode() != archive.sha256_sum:
            raise ValueError("the file has another checksum than the recording")
        self.file(recording).write_bytes(content)
        recording.size = len(content)
