"""A local emulator, an application whose connectors are real, and a session of two."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.connectors.connecting import RealTenant
from tests.emulator.local import emulator


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A local emulator with its defaults."""
    with emulator() as client:
        yield client


@pytest.fixture
def tenant(client: TestClient) -> RealTenant:
    """An application whose connectors are real."""
    return RealTenant(client, real=["connector"])


@pytest.fixture
def session(tenant: RealTenant) -> str:
    """A session of two."""
    return tenant.session(join=2)
