"""The unmodified `vonage` client pointed at the emulator, and how its answers are looked at."""

from __future__ import annotations

import time
import uuid
from typing import Any

from vonage import Auth, HttpClientOptions, Video, Vonage
from vonage_video.models import TokenOptions

from emulator.testing import Server


def connect(server: Server, application_id: str, private_key: str) -> Video:
    """Return the SDK's video client; it speaks HTTPS only, so the CA must be trusted through REQUESTS_CA_BUNDLE."""
    auth = Auth(application_id=application_id, private_key=private_key)
    return Vonage(auth, HttpClientOptions(video_host=server.https_host, timeout=30)).video


def client_token(video: Video, session_id: str, role: str = "publisher", **options: Any) -> str:
    """Return a token a client would connect with, made by the SDK."""
    token: bytes = video.generate_client_token(TokenOptions(session_id=session_id, role=role, **options))
    return token.decode()


def body(video: Video) -> Any:
    """Return the last answer as JSON, with the keys the SDK's models drop."""
    return video.http_client.last_response.json()


def status(video: Video) -> int:
    """Return the HTTP status of the last answer."""
    code: int = video.http_client.last_response.status_code
    return code


def is_lower_uuid(text: str | None) -> bool:
    """Tell whether `text` is a UUID in lower case, as typed SDKs need their ids."""
    try:
        return text is not None and str(uuid.UUID(text)) == text
    except ValueError:
        return False


class Moment:
    """The time in ms before a call, to compare a timestamp in its answer with."""

    def __init__(self) -> None:
        self.before = self._now()

    def saw(self, stamp: int | None) -> bool:
        """Tell whether `stamp` is in ms and between the making of this moment and now."""
        return stamp is not None and self.before <= stamp <= self._now()

    def saw_second(self, stamp: int | None) -> bool:
        """Tell whether `stamp` is such a time rounded, down or up, to a whole second."""
        return stamp is not None and stamp % 1000 == 0 and self.before - 1000 < stamp < self._now() + 1000

    @staticmethod
    def _now() -> int:
        return time.time_ns() // 1_000_000
