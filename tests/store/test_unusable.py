"""Databases that cannot keep the world: one line says what is needed, and nothing is changed."""

from __future__ import annotations

import uuid
from pathlib import Path

import psycopg
import pytest

from emulator.app import create_app
from emulator.settings import Settings
from emulator.store.base import StoreError
from tests.store import postgres
from tests.store.process import Process

USER = "a-user"


def made(server: postgres.Server, made_with: str, *changes: str, user: str = "emulator") -> str:
    """Make a database and change it as the texts say, where {name} is its own; return its URL for a user."""
    name = f"db-{uuid.uuid4()}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" {made_with}')
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (USER,)).fetchone():
            connection.execute(f'CREATE ROLE "{USER}" LOGIN')
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        for change in changes:
            connection.execute(change.format(name=f'"{name}"', user=f'"{USER}"'))
    return server.url(name).replace("emulator@", f"{user}@")


UNUSABLE = {
    "no encoding": ("ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'", (), "UTF8 is needed"),
    "latin 1": ("ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'", (), "UTF8 is needed"),
    "cyrillic": ("ENCODING 'KOI8R' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'", (), "UTF8 is needed"),
    "japanese": ("ENCODING 'EUC_JP' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'", (), "UTF8 is needed"),
    "read only": ("", ("ALTER DATABASE {name} SET default_transaction_read_only = on",), "can only be read"),
    "no schema": ("", ("ALTER DATABASE {name} SET search_path = nowhere",), "search_path"),
    "no right to make tables": ("", ("REVOKE CREATE ON SCHEMA public FROM PUBLIC",), "GRANT CREATE ON SCHEMA public"),
    "no right to connect": ("", ("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",), "permission denied"),
    "no right to read": (
        "",
        ("CREATE TABLE emulator_schema (version integer PRIMARY KEY)", "GRANT CREATE ON SCHEMA public TO PUBLIC"),
        "permission denied for table emulator_schema",
    ),
    "somebody else's table": (
        "",
        (
            "CREATE TABLE emulator_schema (other text)",
            "GRANT ALL ON emulator_schema TO {user}",
            "GRANT CREATE ON SCHEMA public TO {user}",
        ),
        "does not exist",
    ),
    "nobody may connect": ("", ("ALTER DATABASE {name} CONNECTION LIMIT 0",), "too many connections"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_database_that_cannot_be_used_is_refused_in_a_line(postgres_server: postgres.Server, case: str) -> None:
    made_with, changes, needed = UNUSABLE[case]
    url = made(postgres_server, made_with, *changes, user=USER)
    with pytest.raises(StoreError, match=needed) as refused:
        create_app(Settings(store=url))
    assert "\n" not in str(refused.value)


def test_a_replica_says_which_encoding_is_needed_and_ends(postgres_server: postgres.Server, tmp_path: Path) -> None:
    url = made(postgres_server, "ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    process = Process(tmp_path, "--store", url)
    with pytest.raises(AssertionError, match="did not start"):
        process.start()
    (line,) = process.output.strip().splitlines()
    assert "UTF8" in line
