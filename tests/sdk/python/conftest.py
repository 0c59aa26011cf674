"""Fixtures of the suite that drives the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_video.models import SessionOptions

from emulator.client import ApplicationClient, Participant
from emulator.testing import Server
from tests.sdk.python.client import connect


@pytest.fixture(autouse=True)
def trust(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `requests`, which the SDK uses, trust the emulator's certificate and go to it directly."""
    for name, value in server.trust.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def video(server: Server, application: ApplicationClient) -> Video:
    """The SDK with the credentials of this test's application."""
    return connect(server, application.id, application.private_key)


@pytest.fixture
def session_id(video: Video) -> str:
    """A routed session in which nobody is yet."""
    return str(video.create_session().session_id)


@pytest.fixture
def relayed(video: Video) -> str:
    """A relayed session."""
    return str(video.create_session(SessionOptions(media_mode="relayed")).session_id)


@pytest.fixture
def people(application: ApplicationClient, session_id: str) -> list[Participant]:
    """Two participants in `session_id`, each with one camera."""
    return application.join(session_id, 2)
