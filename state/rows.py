"""Rows: what a store keeps of an application, record by record."""

from __future__ import annotations

from collections.abc import Generator

import orjson

from state.application import Application, Change
from state.documents import write
from state.memory import fitted
from state.record_kinds import KINDS, STORED
from state.records import Row


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
    whole = change.reset and change.restored is None
    for event in app.events.after(0) if whole else change.events:
        found["event", str(event.number)] = write(events.show(app, event))
    return [Row(kind, record_id, document) for (kind, record_id), document in found.items() if kind in STORED]


def rows_of_all(app: Application) -> Generator[None, None, list[Row]]:
    """Return what an application that nobody works on has, step by step."""
    rows: list[Row] = []
    for name, kind in KINDS.items():
        for record in kind.all(app):
            rows.append(Row(name, kind.id_of(record), fitted(write(kind.show(app, record)))))
            yield
    return rows


def put_row(app: Application, row: Row) -> None:
    """Let a record of the application be what its row says. Raises `DocumentError`."""
    kind = STORED[row.kind]
    if row.document is None:
        kind.drop(app, row.id)
        app.forget_live(row.kind, row.id)
        return
    document = orjson.loads(row.document)
    record = kind.read(document, row.kind)
    kind.put(app, record, document)
    if row.kind not in ("timer", "event"):
        app.weigh_live(record)
