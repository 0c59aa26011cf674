"""The mirror of the world in a database: one mapping for SQLite and PostgreSQL.

An application is a row with its version and where it stands; each of its records is a row with the version that wrote
it last. What a record is stands in its document (state/documents.py).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from emulator.faults.faulting import Faulting
from emulator.store import StoreError
from state import documents
from state.application import Application
from state.errors import ApplicationExists
from state.journal import Exchange
from state.kinds import STORED
from state.rows import Row, put_row
from state.world import World

SCHEMA = 1
"""The version of the tables."""

FAULTS = "faults"
IDENTITY = "identity"
"""Kinds of rows besides those of `STORED`: there is one of each, with an empty id."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""What counts on and on; SQLite's own is as large, and must be called so to be a key."""

PRUNE_EVERY = 500
"""Versions after which the events that the ring has given up are deleted."""


class StoredSchema(SQLModel, table=True):
    """The version of the tables: one row."""

    __tablename__ = "emulator_schema"

    version: int = Field(primary_key=True)


class StoredApplication(SQLModel, table=True):
    """An application, and where it stands.

    What is gone since the version `since` is told by empty records. Who is further behind reads everything, and so does
    who knows another `incarnation`: it was deleted and made anew meanwhile.
    """

    __tablename__ = "emulator_application"

    id: str = Field(primary_key=True)
    incarnation: str
    api_key: str = Field(index=True)
    version: int = Field(sa_type=Number)
    since: int = Field(0, sa_type=Number)
    head: str = Field(sa_column=Column(Text, nullable=False))


class StoredRecord(SQLModel, table=True):
    """A record; `seq` keeps the order in which they were made.

    `document` is empty where the record is gone (so that replicas learn of it), `owner` the replica that is to send a
    callback: only replicas ask for what the indexes find.
    """

    __tablename__ = "emulator_record"
    __table_args__ = (
        UniqueConstraint("application_id", "kind", "id"),
        *(
            Index(f"emulator_record_{name}", *columns, postgresql_where=where).ddl_if(dialect="postgresql")
            for name, columns, where in (
                ("version", ("application_id", "version"), None),
                ("gone", ("application_id", "version"), text("document IS NULL")),
                ("owner", ("owner",), text("owner IS NOT NULL")),
            )
        ),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=Number)
    application_id: str
    kind: str
    id: str
    version: int = Field(sa_type=Number)
    document: str | None = Field(sa_column=Column(Text))
    owner: str | None = None


class StoredJournal(SQLModel, table=True):
    """The journal of an application: the number of its last exchange.

    Exchanges are kept by whoever does not hold the application; the key sees to it that it is still there.
    """

    __tablename__ = "emulator_journal"

    application_id: str = Field(primary_key=True, foreign_key="emulator_application.id", ondelete="CASCADE")
    last: int = Field(sa_type=Number)


class StoredExchange(SQLModel, table=True):
    """An exchange of an application's journal."""

    __tablename__ = "emulator_exchange"
    __table_args__ = (UniqueConstraint("application_id", "number"),)

    seq: int | None = Field(default=None, primary_key=True, sa_type=Number)
    application_id: str
    number: int = Field(sa_type=Number)
    document: str = Field(sa_column=Column(Text, nullable=False))


SCHEMAS = SQLModel.metadata.tables[StoredSchema.__tablename__]
APPLICATIONS = SQLModel.metadata.tables[StoredApplication.__tablename__]
RECORDS = SQLModel.metadata.tables[StoredRecord.__tablename__]
JOURNALS = SQLModel.metadata.tables[StoredJournal.__tablename__]
EXCHANGES = SQLModel.metadata.tables[StoredExchange.__tablename__]


@dataclass(slots=True)
class Item:
    """What one unit of work did, ready to be written. `owners` are the replicas that are to send callbacks, by id.

    `events_from` is the number of the first event that is kept, `exchange` that of the last exchange. `prune`: what is
    no longer kept is to be deleted too.
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
    prune: bool = False
    incarnation: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An application as it was found: `rows` are those written after the version asked for, in their order.

    `whole`: they are all there is, whatever was asked for.
    """

    id: str
    incarnation: str
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


def check(connection: Connection) -> None:
    """Write what changes nothing: that fails where nothing can be written."""
    connection.execute(update(SCHEMAS).values(version=SCHEMAS.c.version))
    connection.commit()


def merged(items: Iterable[Item]) -> list[Item]:
    """Return items that do the same, where each application takes up what was done to it one after the other.

    Deletions and resets begin anew, and so does another api key: those have to be written in their order.
    """
    groups: list[list[Item]] = []
    latest: dict[str, list[Item]] = {}
    for item in items:
        group = latest.get(item.application_id)
        if group is None or group[-1].deleted or item.deleted or item.reset or item.api_key != group[-1].api_key:
            group = latest[item.application_id] = []
            groups.append(group)
        group.append(item)
    return [_merge(group) if len(group) > 1 else group[0] for group in groups]


def _merge(group: list[Item]) -> Item:
    rows: dict[tuple[str, str], Row] = {}
    owners: dict[str, str] = {}
    for item in group:
        for row in item.rows:
            rows[row.kind, row.id] = row
            if row.kind == "callback":
                owners.pop(row.id, None)
        owners.update(item.owners)
    prune = any(item.prune for item in group)
    return replace(group[-1], rows=list(rows.values()), reset=group[0].reset, owners=owners, prune=prune)


def write(connection: Connection, item: Item, *, tombstones: bool) -> None:
    """Write what units of work did. `tombstones`: what is gone stays as an empty row, for replicas to learn of."""
    if item.deleted:
        connection.execute(delete(APPLICATIONS).where(APPLICATIONS.c.id == item.application_id))
        for table in (JOURNALS, EXCHANGES, RECORDS):  # in this order nobody adds to them meanwhile
            connection.execute(delete(table).where(table.c.application_id == item.application_id))
        return
    upserts = _upserts(connection.dialect.name)
    stands = {
        "incarnation": item.incarnation,
        "api_key": item.api_key,
        "version": item.version,
        "head": item.head.decode(),
    }
    connection.execute(upserts.application, {"id": item.application_id, "since": 0, **stands})
    if item.reset:
        _forget_all(connection, item)
    gone = [row for row in item.rows if row.document is None]
    if gone and not tombstones:
        connection.execute(_FORGET, [{"app": item.application_id, "kind_": row.kind, "id_": row.id} for row in gone])
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
        connection.execute(upserts.record, rows)
    if item.prune:
        _prune(connection, item, tombstones=tombstones)


def _forget_all(connection: Connection, item: Item) -> None:
    """Delete all that there was of an application before a reset."""
    here = APPLICATIONS.c.id == item.application_id
    connection.execute(update(APPLICATIONS).where(here).values(since=item.version))
    of_application = RECORDS.c.application_id == item.application_id
    connection.execute(delete(RECORDS).where(of_application & RECORDS.c.kind.not_in((IDENTITY, "checkpoint"))))
    connection.execute(delete(EXCHANGES).where(EXCHANGES.c.application_id == item.application_id))
    journal = {"application_id": item.application_id, "last": item.exchange}
    connection.execute(_upserts(connection.dialect.name).journal, journal)


class _Upserts(NamedTuple):
    application: Any
    record: Any
    journal: Any
    count: Any


@cache
def _upserts(dialect: str) -> _Upserts:
    """Return the statements that write rows anew or over what is there, made once: that takes longer than writing."""

    def upsert(table: Table, key: Sequence[str], *changed: str) -> Any:
        statement = _INSERTS[dialect](table)
        return statement.on_conflict_do_update(
            index_elements=key, set_={name: statement.excluded[name] for name in changed}
        )

    count = _INSERTS[dialect](JOURNALS)
    return _Upserts(
        upsert(APPLICATIONS, ["id"], "incarnation", "api_key", "version", "head"),
        upsert(RECORDS, ["application_id", "kind", "id"], "version", "document", "owner"),
        upsert(JOURNALS, ["application_id"], "last"),
        count.on_conflict_do_update(
            index_elements=["application_id"], set_={"last": JOURNALS.c.last + count.excluded.last}
        ).returning(JOURNALS.c.last),
    )


_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_ADD_EXCHANGE = EXCHANGES.insert().inline()
_FORGET = delete(RECORDS).where(
    (RECORDS.c.application_id == bindparam("app"))
    & (RECORDS.c.kind == bindparam("kind_"))
    & (RECORDS.c.id == bindparam("id_"))
)


def _prune(connection: Connection, item: Item, *, tombstones: bool) -> None:
    """Delete the events that are no longer kept, and what says of long gone records that they are gone."""
    connection.execute(
        text(
            "DELETE FROM emulator_record WHERE application_id = :app AND kind = 'event' AND CAST(id AS BIGINT) < :first"
        ),
        {"app": item.application_id, "first": item.events_from},
    )
    if not tombstones:
        return
    since = item.version - KEPT_TOMBSTONES
    connection.execute(
        text("DELETE FROM emulator_record WHERE application_id = :app AND version <= :since AND document IS NULL"),
        {"app": item.application_id, "since": since},
    )
    connection.execute(
        update(APPLICATIONS)
        .where((APPLICATIONS.c.id == item.application_id) & (APPLICATIONS.c.since < since))
        .values(since=since)
    )


MAKING = 0x76766533
"""The class of PostgreSQL's advisory locks that say who makes an application."""

KEPT_TOMBSTONES = 10_000
"""Versions for which it is kept that a record is gone."""

READ_TOGETHER = 100
"""Applications that are read with one query."""


def lock(
    connection: Connection, application_id: str, api_key: str, after: int = -1, incarnation: str = ""
) -> Found | None:
    """Return what `read` does; until the transaction ends nobody else locks the application, or makes it.

    Raises `ApplicationExists` when there is none, but another one with its api key.
    """
    row = connection.execute(_LOCKED, {"app": application_id}).one_or_none()
    if row is None:
        for name in (application_id, f"key {api_key}"):
            connection.execute(_MAKING, {"key": zlib.crc32(name.encode()) - 2**31, "class": MAKING})
        row = connection.execute(_LOCKED, {"app": application_id}).one_or_none()
    if row is None:
        if connection.execute(_OF_KEY, {"key": api_key}).first() is not None:
            raise ApplicationExists("apiKey", api_key)
        return None
    return _found(connection, row, after, incarnation)


def read(connection: Connection, application_id: str) -> Found | None:
    """Return an application, None when there is none. Raises `StoreError`."""
    return next(read_all(connection, [application_id]), None)


def read_all(connection: Connection, application_ids: Iterable[str]) -> Iterator[Found]:
    """Yield those applications that there are, of those named. Raises `StoreError`."""
    ids = list(application_ids)
    for first in range(0, len(ids), READ_TOGETHER):
        wanted = {"apps": ids[first : first + READ_TOGETHER]}
        found = {row.id: row for row in connection.execute(_APPLICATIONS, wanted)}
        rows: dict[str, list[tuple[Row, str | None]]] = {application_id: [] for application_id in found}
        for each in connection.execute(_RECORDS, wanted):
            if each.application_id in rows:
                document = _bytes(each.application_id, each.document)
                rows[each.application_id].append((Row(each.kind, each.id, document), each.owner))
        for row in filter(None, map(found.get, wanted["apps"])):
            # One that has nothing may have been deleted between the two.
            if rows[row.id] or connection.execute(_APPLICATION, {"app": row.id}).first() is not None:
                yield Found(row.id, row.incarnation, row.version, True, _bytes(row.id, row.head), rows[row.id])


def _bytes(application_id: str, document: Any) -> bytes:
    if not isinstance(document, str):  # SQLite keeps anything in any column
        raise StoreError(f"application {application_id} cannot be read: a document is {type(document).__name__}")
    return document.encode()


def _found(connection: Connection, row: Any, after: int, incarnation: str) -> Found:
    """Return an application with the rows written after a version of an incarnation."""
    if row.incarnation != incarnation or row.version < after or after < row.since:
        after = -1
    elif row.version == after:
        return Found(row.id, row.incarnation, row.version, False, row.head.encode(), ())
    newer = _ALL if after < 0 else _NEWER
    rows = [
        (Row(each.kind, each.id, None if each.document is None else each.document.encode()), each.owner)
        for each in connection.execute(newer, {"app": row.id, "after": after})
    ]
    return Found(row.id, row.incarnation, row.version, after < 0, row.head.encode(), rows)


_APPLICATION = select(APPLICATIONS).where(APPLICATIONS.c.id == bindparam("app"))
_APPLICATIONS = select(APPLICATIONS).where(APPLICATIONS.c.id.in_(bindparam("apps", expanding=True)))
_LOCKED = _APPLICATION.with_for_update(key_share=True)
_OF_KEY = select(APPLICATIONS.c.id).where(APPLICATIONS.c.api_key == bindparam("key"))
_MAKING = text("SELECT pg_advisory_xact_lock(:class, :key)")
_NEWER = (
    select(RECORDS.c.kind, RECORDS.c.id, RECORDS.c.document, RECORDS.c.owner)
    .where((RECORDS.c.application_id == bindparam("app")) & (RECORDS.c.version > bindparam("after")))
    .order_by(RECORDS.c.seq)
)
_ALL = _NEWER.where(RECORDS.c.document.is_not(None))
_RECORDS = (
    select(RECORDS.c.application_id, RECORDS.c.kind, RECORDS.c.id, RECORDS.c.document, RECORDS.c.owner)
    .where(RECORDS.c.application_id.in_(bindparam("apps", expanding=True)) & RECORDS.c.document.is_not(None))
    .order_by(RECORDS.c.seq)
)


def add_exchanges(connection: Connection, application_id: str, exchanges: list[Exchange], kept: int) -> None:
    """Number exchanges and keep them, and at least `kept` of those before."""
    counted = _upserts(connection.dialect.name).count
    last = connection.execute(counted, {"application_id": application_id, "last": len(exchanges)}).scalar_one()
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


class Standing(NamedTuple):
    """Where an application stands: what tells whether what is known of it is what there is."""

    api_key: str
    incarnation: str
    version: int


def standings(connection: Connection, application_id: str | None = None) -> dict[str, Standing]:
    """Return where every application stands, or the one named, by its id."""
    found = APPLICATIONS.c
    query = select(found.id, found.api_key, found.incarnation, found.version)
    if application_id is not None:
        query = query.where(found.id == application_id)
    return {row[0]: Standing(*row[1:]) for row in connection.execute(query)}


# What was read, back in the world

_ORDER = {IDENTITY: 0, FAULTS: 1, **{name: index for index, name in enumerate(STORED, 2)}}


def add(world: World, found: Found, faulting: Faulting) -> Application:
    """Add an application that was found whole. Raises `StoreError`."""
    document = next((row.document for row, _ in found.rows if row.kind == IDENTITY), None)
    if document is None:
        raise StoreError(f"application {found.id} has no identity: the database is not one of ours, or damaged")
    try:
        identity = documents.read_identity(orjson.loads(document))
        app = world.add(identity.id, identity.name, identity.credentials, identity.options, take=True)
    except (ValueError, ApplicationExists) as error:
        raise StoreError(f"application {found.id} cannot be read: {error}") from None
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
                world.rekey(app, identity.credentials, take=True)
                documents.put_identity(app, identity)
            elif row.kind == FAULTS:
                if row.document is None:
                    app.faults = None
                else:
                    faulting.restore(app, orjson.loads(row.document))
            else:
                put_row(app, row)
        documents.put_head(app, documents.read_head(orjson.loads(found.head)))
        version = int(found.version)
    except Exception as error:  # another emulator, or somebody's hands, may have written anything
        raise StoreError(f"application {found.id} cannot be read: {error}") from error
    app.take_change()  # what was read is no change
    app.version = version


def _place(entry: tuple[Row, str | None]) -> tuple[int, int]:
    row = entry[0]
    return _ORDER[row.kind], int(row.id) if row.kind == "event" else 0
