"""Fixtures for the tests that drive a real emulator process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from emulator.client import ApplicationClient
from emulator.testing import Server, running_server

pytest_plugins = ["pytester"]


LONGEST_FIRST = ("sdk", "store", "dashboard", "docs", "client", "emulator")
"""Folders whose files take longest: what is quick fills the gaps at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first."""

    def place(item: pytest.Item) -> int:
        below = (index for index, each in enumerate(LONGEST_FIRST) if item.nodeid.startswith(f"tests/{each}/"))
        return next(below, len(LONGEST_FIRST))

    items.sort(key=place)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps the tests of a file in one process, and the SDK suites, whose results are looked at together, in one."""

    def _split_scope(self, nodeid: str) -> str:
        return "sdk" if nodeid.startswith("tests/sdk/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Return what shares the tests out; xdist's own groups are not read with pytest 9.2."""
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One emulator process for the whole run: applications keep tests apart."""
    with running_server() as server:
        yield server


@pytest.fixture
def application(server: Server) -> ApplicationClient:
    """A new application, with every option at its default."""
    return server.emulator.application("test")
