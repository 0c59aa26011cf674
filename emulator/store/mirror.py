"""What is written of an application: its changed records, and its faults where they are not what was written last."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from emulator.store.base import StoreUnavailableError
from emulator.store.database import FAULTS, IDENTITY, PRUNE_EVERY, Item
from emulator.store.reading import LoadedApplication
from state import documents
from state.application import Application, Change, FaultState
from state.records import Row
from state.rows import rows_of


class _Written(NamedTuple):
    faults: FaultState
    revision: int
    document: bytes

    @classmethod
    def of(cls, faults: FaultState) -> _Written:
        return cls(faults, faults.revision, documents.write(faults.dump()))


class Mirror:
    """Turns changes into rows for the database. Remembers the faults that were written last, with their revision."""

    def __init__(self) -> None:
        self._faults: dict[str, _Written] = {}
        self._incarnations: dict[str, str] = {}

    def incarnation(self, app: Application) -> str:
        """Return what differs when the application was deleted and created again with the same id."""
        return self._incarnations.get(app.id, "")

    def drop(self, application_id: str) -> None:
        """Forget an application."""
        self._faults.pop(application_id, None)
        self._incarnations.pop(application_id, None)

    def item(self, app: Application, change: Change) -> Item:
        """Return a change of the application as it is written to the database."""
        item = self._item(app, change.version)
        item.rows = rows_of(app, change)
        item.reset = change.reset
        item.restored = change.restored or ()
        if (app.kind, app.id) in change.records:
            item.rows.append(Row(IDENTITY, "", documents.write(documents.identity(app))))
        if change.reset:
            self._faults.pop(app.id, None)
        return item

    def faults_of(self, app: Application) -> Item | None:
        """Return the application's faults, None when they are what was written last. Raises `StoreUnavailableError`."""
        try:
            return self._faults_of(app)
        except Exception as error:
            raise StoreUnavailableError(f"the failure rules cannot be written: {error}") from error

    def _faults_of(self, app: Application) -> Item | None:
        before = self._faults.get(app.id)
        if app.faults is None or app.faults.untouched:
            if before is None:
                return None
            del self._faults[app.id]
            document = None
        else:
            if before is not None and before.faults is app.faults and before.revision == app.faults.revision:
                return None
            written = self._faults[app.id] = _Written.of(app.faults)
            if before is not None and before.document == written.document:
                return None
            document = written.document
        app.version += 1
        item = self._item(app, app.version)
        item.rows = [Row(FAULTS, "", document)]
        return item

    def note(self, app: Application, found: LoadedApplication) -> None:
        """Note that what the application is now was read from the database."""
        self._incarnations[app.id] = found.incarnation
        if app.faults is None:
            self._faults.pop(app.id, None)
        else:
            self._faults[app.id] = _Written.of(app.faults)

    def deletion(self, change: Change) -> Item:
        """Return the deletion of an application."""
        self.drop(change.application_id)
        return Item(change.application_id, "", change.version, b"", deleted=True)

    def _item(self, app: Application, version: int) -> Item:
        head = documents.write(documents.head(app))
        return Item(
            app.id,
            app.credentials.api_key,
            version,
            head,
            events_from=app.events.first,
            incarnation=self._incarnations.setdefault(app.id, uuid.uuid4().hex),
            exchange=app.journal.last,
            prune=version % PRUNE_EVERY == 0,
        )
