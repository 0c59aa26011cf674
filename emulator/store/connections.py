"""Connections to PostgreSQL, and the threads that wait for what it answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakSet

import psycopg
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from emulator.store.base import StoreError, StoreUnavailableError

CONNECT_SECONDS = 5

OPTIONS = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
"""Of each connection: a replica that hangs must not keep the others waiting for ever."""

TRIES = 3
"""How often a connection is tried, `PAUSE` s apart, before who asked is told that the store is unavailable."""

PAUSE = 0.3


OLDEST = 12
"""The oldest version of PostgreSQL that is taken."""


def require_usable(url: URL) -> None:
    """Look whether a database can keep the world. Raises `StoreError` with what is needed, in a line."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    # Text is bytes to psycopg where the database has no encoding: SQLAlchemy would fail at its first look.
    with contextlib.closing(
        psycopg.connect(plain, connect_timeout=CONNECT_SECONDS, client_encoding="utf8", autocommit=True)
    ) as connection:
        version = connection.info.server_version // 10_000
        if version < OLDEST:
            raise StoreError(f"the server is PostgreSQL {version}; {OLDEST} or newer is needed")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(
                f"the database has the encoding {encoding}, and UTF8 is needed: "
                f"CREATE DATABASE {url.database or 'name'} ENCODING 'UTF8' TEMPLATE template0"
            )
        found = connection.execute(_RIGHTS).fetchone()
        assert found is not None
        read_only, schema, may_create, has_tables, user = found
        if read_only == "on":
            raise StoreError("the database can only be read (a standby, or set so); name one that can be written")
        if schema is None:
            raise StoreError("no schema of the database's search_path is there; make one, or set search_path")
        if not has_tables and not may_create:
            raise StoreError(f"{user} may not make tables: GRANT CREATE ON SCHEMA {schema} TO {user}")


_RIGHTS = """
    SELECT current_setting('transaction_read_only'), current_schema(),
           coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
           to_regclass('emulator_schema') IS NOT NULL, current_user
"""


def cut(connection: psycopg.Connection[Any]) -> None:
    """Break a connection that another thread may be using: it waits for the database no longer."""
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


class Connections:
    """At most `most` connections to one database, and `workers` threads that work with them."""

    def __init__(self, url: URL, most: int, workers: int) -> None:
        self.engine = create_engine(
            url,
            pool_size=most,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_SECONDS, "options": OPTIONS},
        )
        self._open: WeakSet[psycopg.Connection[Any]] = WeakSet()
        event.listen(self.engine, "do_connect", self._look_for_end)
        event.listen(self.engine, "connect", lambda connection, _: self._open.add(connection))
        self._threads = ThreadPoolExecutor(workers, "store")
        self._ending = False

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do work in a thread, to its end, even where who asked gives up. Raises `StoreUnavailableError`."""
        task = asyncio.ensure_future(asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments))
        try:
            return await asyncio.shield(task)
        except SQLAlchemyError as error:
            raise StoreUnavailableError(f"the store cannot be reached: {explain(error)}") from None

    def connect(self) -> Connection:
        """Return a connection, in a thread. Raises `OperationalError`."""
        for left in reversed(range(TRIES)):
            try:
                return self.engine.connect()
            except OperationalError:
                if not left or self._ending:
                    raise
                time.sleep(PAUSE)
        raise AssertionError

    def connect_to_read(self) -> Connection:
        """Return a connection whose queries all see the database as it was at the first. Raises `OperationalError`."""
        return self.connect().execution_options(isolation_level="REPEATABLE READ")

    def _look_for_end(self, *_: Any) -> None:
        """Refuse to make a connection in place of one that was cut off."""
        if self._ending:
            raise psycopg.OperationalError("the emulator is stopping")

    async def end(self) -> None:
        """End, whatever the database is waited for."""
        self._ending = True
        for connection in list(self._open):
            cut(connection)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self.engine.dispose()


def explain(error: Exception) -> str:
    """Say in one line what the database said."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
