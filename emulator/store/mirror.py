"""What is written of an application: its changed records, and its faults where they are not what was written last."""

from __future__ import annotations

from emulator.store.database import FAULTS, IDENTITY, Item
from state import documents
from state.application import Application, Change
from state.documents import Row


class Mirror:
    """Makes the items of changes; remembers which faults were written last."""

    def __init__(self) -> None:
        self._faults: dict[str, bytes] = {}

    def item(self, app: Application, change: Change) -> Item:
        """Return what a change of the application is in the database."""
        item = self._item(app, change.version)
        item.rows = documents.rows(app, change)
        item.reset = change.reset
        if (app.kind, app.id) in change.records:
            item.rows.append(Row(IDENTITY, "", documents.write(documents.identity(app))))
        if change.reset:
            self._faults.pop(app.id, None)
        return item

    def faults_of(self, app: Application) -> Item | None:
        """Return the application's faults, None when they are what was written last."""
        before = self._faults.get(app.id)
        if app.faults is None:
            if before is None:
                return None
            del self._faults[app.id]
            document = None
        else:
            document = documents.write(app.faults.dump())
            if document == before:
                return None
            self._faults[app.id] = document
        app.version += 1
        item = self._item(app, app.version)
        item.rows = [Row(FAULTS, "", document)]
        return item

    def note(self, app: Application) -> None:
        """Note that what the application is now was read from the database."""
        if app.faults is None:
            self._faults.pop(app.id, None)
        else:
            self._faults[app.id] = documents.write(app.faults.dump())

    @staticmethod
    def deletion(change: Change) -> Item:
        """Return the deletion of an application."""
        return Item(change.application_id, "", change.version, b"", deleted=True)

    @staticmethod
    def _item(app: Application, version: int) -> Item:
        head = documents.write(documents.head(app))
        return Item(
            app.id, app.credentials.api_key, version, head, events_from=app.events.first, exchange=app.journal.last
        )
