"""Rows: what a store keeps of an application, record by record."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from state.application import Application, Change
from state.documents import write
from state.kinds import STORED


@dataclass(frozen=True, slots=True)
class Row:
    """The document of one record, None where it is gone."""

    kind: str
    id: str
    document: bytes | None


def rows_of(app: Application, change: Change) -> list[Row]:
    """Return what a change made of the application's records, as they are now."""
    found: dict[tuple[str, str], bytes | None] = dict.fromkeys(change.removed)
    for (name, record_id), record in change.records.items():
        if name in STORED:
            kind = STORED[name]
            found[name, record_id] = write(kind.show(app, record)) if kind.has(app, record) else None
    timers = STORED["timer"]
    for action, subject in change.timers:
        timer = app.timeline.get(action, subject)
        found["timer", f"{action} {subject}"] = None if timer is None else write(timers.show(app, timer))
    events = STORED["event"]
    for event in change.events if not change.reset else app.events.after(0):
        found["event", str(event.number)] = write(events.show(app, event))
    return [Row(kind, record_id, document) for (kind, record_id), document in found.items() if kind in STORED]


def put_row(app: Application, row: Row) -> None:
    """Let a record of the application be what its row says. Raises `DocumentError`."""
    kind = STORED[row.kind]
    if row.document is None:
        kind.drop(app, row.id)
        return
    document = orjson.loads(row.document)
    kind.put(app, kind.read(document, row.kind), document)
