"""Snapshots: a whole application as one document, which people may have written; read, checked and put back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from state import documents
from state.application import Application
from state.documents import Head, Identity, Json, refuse
from state.events import Events
from state.kinds import KINDS

SCHEMA = 1
"""The version of the documents: another one cannot be read."""

RestoreFaults = Callable[[Application, Mapping[str, Any]], None]

_IN_SESSION = ("connection", "stream", "signal")
"""Kinds of records that need their session."""

_LIVING = ("archive", "broadcast", "render", "captions", "call", "connector")
"""Kinds of records that need their session while they are live."""

_CONNECTED = ("stream", "call", "connector")
"""Kinds of records that need their connection too."""


def dump(app: Application) -> Json:
    """Return the whole application: its snapshot. Pass it through `documents.write`."""
    return {
        "schema": SCHEMA,
        "application": documents.identity(app),
        "head": documents.head(app),
        **{name: [kind.show(app, record) for record in kind.all(app)] for name, kind in KINDS.items()},
        "faults": app.faults.dump() if app.faults is not None else None,
    }


@dataclass(slots=True)
class Parsed:
    """An application's documents, read and found to be consistent; `records` with theirs, and `ids`, by kind.

    `source` is what was read.
    """

    identity: Identity
    head: Head
    records: Mapping[str, Sequence[tuple[Any, Json]]]
    ids: Mapping[str, Collection[str]]
    faults: Mapping[str, Any] | None
    source: Any

    def of(self, name: str) -> list[Any]:
        """Return the records of one kind."""
        return [record for record, _ in self.records[name]]


def parse(document: Any) -> Parsed:
    """Read a snapshot. Raises `BadDocument`."""
    _check_parts(document)
    identity = documents.read_identity(document["application"])
    head = documents.read_head(document["head"])
    records: dict[str, list[tuple[Any, Json]]] = {}
    ids: dict[str, set[str]] = {}
    for name, kind in KINDS.items():
        records[name], ids[name] = [], set()
        for index, each in enumerate(document.get(name, [])):
            record = kind.read(each, f"{name}.{index}")
            record_id = kind.id_of(record)
            if record_id in ids[name]:
                refuse(f"{name}.{index}", f"comes twice: {record_id}")
            ids[name].add(record_id)
            records[name].append((record, each))
    parsed = Parsed(identity, head, records, ids, document.get("faults"), document)
    _check_places(parsed)
    _check_numbers(parsed)
    _check_bodies(parsed)
    return parsed


def _check_parts(document: Any) -> None:
    """Refuse what has not the parts of a snapshot."""
    if not isinstance(document, Mapping):
        refuse("", "a snapshot is a JSON object")
    if document.get("schema") != SCHEMA:
        refuse("schema", f"is {document.get('schema')!r}; this version reads {SCHEMA}")
    known = {"schema", "application", "head", "faults", *KINDS}
    for name in document:
        if name not in known:
            refuse(str(name), f"there is no such part; the parts are {', '.join(sorted(known))}")
    for name in ("application", "head"):
        if name not in document:
            refuse(name, "is required")
    if not isinstance(document.get("faults"), Mapping | None):
        refuse("faults", "must be an object or null")
    for name in KINDS:
        if not isinstance(document.get(name, []), list):
            refuse(name, "must be a list")


def _check_places(parsed: Parsed) -> None:
    """Refuse records that are in a session, or of a connection, that is not there; and timers of no record."""
    present = {(each.session_id, each.id) for each in parsed.of("connection")}
    for name in (*_IN_SESSION, *_LIVING):
        for index, (record, document) in enumerate(parsed.records[name]):
            field = f"{name}.{index}"
            if name in _LIVING:
                if not document["live"]:
                    continue
                field += ".record"
            if record.session_id not in parsed.ids["session"]:
                refuse(f"{field}.session_id", "there is no such session in the snapshot")
            if name in _CONNECTED and (record.session_id, record.connection_id) not in present:
                refuse(f"{field}.connection_id", "there is no such connection in its session")
    for index, timer in enumerate(parsed.of("timer")):
        about = timer.action.partition(".")[0]
        if about in parsed.ids and timer.subject not in parsed.ids[about]:
            refuse(f"timer.{index}.subject", f"there is no such {about} in the snapshot")


def _check_numbers(parsed: Parsed) -> None:
    """Refuse numbers that have not been given, events with gaps between them, and ids that would come again."""
    head = parsed.head
    for name, last, place in (("timer", head.timer, "timer"), ("callback", head.outbox.last, "outbox.last")):
        for index, record in enumerate(parsed.of(name)):
            if not 0 < record.number <= last:
                refuse(f"{name}.{index}.number", f"must be from 1 to head.{place}")
    events = parsed.of("event")
    for index, event in enumerate(events):
        number = events[index - 1].number + 1 if index else max(1, event.number)
        if event.number != number:
            refuse(f"event.{index}.number", f"must be {number}: numbers have no gaps")
    if events and head.event != events[-1].number:
        refuse("head.event", f"must be {events[-1].number}, the number of the newest event")
    made = sum(len(parsed.ids[name]) for name in _IN_SESSION)
    if head.ids.made < made:
        refuse("head.ids.made", f"must be {made} or more: as many ids as there are in sessions were made")


def _check_bodies(parsed: Parsed) -> None:
    """Refuse callbacks whose body is no JSON."""
    for index, callback in enumerate(parsed.of("callback")):
        try:
            orjson.loads(callback.body)
        except orjson.JSONDecodeError:
            refuse(f"callback.{index}.body", "must be JSON")


def install(app: Application, parsed: Parsed, restore_faults: RestoreFaults) -> None:
    """Let the application be what was parsed, in a unit; nothing of what it was before stays but its checkpoints.

    What is to be sent waits until `callbacks.resume`. Its faults and the actions of its timers must be known already.
    """
    app.clear()
    app.events = Events(app.sizes.events)
    if parsed.faults is not None:
        restore_faults(app, parsed.faults)
    for name, kind in KINDS.items():
        for record, document in parsed.records[name]:
            kind.put(app, record, document)
    documents.put_identity(app, parsed.identity)
    documents.put_head(app, parsed.head)
    app.clock.go_on()
    for name, kind in KINDS.items():
        if name not in ("timer", "event"):
            for record in kind.all(app):
                app.touch(record)
