"""Local emulators, one for a module, and a tenant for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.spec import errors
from emulator.spec.operations import Operation
from emulator.spec.responses import ErrorBody
from emulator.testing.receiver import Receiver
from state.errors import ServiceError
from tests.emulator.faulty import driver
from tests.emulator.local import Tenant, emulator
from tests.scenarios.driver import Driver


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A local emulator with its defaults."""
    with emulator() as client:
        yield client


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does: an operation refuses only what it declares to refuse."""
    undeclared: list[str] = []
    translate = errors.of_exception

    def watched(error: Exception, operation: Operation | None, *rest: Any, **named: Any) -> ErrorBody:
        if operation is not None and isinstance(error, ServiceError):
            reason = type(error), getattr(error, "kind", "")
            if reason not in [(type(each), getattr(each, "kind", "")) for each in operation.refusals]:
                undeclared.append(f"{operation.id}: {error!r} {reason[1]}")
        return translate(error, operation, *rest, **named)

    monkeypatch.setattr(errors, "of_exception", watched)
    yield
    assert not undeclared


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
