"""Fixtures of the suite that drives the `opentok` package."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from opentok import Client, MediaModes

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.sdk.conftest import suite
from tests.sdk.python.opentok.client import connect
from tests.sdk.results import Results, Sdk


@pytest.fixture(autouse=True, scope="package")
def sdk(request: pytest.FixtureRequest, sdk_results: Results) -> Iterator[Sdk]:
    """The SDK that this suite drives."""
    driven = Sdk("opentok-python", version("opentok"), agent="OpenTok-Python-SDK")
    yield from suite(request, sdk_results, driven, Path(__file__).parent)


@pytest.fixture
def opentok(server: Server, application: ApplicationClient) -> Client:
    """The SDK with the api key and secret of this test's application."""
    return connect(server, application.api_key, application.api_secret)


@pytest.fixture
def session_id(opentok: Client) -> str:
    """A routed session in which nobody is yet."""
    return str(opentok.create_session(media_mode=MediaModes.routed).session_id)


@pytest.fixture
def relayed(opentok: Client) -> str:
    """A relayed session, which is what this SDK makes by default."""
    return str(opentok.create_session().session_id)
