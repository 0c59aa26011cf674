"""What a replica hears of the others: news over LISTEN/NOTIFY, and which of them have died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import orjson
import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from emulator.store.connections import CONNECT_SECONDS, cut

log = logging.getLogger("emulator")

CHANNEL = "emulator"

LISTEN_SECONDS = 1.0
"""s between two looks at who lives."""

GRACE_SECONDS = 3.0
"""s that replicas have to come back after the database did, before others take over what they were to send."""

LOCKS = 0x76766531
"""The class of the advisory locks that say which replicas live."""


class Subscriber(Protocol):
    """Who is told, on the event loop."""

    def hear_all(self) -> None:
        """Anything may be news: the listener has just begun to listen."""

    def hear(self, application_id: str) -> None:
        """Another replica did something to an application."""

    def take_over(self, dead: str) -> None:
        """A replica has died that was to send callbacks."""


def tell(connection: Connection, application_id: str, replica: str) -> None:
    """Tell the other replicas, when the transaction commits, that something was done to an application."""
    news = orjson.dumps([application_id, replica]).decode()
    connection.execute(text("SELECT pg_notify(:channel, :news)"), {"channel": CHANNEL, "news": news})


class Listener:
    """A thread with a connection of its own, whose lock says that `replica` lives."""

    def __init__(self, url: URL, replica: str, told: Subscriber) -> None:
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._replica = replica
        self._told = told
        self._ending = threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._listen, name="replicas", daemon=True)

    @property
    def is_ending(self) -> bool:
        """Whether it was told to end."""
        return self._ending.is_set()

    def start(self) -> None:
        """Begin to listen, and to tell it on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def end(self) -> None:
        """Let it end, whatever it waits for."""
        self._ending.set()
        if self._connection is not None:
            cut(self._connection)

    async def ended(self) -> None:
        """Wait until it has ended."""
        await asyncio.to_thread(self._thread.join)

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
                    self._connection = connection
                    connection.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS, int(self._replica)))
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._tell(self._told.hear_all)
                    self._listen_on(connection)
            except psycopg.Error as error:
                if not self._ending.is_set():
                    log.warning("the store cannot be listened to: %s", str(error).strip())
                    self._ending.wait(LISTEN_SECONDS)

    def _listen_on(self, connection: psycopg.Connection[Any]) -> None:
        patient_until = time.monotonic() + GRACE_SECONDS
        while not self._ending.is_set():
            for note in connection.notifies(timeout=LISTEN_SECONDS):
                application_id, replica = orjson.loads(note.payload)
                if replica != self._replica:
                    self._tell(self._told.hear, application_id)
                if self._ending.is_set():
                    return
            if time.monotonic() < patient_until:
                continue
            senders = connection.execute("SELECT DISTINCT owner FROM emulator_record WHERE owner IS NOT NULL")
            for (owner,) in senders.fetchall():
                if owner != self._replica and self._is_dead(connection, int(owner)):
                    self._tell(self._told.take_over, owner)

    def _is_dead(self, connection: psycopg.Connection[Any], replica: int) -> bool:
        """Tell whether nobody holds the lock of a replica any more."""
        got = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCKS, replica)).fetchone()
        if got is None or not got[0]:
            return False
        connection.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCKS, replica))
        return True

    def _tell(self, work: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(work, *arguments)
