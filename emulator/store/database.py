"""The mirror of the world in a database: one mapping for SQLite and PostgreSQL.

An application is a row with its version and where it stands; each of its records is a row with the version that wrote
it last. What a record is stands in its document (state/documents.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Index, Integer, Text, UniqueConstraint, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from emulator.faults.faulting import Faulting
from emulator.store import StoreError
from state import documents
from state.application import Application
from state.documents import STORED, BadDocument, Row
from state.errors import ApplicationExists
from state.journal import Exchange
from state.world import World

SCHEMA = 1
"""The version of the tables."""

FAULTS = "faults"
IDENTITY = "identity"
"""Kinds of rows besides those of `STORED`: there is one of each, with an empty id."""

PRUNE_EVERY = 500
"""Versions after which the events that the ring has given up are deleted."""


class StoredSchema(SQLModel, table=True):
    """The version of the tables: one row."""

    __tablename__ = "emulator_schema"

    version: int = Field(primary_key=True)


class StoredApplication(SQLModel, table=True):
    """An application, and where it stands.

    What is gone since the version `since` is told by empty records; who is further behind reads everything.
    """

    __tablename__ = "emulator_application"

    id: str = Field(primary_key=True)
    api_key: str
    version: int
    since: int = 0
    head: str = Field(sa_column=Column(Text, nullable=False))


class StoredRecord(SQLModel, table=True):
    """A record; `seq` keeps the order in which they were made.

    `document` is empty where the record is gone (so that replicas learn of it), `owner` the replica that is to send a
    callback.
    """

    __tablename__ = "emulator_record"
    __table_args__ = (
        UniqueConstraint("application_id", "kind", "id"),
        Index("emulator_record_version", "application_id", "version"),
        Index("emulator_record_owner", "owner"),
    )

    seq: int | None = Field(default=None, primary_key=True)
    application_id: str
    kind: str
    id: str
    version: int
    document: str | None = Field(sa_column=Column(Text))
    owner: str | None = None


class StoredJournal(SQLModel, table=True):
    """The journal of an application: the number of its last exchange."""

    __tablename__ = "emulator_journal"

    application_id: str = Field(primary_key=True)
    last: int


class StoredExchange(SQLModel, table=True):
    """An exchange of an application's journal."""

    __tablename__ = "emulator_exchange"
    __table_args__ = (UniqueConstraint("application_id", "number"),)

    seq: int | None = Field(default=None, primary_key=True)
    application_id: str
    number: int = Field(sa_column=Column(Integer, nullable=False))
    document: str = Field(sa_column=Column(Text, nullable=False))


SCHEMAS = SQLModel.metadata.tables[StoredSchema.__tablename__]
APPLICATIONS = SQLModel.metadata.tables[StoredApplication.__tablename__]
RECORDS = SQLModel.metadata.tables[StoredRecord.__tablename__]
JOURNALS = SQLModel.metadata.tables[StoredJournal.__tablename__]
EXCHANGES = SQLModel.metadata.tables[StoredExchange.__tablename__]


@dataclass(slots=True)
class Item:
    """What one unit of work did, ready to be written. `owners` are the replicas that are to send callbacks, by id.

    `events_from` is the number of the first event that is kept, `exchange` that of the last exchange.
    """

    application_id: str
    api_key: str
    version: int
    head: bytes
    rows: list[Row] = field(default_factory=list)
    reset: bool = False
    deleted: bool = False
    events_from: int = 0
    exchange: int = 0
    owners: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """An application as it was found: `rows` are those written after the version asked for, in their order.

    `whole`: they are all there is, whatever was asked for.
    """

    id: str
    version: int
    whole: bool
    head: bytes
    rows: Sequence[tuple[Row, str | None]]


def make_tables(connection: Connection) -> None:
    """Make the tables where there are none. Raises `StoreError` for those of another version."""
    SQLModel.metadata.create_all(connection, tables=[SCHEMAS, APPLICATIONS, RECORDS, JOURNALS, EXCHANGES])
    versions = list(connection.execute(select(SCHEMAS.c.version)).scalars())
    if not versions:
        connection.execute(SCHEMAS.insert().values(version=SCHEMA))
    elif versions != [SCHEMA]:
        newer = "a newer" if max(versions) > SCHEMA else "an older"
        raise StoreError(
            f"its tables are of {newer} emulator (schema {max(versions)}, this one reads {SCHEMA}); "
            "use that version to export a snapshot, or another database"
        )


def write(connection: Connection, item: Item, *, tombstones: bool) -> None:
    """Write what a unit of work did. `tombstones`: what is gone stays as an empty row, for replicas to learn of."""
    where = RECORDS.c.application_id == item.application_id
    if item.deleted:
        for table in (RECORDS, JOURNALS, EXCHANGES):
            connection.execute(delete(table).where(table.c.application_id == item.application_id))
        connection.execute(delete(APPLICATIONS).where(APPLICATIONS.c.id == item.application_id))
        return
    insert = _insert(connection)
    head = item.head.decode()
    changed: dict[str, Any] = {"api_key": item.api_key, "version": item.version, "head": head}
    if item.reset:
        changed["since"] = item.version
    values = {"id": item.application_id, "since": 0, **changed}
    connection.execute(insert(APPLICATIONS).values(values).on_conflict_do_update(index_elements=["id"], set_=changed))
    if item.reset:
        connection.execute(delete(RECORDS).where(where & RECORDS.c.kind.not_in((IDENTITY, "checkpoint"))))
        connection.execute(delete(EXCHANGES).where(EXCHANGES.c.application_id == item.application_id))
        journal = insert(JOURNALS).values(application_id=item.application_id, last=item.exchange)
        connection.execute(
            journal.on_conflict_do_update(index_elements=["application_id"], set_={"last": item.exchange})
        )
    gone = [row for row in item.rows if row.document is None]
    if gone and not tombstones:
        for row in gone:
            connection.execute(delete(RECORDS).where(where & (RECORDS.c.kind == row.kind) & (RECORDS.c.id == row.id)))
    rows = [
        {
            "application_id": item.application_id,
            "kind": row.kind,
            "id": row.id,
            "version": item.version,
            "document": None if row.document is None else row.document.decode(),
            "owner": item.owners.get(row.id) if row.kind == "callback" else None,
        }
        for row in item.rows
        if row.document is not None or tombstones
    ]
    if rows:
        statement = insert(RECORDS)
        statement = statement.on_conflict_do_update(
            index_elements=["application_id", "kind", "id"],
            set_={name: statement.excluded[name] for name in ("version", "document", "owner")},
        )
        connection.execute(statement, rows)
    if item.version % PRUNE_EVERY == 0:
        _prune(connection, item)


def _insert(connection: Connection) -> Any:
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


def _prune(connection: Connection, item: Item) -> None:
    """Delete the events that are no longer kept, and what says of long gone records that they are gone."""
    since = item.version - KEPT_TOMBSTONES
    connection.execute(
        text(
            "DELETE FROM emulator_record WHERE application_id = :app AND ("
            "(kind = 'event' AND CAST(id AS INTEGER) < :first) OR (document IS NULL AND version <= :since))"
        ),
        {"app": item.application_id, "first": item.events_from, "since": since},
    )
    connection.execute(
        update(APPLICATIONS)
        .where((APPLICATIONS.c.id == item.application_id) & (APPLICATIONS.c.since < since))
        .values(since=since)
    )


KEPT_TOMBSTONES = 10_000
"""Versions for which it is kept that a record is gone."""


def read(connection: Connection, application_id: str, after: int = -1, *, lock: bool = False) -> Found | None:
    """Return an application with the rows written after a version, None when there is none.

    `lock`: nobody else reads it so until the transaction ends.
    """
    query = select(APPLICATIONS).where(APPLICATIONS.c.id == application_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    if row.version == after:
        return Found(row.id, row.version, False, row.head.encode(), ())
    after = -1 if after < row.since else after
    columns = (RECORDS.c.kind, RECORDS.c.id, RECORDS.c.document, RECORDS.c.owner)
    newer = (
        select(*columns)
        .where((RECORDS.c.application_id == application_id) & (RECORDS.c.version > after))
        .order_by(RECORDS.c.seq)
    )
    if after < 0:
        newer = newer.where(RECORDS.c.document.is_not(None))
    rows = [
        (Row(each.kind, each.id, None if each.document is None else each.document.encode()), each.owner)
        for each in connection.execute(newer)
    ]
    return Found(row.id, row.version, after < 0, row.head.encode(), rows)


def add_exchange(connection: Connection, application_id: str, exchange: Exchange, kept: int) -> None:
    """Number an exchange and keep it, and at least `kept` of those before."""
    statement = _insert(connection)(JOURNALS).values(application_id=application_id, last=1)
    counted = statement.on_conflict_do_update(index_elements=["application_id"], set_={"last": JOURNALS.c.last + 1})
    exchange.number = connection.execute(counted.returning(JOURNALS.c.last)).scalar_one()
    document = documents.write(exchange).decode()
    connection.execute(
        EXCHANGES.insert().values(application_id=application_id, number=exchange.number, document=document)
    )
    if exchange.number % PRUNE_EVERY == 0:
        old = (EXCHANGES.c.application_id == application_id) & (EXCHANGES.c.number <= exchange.number - kept)
        connection.execute(delete(EXCHANGES).where(old))


def last_exchange(connection: Connection, application_id: str) -> int:
    """Return the number of the last exchange in an application's journal."""
    query = select(JOURNALS.c.last).where(JOURNALS.c.application_id == application_id)
    return connection.execute(query).scalar_one_or_none() or 0


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


def application_ids(connection: Connection) -> list[tuple[str, str]]:
    """Return id and api key of every application."""
    return [(row.id, row.api_key) for row in connection.execute(select(APPLICATIONS.c.id, APPLICATIONS.c.api_key))]


# What was read, back in the world

_ORDER = {IDENTITY: 0, FAULTS: 1, **{name: index for index, name in enumerate(STORED, 2)}}


def add(world: World, found: Found, faulting: Faulting) -> Application:
    """Add an application that was found whole. Raises `StoreError`."""
    document = next((row.document for row, _ in found.rows if row.kind == IDENTITY), None)
    if document is None:
        raise StoreError(f"application {found.id} has no identity: the database is not one of ours, or damaged")
    identity = documents.read_identity(orjson.loads(document))
    app = world.add(identity.id, identity.name, identity.credentials, identity.options)
    refresh(world, app, found, faulting)
    return app


def refresh(world: World, app: Application, found: Found, faulting: Faulting) -> None:
    """Let the application be what was found. Raises `StoreError`."""
    if found.whole:
        app.clear()
        app.checkpoints.clear()
    try:
        for row, _ in sorted(found.rows, key=_place):
            if row.kind == IDENTITY:
                assert row.document is not None
                identity = documents.read_identity(orjson.loads(row.document))
                world.rekey(app, identity.credentials)
                documents.put_identity(app, identity)
            elif row.kind == FAULTS:
                if row.document is None:
                    app.faults = None
                else:
                    faulting.restore(app, orjson.loads(row.document))
            else:
                documents.put_row(app, row)
        documents.put_head(app, documents.read_head(orjson.loads(found.head)))
    except (BadDocument, ApplicationExists, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"application {found.id} cannot be read: {error}") from error
    app.version = found.version
    app.take_change()  # what was read is no change
    app.version = found.version


def _place(entry: tuple[Row, str | None]) -> tuple[int, int]:
    row = entry[0]
    return _ORDER[row.kind], int(row.id) if row.kind == "event" else 0
