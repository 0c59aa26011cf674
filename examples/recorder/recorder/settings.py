"""What the service has to be told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The Vonage application, and the folder that keeps recordings.

    `private_key` is the key itself or the path of its file; `video_host` is the real service, except in tests.
    """

    application_id: str
    private_key: str
    signature_secret: str
    folder: Path
    video_host: str = "video.api.vonage.com"

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the settings from the environment. Raises KeyError for one that is missing."""
        return cls(
            application_id=os.environ["VONAGE_APPLICATION_ID"],
            private_key=os.environ["VONAGE_PRIVATE_KEY"],
            signature_secret=os.environ["VONAGE_SIGNATURE_SECRET"],
            folder=Path(os.environ.get("RECORDINGS", "recordings")),
            video_host=os.environ.get("VONAGE_VIDEO_HOST", cls.video_host),
        )
