"""Local emulators, one for a module, and a tenant for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from emulator.testing.receiver import Receiver
from tests.emulator.faulty import driver
from tests.emulator.local import Tenant, emulator
from tests.scenarios.driver import Driver


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A local emulator with its defaults."""
    with emulator() as client:
        yield client


@pytest.fixture
def tenant(client: TestClient) -> Tenant:
    """A new application whose processing takes no time."""
    return Tenant(client)


@pytest.fixture
def user(tenant: Tenant) -> Driver:
    """A user of that application."""
    return driver(tenant)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 200."""
    with Receiver() as receiver:
        yield receiver
