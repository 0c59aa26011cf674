"""Local emulators, one for a module, and a tenant for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.emulator.local import Tenant, emulator


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A local emulator with its defaults."""
    with emulator() as client:
        yield client


@pytest.fixture
def tenant(client: TestClient) -> Tenant:
    """A new application whose processing takes no time."""
    return Tenant(client)
