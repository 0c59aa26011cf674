"""Reading the mirror of the world: applications as they were found, and back in the world."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, select, text

from emulator.store.base import StoreError
from emulator.store.database import APPLICATIONS, FAULTS, IDENTITY, RECORDS
from state import documents
from state.application import Application
from state.errors import ApplicationExistsError
from state.record_kinds import STORED
from state.records import Row
from state.rows import put_row
from state.snapshots import RestoreFaults
from state.world import World

MAKING = 0x76766533
"""The class of PostgreSQL's advisory locks that say who makes an application."""

READ_TOGETHER = 100
"""Applications that are read with one query."""


@dataclass(frozen=True, slots=True)
class LoadedApplication:
    """An application as read from the database: `rows` are those written after the version asked for, in order.

    `whole`: they are all its rows, whatever version was asked for.
    """

    id: str
    incarnation: str
    version: int
    whole: bool
    head: bytes
    rows: Sequence[tuple[Row, str | None]]


class Position(NamedTuple):
    """The version of an application in the database; compared with the loaded one it tells whether that is current."""

    api_key: str
    incarnation: str
    version: int


def positions(connection: Connection, application_id: str | None = None) -> dict[str, Position]:
    """Return the position of every application, or of the one named, by id."""
    found = APPLICATIONS.c
    query = select(found.id, found.api_key, found.incarnation, found.version)
    if application_id is not None:
        query = query.where(found.id == application_id)
    return {row[0]: Position(*row[1:]) for row in connection.execute(query)}


def lock(
    connection: Connection, application_id: str, api_key: str, after: int = -1, incarnation: str = ""
) -> LoadedApplication | None:
    """Return what `read` does; until the transaction ends nobody else locks the application, or makes it.

    Raises `ApplicationExistsError` when there is none, but another one with its api key.
    """
    row = connection.execute(_LOCKED, {"app": application_id}).one_or_none()
    if row is None:
        for name in (application_id, f"key {api_key}"):
            connection.execute(_MAKING, {"key": zlib.crc32(name.encode()) - 2**31, "class": MAKING})
        row = connection.execute(_LOCKED, {"app": application_id}).one_or_none()
    if row is None:
        if connection.execute(_OF_KEY, {"key": api_key}).first() is not None:
            raise ApplicationExistsError("apiKey", api_key)
        return None
    return _found(connection, row, after, incarnation)


def read(connection: Connection, application_id: str) -> LoadedApplication | None:
    """Return an application, None when there is none. Raises `StoreError`."""
    return next(read_all(connection, [application_id]), None)


def read_all(connection: Connection, application_ids: Iterable[str]) -> Iterator[LoadedApplication]:
    """Yield those applications that there are, of those named. Raises `StoreError`.

    The connection must see the database at one moment: records that are newer than their application's version would
    be read a second time with what comes after it.
    """
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
            yield LoadedApplication(row.id, row.incarnation, row.version, True, _bytes(row.id, row.head), rows[row.id])


def _bytes(application_id: str, document: Any) -> bytes:
    if not isinstance(document, str):  # SQLite keeps anything in any column
        raise StoreError(f"application {application_id} cannot be read: a document is {type(document).__name__}")
    return document.encode()


def _found(connection: Connection, row: Any, after: int, incarnation: str) -> LoadedApplication:
    """Return an application with the rows written after a version of an incarnation."""
    if row.incarnation != incarnation or row.version < after or after < row.since:
        after = -1
    elif row.version == after:
        return LoadedApplication(row.id, row.incarnation, row.version, False, row.head.encode(), ())
    newer = _ALL if after < 0 else _NEWER
    rows = [
        (Row(each.kind, each.id, None if each.document is None else each.document.encode()), each.owner)
        for each in connection.execute(newer, {"app": row.id, "after": after})
    ]
    return LoadedApplication(row.id, row.incarnation, row.version, after < 0, row.head.encode(), rows)


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


# What was read, back in the world

_ORDER: Mapping[str, int] = {IDENTITY: 0, FAULTS: 1, **{name: index for index, name in enumerate(STORED, 2)}}


def add(world: World, found: LoadedApplication, restore_faults: RestoreFaults) -> Application:
    """Add an application that was found whole. Raises `StoreError`."""
    document = next((row.document for row, _ in found.rows if row.kind == IDENTITY), None)
    if document is None:
        raise StoreError(f"application {found.id} has no identity: the database is not one of ours, or damaged")
    try:
        identity = documents.read_identity(orjson.loads(document))
        app = world.add(identity.id, identity.name, identity.credentials, identity.options, take=True)
    except (ValueError, ApplicationExistsError) as error:
        raise StoreError(f"application {found.id} cannot be read: {error}") from None
    refresh(world, app, found, restore_faults)
    app.clock.go_on()
    return app


def refresh(world: World, app: Application, found: LoadedApplication, restore_faults: RestoreFaults) -> None:
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
                documents.put_identity(app, identity, world.defaults)
            elif row.kind == FAULTS:
                if row.document is None:
                    app.faults = None
                else:
                    restore_faults(app, orjson.loads(row.document))
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
