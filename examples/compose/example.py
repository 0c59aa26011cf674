"""An ordinary program that uses the vonage SDK, run against the emulator: a session, a participant, an archive."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from pathlib import Path
from typing import Any

from vonage import Auth, HttpClientOptions, Vonage
from vonage_video.models import CreateArchiveRequest

APPLICATION = "00000000-0000-4000-8000-000000000001"  # the emulator's well-known application
HTTP = os.environ.get("EMULATOR_HTTP", "http://localhost:8080")
HTTPS_HOST = os.environ.get("EMULATOR_HTTPS_HOST", "localhost:8443")
PRIVATE_KEY = os.environ.get("PRIVATE_KEY_FILE", str(Path("~/.vonage-video-emulator/well-known.key").expanduser()))


def control(method: str, path: str, body: Any = None) -> Any:
    """Ask the emulator for what the real service has people for: joining a session."""
    request = urllib.request.Request(
        f"{HTTP}/_emulator/applications/{APPLICATION}/{path}",
        method=method,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def main() -> None:
    """Record a session with one participant and wait until the recording can be fetched."""
    video = Vonage(
        Auth(application_id=APPLICATION, private_key=PRIVATE_KEY), HttpClientOptions(video_host=HTTPS_HOST)
    ).video

    session = video.create_session().session_id
    print("session", session)

    control("POST", f"sessions/{session}/participants", {"count": 1})
    print("streams", [stream.id for stream in video.list_streams(session)])

    archive = video.start_archive(CreateArchiveRequest(session_id=session, name="example"))
    print("archive", archive.id, archive.status.value)

    print("archive", archive.id, video.stop_archive(archive.id).status.value)
    deadline = time.monotonic() + 30
    while (status := video.get_archive(archive.id).status.value) != "available":
        if time.monotonic() > deadline:
            raise SystemExit(f"the archive is still {status}")
        time.sleep(0.1)
    print("archive", archive.id, status)


if __name__ == "__main__":
    main()
