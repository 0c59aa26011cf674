"""Two replicas on one PostgreSQL, as one client that sends each request to the one or the other in turn."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from httpx2 import Response
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.settings import Settings

VARIABLE = "TESTED_DATABASE_SERVER"
"""The URL of a PostgreSQL server, in the environment: the tests of the emulator run against two replicas on it."""


class Alternating(TestClient):
    """A client of the first replica that lets the second one answer every other request."""

    other: TestClient
    turn = 0

    def request(self, *arguments: Any, **options: Any) -> Response:
        """Send a request to whose turn it is."""
        self.turn += 1
        return self.other.request(*arguments, **options) if self.turn % 2 else super().request(*arguments, **options)


@contextmanager
def replicas(server: str, **settings: Any) -> Iterator[TestClient]:
    """Run two replicas with these settings on a new database of the server."""
    name = f"contract-{uuid.uuid4()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    store = f"{server.rpartition('/')[0]}/{name}"
    apps = [create_app(Settings(store=store, **settings)) for _ in range(2)]
    with (
        Alternating(apps[0], raise_server_exceptions=False) as first,
        TestClient(apps[1], raise_server_exceptions=False) as first.other,
    ):
        yield first
