"""Fixtures for the tests that drive a real emulator process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.client import ApplicationClient
from emulator.testing import Server, running_server

pytest_plugins = ["pytester"]

SDK_SUITES = Path(__file__).parent / "sdk"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, and the SDK suites, whose results are looked at together, in one."""
    for item in items:
        group = "sdk" if SDK_SUITES in item.path.parents else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One emulator process for the whole run: applications keep tests apart."""
    with running_server() as server:
        yield server


@pytest.fixture
def application(server: Server) -> ApplicationClient:
    """A new application, with every option at its default."""
    return server.emulator.application("test")
