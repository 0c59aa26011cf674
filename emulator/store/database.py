"""The mirror of the world in a database, and writing it: one mapping for SQLite and PostgreSQL.

An application is a row with its version and where it stands; each of its records is a row with the version that wrote
it last. What a record is stands in its document (state/documents.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

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

from emulator.store.base import StoreError
from state.connectors import Connector
from state.records import Row

SCHEMA = 1
"""The version of the tables."""

FAULTS = "faults"
IDENTITY = "identity"
"""Kinds of rows besides those of `STORED`: there is one of each, with an empty id."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""What counts on and on; SQLite's own is as large, and must be called so to be a key."""

PRUNE_EVERY = 500
"""Versions after which the events that the ring has given up are deleted."""

WRITTEN_TOGETHER = 100
"""Rows of a restored application that are written with one call: the thread has others wait for it meanwhile."""

TOMBSTONE_LIMIT = 10_000
"""Versions for which it is kept that a record is gone."""


class StoredSchema(SQLModel, table=True):
    """The version of the tables: one row."""

    __tablename__ = "emulator_schema"

    version: int = Field(primary_key=True)


class StoredApplication(SQLModel, table=True):
    """An application and its present version.

    Records that were deleted after the version `since` are kept as empty rows, for other replicas to learn of. A
    replica with an older version reads everything again, and so does one with another `incarnation`: the application
    was deleted and created again meanwhile.
    """

    __tablename__ = "emulator_application"

    id: str = Field(primary_key=True)
    incarnation: str
    api_key: str = Field(index=True)
    version: int = Field(sa_type=Number)
    since: int = Field(0, sa_type=Number)
    head: str = Field(sa_column=Column(Text, nullable=False))


OWNED = frozenset({"callback", Connector.kind})
"""Kinds of records that a replica may have for its own."""


class StoredRecord(SQLModel, table=True):
    """A record; `seq` keeps the order in which they were made.

    `document` is empty where the record is gone (so that replicas learn of it), `owner` the replica that is to send a
    callback, or has the WebSocket of a connector: only replicas ask for what the indexes find.
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

    Exchanges are saved without holding the application; the foreign key makes sure that it still exists.
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
    """What one unit of work changed, ready to be written. `owners` are the replicas of what is theirs, by id.

    `events_from` is the number of the first event that is kept, `exchange` that of the last exchange. `prune`: what is
    no longer kept is to be deleted too. `restored` are rows that are there after a reset, and written first.
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
    restored: Sequence[Row] = ()


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
    first = group[0]
    return replace(
        group[-1], rows=list(rows.values()), reset=first.reset, restored=first.restored, owners=owners, prune=prune
    )


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
    for first in range(0, len(item.restored), WRITTEN_TOGETHER):
        connection.execute(upserts.record, _values(item, item.restored[first : first + WRITTEN_TOGETHER]))
    gone = [row for row in item.rows if row.document is None]
    if gone and not tombstones:
        connection.execute(_FORGET, [{"app": item.application_id, "kind_": row.kind, "id_": row.id} for row in gone])
    if rows := [row for row in item.rows if row.document is not None or tombstones]:
        connection.execute(upserts.record, _values(item, rows))
    if item.prune:
        _prune(connection, item, tombstones=tombstones)


def _values(item: Item, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows as they are written."""
    return [
        {
            "application_id": item.application_id,
            "kind": row.kind,
            "id": row.id,
            "version": item.version,
            "document": None if row.document is None else row.document.decode(),
            "owner": item.owners.get(row.id) if row.kind in OWNED else None,
        }
        for row in rows
    ]


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


@cache
def _upserts(dialect: str) -> _Upserts:
    """Return the statements that write rows anew or over what is there, made once: that takes longer than writing."""

    def upsert(table: Table, key: Sequence[str], *changed: str) -> Any:
        statement = _INSERTS[dialect](table)
        return statement.on_conflict_do_update(
            index_elements=key, set_={name: statement.excluded[name] for name in changed}
        )

    return _Upserts(
        upsert(APPLICATIONS, ["id"], "incarnation", "api_key", "version", "head"),
        upsert(RECORDS, ["application_id", "kind", "id"], "version", "document", "owner"),
        upsert(JOURNALS, ["application_id"], "last"),
    )


_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
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
    since = item.version - TOMBSTONE_LIMIT
    connection.execute(
        text("DELETE FROM emulator_record WHERE application_id = :app AND version <= :since AND document IS NULL"),
        {"app": item.application_id, "since": since},
    )
    connection.execute(
        update(APPLICATIONS)
        .where((APPLICATIONS.c.id == item.application_id) & (APPLICATIONS.c.since < since))
        .values(since=since)
    )
