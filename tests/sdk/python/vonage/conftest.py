"""Fixtures of the suite that drives the `vonage` package."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from vonage import Video
from vonage_video.models import SessionOptions

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.sdk.conftest import suite
from tests.sdk.python.vonage.client import connect
from tests.sdk.results import Results, Sdk


@pytest.fixture(autouse=True, scope="package")
def sdk(request: pytest.FixtureRequest, sdk_results: Results) -> Iterator[Sdk]:
    """The SDK that this suite drives."""
    driven = Sdk("vonage-python", version("vonage"), agent="vonage-python-sdk")
    yield from suite(request, sdk_results, driven, Path(__file__).parent)


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
