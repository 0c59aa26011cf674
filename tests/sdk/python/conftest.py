"""What the suites of the Python SDKs share; each has fixtures `sdk`, which says what it drives, and `session_id`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.client import ApplicationClient, Participant
from emulator.testing import Server
from tests.sdk.conftest import PASSED
from tests.sdk.results import Results, Sdk


@pytest.fixture
def application(
    request: pytest.FixtureRequest, server: Server, sdk: Sdk, sdk_results: Results
) -> Iterator[ApplicationClient]:
    """A new application, whose journal tells afterwards what the SDK called."""
    test = f"{request.path.name}::{request.node.name}"
    application = server.emulator.application(f"{sdk.name}: {test}")
    yield application
    passed = request.node.stash.get(PASSED, False)
    sdk_results.of_application(server, sdk, test, application.id, passed=passed)


@pytest.fixture(autouse=True)
def trust(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `requests`, which the SDKs use, trust the emulator's certificate and go to it directly."""
    for name, value in server.trust.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def people(application: ApplicationClient, session_id: str) -> list[Participant]:
    """Two participants in `session_id`, each with one camera."""
    return application.join(session_id, 2)
