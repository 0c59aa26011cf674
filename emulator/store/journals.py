"""The journals that replicas keep together: the database numbers each exchange."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, delete, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from emulator.store.base import StoreUnavailableError
from emulator.store.connections import Connections
from emulator.store.database import EXCHANGES, JOURNALS, PRUNE_EVERY
from state import documents
from state.application import Application
from state.journal import Exchange

log = logging.getLogger("emulator")


class Journals:
    """The journals of all applications, as one replica keeps and reads them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._unkept: dict[str, list[Exchange]] = {}
        self._keeping: WeakKeyDictionary[Application, asyncio.Lock] = WeakKeyDictionary()

    async def save_exchange(self, app: Application, exchange: Exchange) -> None:
        """Keep an exchange, for all replicas to see; one that cannot be kept is lost, with a line in the log."""
        waiting = self._unkept.setdefault(app.id, [])
        waiting.append(exchange)
        async with self._keeping.setdefault(app, asyncio.Lock()):
            if self._unkept.get(app.id) is not waiting:
                return  # kept together with another one
            del self._unkept[app.id]
            try:
                await self._connections.run(self._add_exchanges, app.id, waiting, app.journal.size)
            except StoreUnavailableError as error:
                log.warning("%d exchanges of application %s are not in its journal: %s", len(waiting), app.id, error)

    def _add_exchanges(self, application_id: str, exchanges: list[Exchange], kept: int) -> None:
        with self._connections.connect() as connection:
            connection.execute(text("SET LOCAL synchronous_commit = off"))
            with contextlib.suppress(IntegrityError):  # the application was deleted meanwhile
                add_exchanges(connection, application_id, exchanges, kept)
                connection.commit()

    async def read(self, *apps: Application) -> None:
        """Read the exchanges that are newer than those in memory. Raises `StoreUnavailableError`."""
        journals = {app.id: app.journal for app in apps}
        known = {application_id: (journal.last, journal.size) for application_id, journal in journals.items()}
        lasts, newer = await self._connections.run(self._exchanges, known)
        for application_id, journal in journals.items():  # a reset meanwhile begins another one
            for exchange in newer.get(application_id, ()):
                if exchange.number > journal.last:
                    journal.put(exchange)
            journal.last = max(journal.last, lasts.get(application_id, 0))

    def _exchanges(self, known: dict[str, tuple[int, int]]) -> tuple[dict[str, int], dict[str, list[Exchange]]]:
        """Return the number of the last exchange, and those newer than a number: at most as many as are kept."""
        with self._connections.connect() as connection:
            lasts = last_exchanges(connection, list(known))
            behind = {each: known[each] for each, last in lasts.items() if last > known[each][0]}
            return lasts, {each: exchanges(connection, each, after, most) for each, (after, most) in behind.items()}


_ADD_EXCHANGE = EXCHANGES.insert().inline()
_INSERT = postgresql.insert(JOURNALS)
_COUNT = _INSERT.on_conflict_do_update(
    index_elements=["application_id"], set_={"last": JOURNALS.c.last + _INSERT.excluded.last}
).returning(JOURNALS.c.last)


def add_exchanges(connection: Connection, application_id: str, exchanges: list[Exchange], kept: int) -> None:
    """Number exchanges and keep them, and at least `kept` of those before."""
    last = connection.execute(_COUNT, {"application_id": application_id, "last": len(exchanges)}).scalar_one()
    before = last - len(exchanges)
    for number, exchange in enumerate(exchanges, before + 1):
        exchange.number = number
    connection.execute(
        _ADD_EXCHANGE,
        [
            {"application_id": application_id, "number": each.number, "document": documents.write(each).decode()}
            for each in exchanges
        ],
    )
    if last // PRUNE_EVERY > before // PRUNE_EVERY:
        old = (EXCHANGES.c.application_id == application_id) & (EXCHANGES.c.number <= last - kept)
        connection.execute(delete(EXCHANGES).where(old))


def last_exchanges(connection: Connection, application_ids: Sequence[str]) -> dict[str, int]:
    """Return the numbers of the last exchanges in the journals of applications, by their ids."""
    query = select(JOURNALS.c.application_id, JOURNALS.c.last).where(JOURNALS.c.application_id.in_(application_ids))
    return {row.application_id: row.last for row in connection.execute(query)}


def exchanges(connection: Connection, application_id: str, after: int, most: int) -> list[Exchange]:
    """Return the exchanges with a number above `after`, oldest first, at most the newest `most`."""
    query = (
        select(EXCHANGES.c.document)
        .where((EXCHANGES.c.application_id == application_id) & (EXCHANGES.c.number > after))
        .order_by(EXCHANGES.c.number.desc())
        .limit(most)
    )
    found = [documents.read_exchange(orjson.loads(text)) for text in connection.execute(query).scalars()]
    return found[::-1]
