"""One PostgreSQL server for the whole run, and a new database for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.store import postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A running server."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def database(postgres_server: postgres.Server) -> str:
    """The URL of an empty database."""
    return postgres_server.new_database(f"test{next(_numbers)}")
