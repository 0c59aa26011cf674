"""A program that cannot be told where the API is: its SDKs ask api.opentok.com and video.api.vonage.com over HTTPS."""

from __future__ import annotations

import os
import time
from pathlib import Path

from opentok import Client, MediaModes
from vonage import Auth, Vonage
from vonage_video.models import CreateArchiveRequest

APPLICATION = "00000000-0000-4000-8000-000000000001"  # the emulator's well-known application
API_KEY, API_SECRET = "10000001", "well-known-secret-for-tests-only-10000001"  # the same one, as an OpenTok project
PRIVATE_KEY = os.environ.get("PRIVATE_KEY_FILE", str(Path("~/.vonage-video-emulator/well-known.key").expanduser()))


def main() -> None:
    """Record a session with each SDK; the emulator lets somebody join every new one (`--auto-participants`)."""
    opentok = Client(API_KEY, API_SECRET)
    session = opentok.create_session(media_mode=MediaModes.routed).session_id
    archive = opentok.start_archive(session, name="no host")
    print("api.opentok.com:", archive.status, opentok.stop_archive(archive.id).status)

    video = Vonage(Auth(application_id=APPLICATION, private_key=PRIVATE_KEY)).video
    made = video.start_archive(CreateArchiveRequest(session_id=video.create_session().session_id))
    video.stop_archive(made.id)
    deadline = time.monotonic() + 30
    while (status := video.get_archive(made.id).status.value) != "available":
        if time.monotonic() > deadline:
            raise SystemExit(f"the archive is still {status}")
        time.sleep(0.1)
    print("video.api.vonage.com:", status)


if __name__ == "__main__":
    main()
