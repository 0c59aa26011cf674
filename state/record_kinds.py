"""Kinds of records, of resources and of all else that is kept: how they become documents, and come back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from state.application import Application, Checkpoint
from state.documents import Json, read, refuse
from state.event_types import TYPES
from state.events import Event
from state.memory import weight
from state.outbox import LIFECYCLE, RETRY, Callback
from state.project_records import Registration, StorageTarget
from state.records import Lifecycle
from state.resource_kind import ResourceKind
from state.resources import RESOURCES
from state.session_records import Connection, Session, Signal, Stream
from state.timeline import Timer


def _shows(type_: Any, *left_out: str) -> Callable[[Any], Json]:
    """Return what makes documents of records without some of their fields."""
    names = [each.name for each in fields(type_) if each.name not in left_out]
    return lambda record: {name: getattr(record, name) for name in names}


def _check_status(lifecycle: Lifecycle, record: Any, field: str) -> None:
    known = lifecycle.transitions
    if record.status not in known:
        refuse(f"{field}.status", f"must be one of {', '.join(known)}")


class RecordKind(ABC):
    """How records of one kind become documents, and come back."""

    def __init__(self, type_: Any, name: str = "") -> None:
        self.type = type_
        self.name: str = name or type_.kind

    @abstractmethod
    def all(self, app: Application) -> Iterable[Any]:
        """Return the records, in order."""

    @abstractmethod
    def has(self, app: Application, record: Any) -> bool:
        """Tell whether this record is (still) there."""

    @abstractmethod
    def put(self, app: Application, record: Any, document: Json) -> None:
        """Keep a record that was read, in the place of the one with its id."""

    @abstractmethod
    def drop(self, app: Application, record_id: str) -> None:
        """Forget a record; one that is not there may be forgotten too."""

    def id_of(self, record: Any) -> str:
        """Return what tells records of this kind apart."""
        found: str = record.id
        return found

    def show(self, app: Application, record: Any) -> Any:
        """Return the record's document."""
        return record

    def read(self, document: Any, field: str) -> Any:
        """Return the record of a document. Raises `DocumentError`."""
        return read(self.type, document, field)


class _Named(RecordKind):
    """Records by their id: the application's attribute `held` is a mapping of them."""

    def __init__(self, type_: Any, held: str) -> None:
        super().__init__(type_)
        self._held = held

    def all(self, app: Application) -> Iterable[Any]:
        records: Mapping[str, Any] = getattr(app, self._held)
        return records.values()

    def has(self, app: Application, record: Any) -> bool:
        return record.id in getattr(app, self._held)

    def put(self, app: Application, record: Any, document: Json) -> None:
        getattr(app, self._held)[record.id] = record

    def drop(self, app: Application, record_id: str) -> None:
        getattr(app, self._held).pop(record_id, None)


class _Sessions(_Named):
    def __init__(self) -> None:
        super().__init__(Session, "sessions")
        self._shown = _shows(Session, "connections", "streams", "signals")  # those are records themselves

    def show(self, app: Application, record: Session) -> Json:
        return self._shown(record)

    def put(self, app: Application, record: Session, document: Json) -> None:
        before = app.sessions.get(record.id)
        if before is not None:
            record.connections, record.streams, record.signals = before.connections, before.streams, before.signals
        super().put(app, record, document)


class _InSession(RecordKind):
    """Records that a session keeps: its attribute `held` has them by id."""

    def __init__(self, type_: Any, held: str) -> None:
        super().__init__(type_)
        self._held = held

    def all(self, app: Application) -> Iterable[Any]:
        return (record for session in app.sessions.values() for record in getattr(session, self._held).values())

    def has(self, app: Application, record: Any) -> bool:
        session = app.sessions.get(record.session_id)
        return session is not None and record.id in getattr(session, self._held)

    def put(self, app: Application, record: Any, document: Json) -> None:
        getattr(app.sessions[record.session_id], self._held)[record.id] = record

    def drop(self, app: Application, record_id: str) -> None:
        for session in app.sessions.values():
            getattr(session, self._held).pop(record_id, None)


class _Signals(_InSession):
    """Signals, whose bytes an application counts."""

    def __init__(self) -> None:
        super().__init__(Signal, "signals")

    def put(self, app: Application, record: Any, document: Json) -> None:
        if not self.has(app, record):
            app.signal_bytes += weight(record)
        super().put(app, record, document)

    def drop(self, app: Application, record_id: str) -> None:
        for session in app.sessions.values():
            if (gone := session.signals.pop(record_id, None)) is not None:
                app.signal_bytes -= weight(gone)


class _Collected(RecordKind):
    """Records of a collection. Documents say whether they are live and listed."""

    def __init__(self, resource: ResourceKind[Any]) -> None:
        super().__init__(resource.type)
        self._resource = resource

    def all(self, app: Application) -> Iterable[Any]:
        records: Iterable[Any] = app[self.type]
        return records

    def has(self, app: Application, record: Any) -> bool:
        found: bool = app[self.type].has(record.id)
        return found

    def show(self, app: Application, record: Any) -> Any:
        live, listed = app[self.type].holds(record)
        return {"live": live, "listed": listed, "record": record}

    def read(self, document: Any, field: str) -> Any:
        if not isinstance(document, Mapping) or set(document) != {"live", "listed", "record"}:
            refuse(field, "must be an object of live, listed and record")
        for name in ("live", "listed"):
            if not isinstance(document[name], bool):
                refuse(f"{field}.{name}", "must be true or false")
        record = read(self.type, document["record"], f"{field}.record")
        self._check(record, f"{field}.record")
        if document["live"] and record.status not in self._resource.live:
            refuse(f"{field}.live", f"must be false where the status is {record.status}")
        return record

    def _check(self, record: Any, field: str) -> None:
        _check_status(self._resource.lifecycle, record, field)
        for output in self._resource.outputs.values():
            for where, each in output.of(record):
                _check_status(output.lifecycle, each, f"{field}.{where}")

    def put(self, app: Application, record: Any, document: Json) -> None:
        app[self.type].put(record, live=document["live"], listed=document["listed"])

    def drop(self, app: Application, record_id: str) -> None:
        app[self.type].forget(record_id)


class _Timers(RecordKind):
    def __init__(self) -> None:
        super().__init__(Timer)
        self._shown = _shows(Timer, "cancelled")

    def all(self, app: Application) -> Iterable[Timer]:
        return iter(app.timeline)

    def id_of(self, record: Timer) -> str:
        return f"{record.action} {record.subject}"

    def has(self, app: Application, record: Timer) -> bool:
        return app.timeline.get(record.action, record.subject) is record

    def show(self, app: Application, record: Timer) -> Json:
        return self._shown(record)

    def put(self, app: Application, record: Timer, document: Json) -> None:
        if record.action not in app.rules.handlers:
            refuse("timer", f"nothing is known of {record.action}")
        app.timeline.put(record)

    def drop(self, app: Application, record_id: str) -> None:
        action, _, subject = record_id.partition(" ")
        app.timeline.cancel(action, subject)


class _Callbacks(RecordKind):
    def __init__(self) -> None:
        super().__init__(Callback)

    def all(self, app: Application) -> Iterable[Callback]:
        return iter(app.outbox)

    def has(self, app: Application, record: Callback) -> bool:
        return app.outbox.has(record)

    def read(self, document: Any, field: str) -> Any:
        record = super().read(document, field)
        _check_status(LIFECYCLE, record, field)
        return record

    def put(self, app: Application, record: Callback, document: Json) -> None:
        waits = record.status == "pending" and record.distortion.behind_next and not record.tries
        app.outbox.put(record, parked=waits and app.timeline.get(RETRY, record.id) is not None)

    def drop(self, app: Application, record_id: str) -> None:
        app.outbox.forget(record_id)


_SESSION = _Sessions()


class _Events(RecordKind):
    """Events; the document of one names the kind of the record that it carries."""

    def __init__(self) -> None:
        super().__init__(Event, "event")
        self._shown = _shows(Event, "record")

    def all(self, app: Application) -> Iterable[Event]:
        return app.events.after(0)

    def id_of(self, record: Event) -> str:
        return str(record.number)

    def has(self, app: Application, record: Event) -> bool:
        return app.events.first <= record.number <= app.events.last

    def show(self, app: Application, record: Event) -> Json:
        document, carried = self._shown(record), record.record
        if carried is not None:
            document["kind"] = carried.kind
            document["record"] = _SESSION.show(app, carried) if isinstance(carried, Session) else carried
        return document

    def read(self, document: Any, field: str) -> Any:
        if not isinstance(document, Mapping):
            refuse(field, "must be an object")
        plain = dict(document)
        kind, carried = plain.pop("kind", None), plain.pop("record", None)
        if kind is not None and not (isinstance(kind, str) and kind in _CARRIED):
            refuse(f"{field}.kind", f"must be one of {', '.join(sorted(_CARRIED))}")
        type_ = plain.get("type")
        if not (isinstance(type_, str) and type_ in TYPES):
            refuse(f"{field}.type", "there is no such event")
        record = read(_CARRIED[kind], carried, f"{field}.record") if kind is not None else None
        return read(Event, {**plain, "record": record}, field)

    def put(self, app: Application, record: Event, document: Json) -> None:
        app.events.append(record)

    def drop(self, app: Application, record_id: str) -> None:
        pass  # the ring gives up its oldest by itself


KINDS: Mapping[str, RecordKind] = {
    kind.name: kind
    for kind in (
        _SESSION,
        _InSession(Connection, "connections"),
        _InSession(Stream, "streams"),
        _Signals(),
        *(_Collected(resource) for resource in RESOURCES),
        _Named(Registration, "registrations"),
        _Named(StorageTarget, "storages"),
        _Timers(),
        _Callbacks(),
        _Events(),
    )
}
"""Every kind of record in a snapshot, in an order in which they can be read back."""

STORED: Mapping[str, RecordKind] = {**KINDS, "checkpoint": _Named(Checkpoint, "checkpoints")}
"""Every kind of record that a store keeps."""

_CARRIED: Mapping[str, Any] = {name: kind.type for name, kind in KINDS.items() if name not in ("timer", "event")}
