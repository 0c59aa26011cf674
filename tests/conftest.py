"""Fixtures for the tests that drive a real emulator process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.client import ApplicationClient
from emulator.testing import Server, running_server

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One emulator process for the whole run: applications keep tests apart."""
    with running_server() as server:
        yield server


@pytest.fixture
def application(server: Server) -> ApplicationClient:
    """A new application, with every option at its default."""
    return server.emulator.application("test")
