"""Fixtures for the tests that drive a real emulator process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server import Application, Server, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One emulator process for the whole run: applications keep tests apart."""
    with running_server(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture
def application(server: Server) -> Application:
    """A new application, with every option at its default."""
    return server.new_application()
