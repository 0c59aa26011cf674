"""The world as documents: what a store keeps of an application, record by record, and what a snapshot holds of it.

A document is JSON. Everything in it is what the record is, in its own names, so that what is read back is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, NoReturn

import orjson
from pydantic import TypeAdapter, ValidationError

from state import archives, broadcasts, calls, captions, connectors, registrations, renders
from state.application import Application, Change, Checkpoint, Credentials
from state.clock import LAST
from state.events import TYPES, Event, Events
from state.ids import Ids
from state.journal import Exchange
from state.lifecycles import LIFECYCLES
from state.octets import text_of
from state.options import Options
from state.outbox import RETRY, Callback, Webhook
from state.sessions import Connection, Session, Signal, Stream
from state.timeline import Timer

MOST = 2**53 - 1
"""The largest number that every reader of JSON tells from the next one."""

SCHEMA = 1
"""The version of the documents: another one cannot be read."""

Json = dict[str, Any]
RestoreFaults = Callable[[Application, Mapping[str, Any]], None]


class BadDocument(ValueError):
    """A document that cannot be read: `field` says where, the text what was expected."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


# Values


def write(value: Any) -> bytes:
    """Return a document as JSON."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return text_of(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Options):
        return value.model_dump()
    raise TypeError(f"{type(value).__name__} is no JSON")


@cache
def _reader(type_: Any) -> Callable[[Any], Any]:
    return TypeAdapter(type_).validator.validate_python


def _read(type_: Any, value: Any, field: str) -> Any:
    try:
        return _reader(type_)(value)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"] if not (isinstance(part, str) and "[" in part))
        _refuse(f"{field}.{where}" if where else field, str(problem["msg"]))


def _refuse(field: str, problem: str) -> NoReturn:
    raise BadDocument(field, problem)


def _check_status(kind: str, record: Any, field: str) -> None:
    known = LIFECYCLES[kind].transitions
    if record.status not in known:
        _refuse(f"{field}.status", f"must be one of {', '.join(known)}")


# Kinds of records


class Kind:
    """How records of one kind become documents, and come back."""

    def __init__(self, type_: Any, name: str = "") -> None:
        self.type = type_
        self.name: str = name or type_.kind

    def all(self, app: Application) -> Iterable[Any]:
        """Return the records, in order."""
        raise NotImplementedError

    def has(self, app: Application, record: Any) -> bool:
        """Tell whether this record is (still) there."""
        raise NotImplementedError

    def put(self, app: Application, record: Any, document: Json) -> None:
        """Keep a record that was read, in the place of the one with its id."""
        raise NotImplementedError

    def drop(self, app: Application, record_id: str) -> None:
        """Forget a record; one that is not there may be forgotten too."""
        raise NotImplementedError

    def id_of(self, record: Any) -> str:
        """Return what tells records of this kind apart."""
        found: str = record.id
        return found

    def show(self, app: Application, record: Any) -> Any:
        """Return the record's document."""
        return record

    def read(self, document: Any, field: str) -> Any:
        """Return the record of a document. Raises `BadDocument`."""
        return _read(self.type, document, field)


class _Sessions(Kind):
    def __init__(self) -> None:
        super().__init__(Session)
        own = ("connections", "streams", "signals")  # records of their own
        self._names = [each.name for each in fields(Session) if each.name not in own]

    def all(self, app: Application) -> Iterable[Session]:
        return app.sessions.values()

    def has(self, app: Application, record: Session) -> bool:
        return record.id in app.sessions

    def show(self, app: Application, record: Any) -> Any:
        return {name: getattr(record, name) for name in self._names}

    def put(self, app: Application, record: Session, document: Json) -> None:
        before = app.sessions.get(record.id)
        if before is not None:
            record.connections, record.streams, record.signals = before.connections, before.streams, before.signals
        app.sessions[record.id] = record

    def drop(self, app: Application, record_id: str) -> None:
        app.sessions.pop(record_id, None)


class _InSession(Kind):
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


class _Collected(Kind):
    """Records of a collection: the application's attribute `held`. Documents say whether they are live and listed.

    `live` are the statuses of those that are; where they are not given, all that have one to follow.
    """

    def __init__(self, type_: Any, held: str, live: Collection[str] = ()) -> None:
        super().__init__(type_)
        self._held = held
        self._live = live or {status for status, after in LIFECYCLES[self.name].transitions.items() if after}

    def all(self, app: Application) -> Iterable[Any]:
        records: Iterable[Any] = getattr(app, self._held)
        return records

    def has(self, app: Application, record: Any) -> bool:
        found: bool = getattr(app, self._held).has(record.id)
        return found

    def show(self, app: Application, record: Any) -> Any:
        live, listed = getattr(app, self._held).holds(record)
        return {"live": live, "listed": listed, "record": record}

    def read(self, document: Any, field: str) -> Any:
        if not isinstance(document, Mapping) or set(document) != {"live", "listed", "record"}:
            _refuse(field, "must be an object of live, listed and record")
        for name in ("live", "listed"):
            if not isinstance(document[name], bool):
                _refuse(f"{field}.{name}", "must be true or false")
        record = _read(self.type, document["record"], f"{field}.record")
        _check_status(self.name, record, f"{field}.record")
        if isinstance(record, broadcasts.Broadcast):
            if record.hls is not None:
                _check_status("hls", record.hls, f"{field}.record.hls")
            for index, target in enumerate(record.rtmp):
                _check_status("rtmp", target, f"{field}.record.rtmp.{index}")
        if document["live"] and record.status not in self._live:
            _refuse(f"{field}.live", f"must be false where the status is {record.status}")
        return record

    def put(self, app: Application, record: Any, document: Json) -> None:
        getattr(app, self._held).put(record, live=document["live"], listed=document["listed"])

    def drop(self, app: Application, record_id: str) -> None:
        getattr(app, self._held).forget(record_id)


class _Timers(Kind):
    def __init__(self) -> None:
        super().__init__(Timer)

    def all(self, app: Application) -> Iterable[Timer]:
        return iter(app.timeline)

    def id_of(self, record: Timer) -> str:
        return f"{record.action} {record.subject}"

    def has(self, app: Application, record: Timer) -> bool:
        return app.timeline.get(record.action, record.subject) is record

    def show(self, app: Application, record: Timer) -> Any:
        return {name: getattr(record, name) for name in _TIMER_FIELDS}

    def put(self, app: Application, record: Timer, document: Json) -> None:
        if record.action not in app.rules.handlers:
            _refuse("timer", f"nothing is known of {record.action}")
        app.timeline.put(record)

    def drop(self, app: Application, record_id: str) -> None:
        action, _, subject = record_id.partition(" ")
        app.timeline.cancel(action, subject)


class _Callbacks(Kind):
    def __init__(self) -> None:
        super().__init__(Callback)

    def all(self, app: Application) -> Iterable[Callback]:
        return iter(app.outbox)

    def has(self, app: Application, record: Callback) -> bool:
        return app.outbox.has(record)

    def read(self, document: Any, field: str) -> Any:
        record = super().read(document, field)
        _check_status(self.name, record, field)
        return record

    def put(self, app: Application, record: Callback, document: Json) -> None:
        waits = record.status == "pending" and record.distortion.behind_next and not record.tries
        app.outbox.put(record, parked=waits and app.timeline.get(RETRY, record.id) is not None)

    def drop(self, app: Application, record_id: str) -> None:
        app.outbox.forget(record_id)


_SESSION = _Sessions()


class _Events(Kind):
    """Events; the document of one names the kind of the record that it carries."""

    def __init__(self) -> None:
        super().__init__(Event, "event")

    def all(self, app: Application) -> Iterable[Event]:
        return app.events.after(0)

    def id_of(self, record: Event) -> str:
        return str(record.number)

    def has(self, app: Application, record: Event) -> bool:
        return app.events.first <= record.number <= app.events.last

    def show(self, app: Application, record: Event) -> Any:
        document = {name: getattr(record, name) for name in _EVENT_FIELDS}
        carried = record.record
        if carried is None:
            return document
        shown = _SESSION.show(app, carried) if isinstance(carried, Session) else carried
        return {**document, "kind": carried.kind, "record": shown}

    def read(self, document: Any, field: str) -> Any:
        if not isinstance(document, Mapping):
            _refuse(field, "must be an object")
        plain = dict(document)
        kind, carried = plain.pop("kind", None), plain.pop("record", None)
        if kind is not None and not (isinstance(kind, str) and kind in _CARRIED):
            _refuse(f"{field}.kind", f"must be one of {', '.join(sorted(_CARRIED))}")
        type_ = plain.get("type")
        if not (isinstance(type_, str) and type_ in TYPES):
            _refuse(f"{field}.type", "there is no such event")
        record = _read(_CARRIED[kind], carried, f"{field}.record") if kind is not None else None
        return _read(Event, {**plain, "record": record}, field)

    def put(self, app: Application, record: Event, document: Json) -> None:
        app.events.append(record)

    def drop(self, app: Application, record_id: str) -> None:
        pass  # the ring gives up its oldest by itself


class _Named(Kind):
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


_TIMER_FIELDS = [each.name for each in fields(Timer) if each.name != "cancelled"]
_EVENT_FIELDS = [each.name for each in fields(Event) if each.name != "record"]

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _SESSION,
        _InSession(Connection, "connections"),
        _InSession(Stream, "streams"),
        _InSession(Signal, "signals"),
        _Collected(archives.Archive, "archives", live=archives.LIVE),
        _Collected(broadcasts.Broadcast, "broadcasts"),
        _Collected(renders.Render, "renders"),
        _Collected(captions.Captions, "captions"),
        _Collected(calls.Call, "calls"),
        _Collected(connectors.Connector, "connectors"),
        _Named(registrations.Registration, "registrations"),
        _Timers(),
        _Callbacks(),
        _Events(),
    )
}
"""Every kind of record in a snapshot, in an order in which they can be read back."""

_IN_SESSION = ("connection", "stream", "signal")
"""Kinds of records that need their session, as all do that are live."""

_CONNECTED = ("stream", "call", "connector")
"""Kinds of records that need their connection, while they are live."""

STORED: Mapping[str, Kind] = {**KINDS, "checkpoint": _Named(Checkpoint, "checkpoints")}
"""Every kind of record that a store keeps."""

_CARRIED: Mapping[str, Any] = {name: kind.type for name, kind in KINDS.items() if name not in ("timer", "event")}


# The application itself


@dataclass(frozen=True, slots=True)
class Identity:
    """What an application is; times in ms."""

    id: str
    name: str
    created_at: int
    credentials: Credentials
    webhooks: dict[str, Webhook]
    options: Options


@dataclass(frozen=True, slots=True)
class _Clock:
    anchor: int
    started: int
    speed: float
    frozen: bool
    orders: int = 0


@dataclass(frozen=True, slots=True)
class _Ids:
    seed: str
    made: int


@dataclass(frozen=True, slots=True)
class _Outbox:
    last: int
    held: frozenset[str]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """Where an application stands, besides its records; `timer`, `event` and `exchange` are the last numbers given."""

    clock: _Clock
    ids: _Ids
    outbox: _Outbox
    timer: int
    event: int
    exchange: int


def identity(app: Application) -> Identity:
    """Return what the application is."""
    return Identity(app.id, app.name, app.created_at, app.credentials, dict(app.webhooks), app.options)


def head(app: Application) -> Head:
    """Return where the application stands."""
    clock, ids, box = app.clock, app.ids, app.outbox
    return Head(
        _Clock(clock.anchor, 0 if clock.frozen else clock.started, clock.speed, clock.frozen, clock.orders),
        _Ids(ids.seed, ids.made),
        _Outbox(box.last, box.held, tuple(each for each in box.order if box.find(each))),
        app.timeline.number,
        app.events.last,
        app.journal.last,
    )


def read_identity(document: Any, field: str = "application") -> Identity:
    """Return the identity that was written. Raises `BadDocument`."""
    found: Identity = _read(Identity, document, field)
    return found


def read_head(document: Any, field: str = "head") -> Head:
    """Return the head that was written. Raises `BadDocument`."""
    found: Head = _read(Head, document, field)
    if not 0 < found.clock.speed <= 1_000_000 or not 0 < found.clock.anchor <= LAST:
        _refuse(f"{field}.clock", "must be a time before the year 9999, at a speed from above 0 to 1,000,000")
    for name, number in (
        ("clock.started", found.clock.started),
        ("clock.orders", found.clock.orders),
        ("ids.made", found.ids.made),
        ("outbox.last", found.outbox.last),
        ("timer", found.timer),
        ("event", found.event),
        ("exchange", found.exchange),
    ):
        if not 0 <= number <= MOST:
            _refuse(f"{field}.{name}", f"must be a number from 0 to {MOST}")
    return found


def put_identity(app: Application, found: Identity) -> None:
    """Let the application be what it was; its credentials are the world's business (`World.rekey`)."""
    app.name, app.created_at = found.name, found.created_at
    app.options, app.webhooks = found.options, found.webhooks


def put_head(app: Application, found: Head) -> None:
    """Let the application stand where it stood."""
    clock = found.clock
    app.clock.set(clock.anchor, clock.started, clock.speed, clock.frozen, clock.orders)
    app.now = clock.anchor  # what falls due from then on happens at its own time
    app.ids = Ids(found.ids.seed, found.ids.made)
    app.outbox.last, app.outbox.held = found.outbox.last, found.outbox.held
    if order := [each for each in found.outbox.order if app.outbox.find(each)]:
        app.outbox.reorder(order)
    app.timeline.number = found.timer
    app.events.last = found.event
    app.journal.last = max(app.journal.last, found.exchange)


def read_exchange(document: Any) -> Exchange:
    """Return the exchange that was written. Raises `BadDocument`."""
    found: Exchange = _read(Exchange, document, "exchange")
    return found


# Whole applications


def dump(app: Application) -> Json:
    """Return the whole application: its snapshot. Pass it through `write`."""
    return {
        "schema": SCHEMA,
        "application": identity(app),
        "head": head(app),
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
    if not isinstance(document, Mapping):
        _refuse("", "a snapshot is a JSON object")
    if document.get("schema") != SCHEMA:
        _refuse("schema", f"is {document.get('schema')!r}; this version reads {SCHEMA}")
    known = {"schema", "application", "head", "faults", *KINDS}
    for name in document:
        if name not in known:
            _refuse(str(name), f"there is no such part; the parts are {', '.join(sorted(known))}")
    for name in ("application", "head"):
        if name not in document:
            _refuse(name, "is required")
    faults = document.get("faults")
    if faults is not None and not isinstance(faults, Mapping):
        _refuse("faults", "must be an object or null")
    identity, head = read_identity(document["application"]), read_head(document["head"])
    records: dict[str, list[tuple[Any, Json]]] = {}
    ids: dict[str, set[str]] = {}
    for name, kind in KINDS.items():
        listed = document.get(name, [])
        if not isinstance(listed, list):
            _refuse(name, "must be a list")
        records[name], ids[name] = [], set()
        for index, each in enumerate(listed):
            record = kind.read(each, f"{name}.{index}")
            record_id = kind.id_of(record)
            if record_id in ids[name]:
                _refuse(f"{name}.{index}", f"comes twice: {record_id}")
            ids[name].add(record_id)
            records[name].append((record, each))
    parsed = Parsed(identity, head, records, ids, faults, document)
    _check_places(parsed)
    _check_numbers(parsed)
    for index, callback in enumerate(parsed.of("callback")):
        _check_body(callback, f"callback.{index}")
    return parsed


def _check_places(parsed: Parsed) -> None:
    """Refuse records that are in a session, or of a connection, that is not there; and timers of no record."""
    present = {(each.session_id, each.id) for each in parsed.of("connection")}
    for name in (*_IN_SESSION, "archive", "broadcast", "render", "captions", "call", "connector"):
        for index, (record, document) in enumerate(parsed.records[name]):
            field = f"{name}.{index}" if name in _IN_SESSION else f"{name}.{index}.record"
            if name not in _IN_SESSION and not document["live"]:
                continue
            if record.session_id not in parsed.ids["session"]:
                _refuse(f"{field}.session_id", "there is no such session in the snapshot")
            if name in _CONNECTED and (record.session_id, record.connection_id) not in present:
                _refuse(f"{field}.connection_id", "there is no such connection in its session")
    for index, timer in enumerate(parsed.of("timer")):
        about = timer.action.partition(".")[0]
        if about in parsed.ids and timer.subject not in parsed.ids[about]:
            _refuse(f"timer.{index}.subject", f"there is no such {about} in the snapshot")


def _check_numbers(parsed: Parsed) -> None:
    """Refuse numbers that have not been given, events with gaps between them, and ids that would come again."""
    head = parsed.head
    for name, last, place in (("timer", head.timer, "timer"), ("callback", head.outbox.last, "outbox.last")):
        for index, record in enumerate(parsed.of(name)):
            if not 0 < record.number <= last:
                _refuse(f"{name}.{index}.number", f"must be from 1 to head.{place}")
    events = parsed.of("event")
    for index, event in enumerate(events):
        number = events[index - 1].number + 1 if index else max(1, event.number)
        if event.number != number:
            _refuse(f"event.{index}.number", f"must be {number}: numbers have no gaps")
    if events and head.event != events[-1].number:
        _refuse("head.event", f"must be {events[-1].number}, the number of the newest event")
    made = sum(len(parsed.ids[name]) for name in _IN_SESSION)
    if head.ids.made < made:
        _refuse("head.ids.made", f"must be {made} or more: as many ids as there are in sessions were made")


def _check_body(callback: Callback, field: str) -> None:
    try:
        orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        _refuse(f"{field}.body", "must be JSON")


def install(app: Application, parsed: Parsed, restore_faults: RestoreFaults) -> None:
    """Let the application be what was parsed, in a unit; nothing of what it was before stays but its checkpoints.

    What is to be sent (again) waits until `resume`. Its faults and the actions of its timers must be known already.
    """
    app.clear()
    app.events = Events(app.event_size)
    if parsed.faults is not None:
        restore_faults(app, parsed.faults)
    for name, kind in KINDS.items():
        for record, document in parsed.records[name]:
            kind.put(app, record, document)
    put_identity(app, parsed.identity)
    put_head(app, parsed.head)
    for name, kind in KINDS.items():
        if name not in ("timer", "event"):
            for record in kind.all(app):
                app.touch(record)


def resume(app: Application) -> None:
    """Let what is neither held nor waiting for its time be sent, as after a restart: it may have been sent before."""
    for callback in list(app.outbox):
        if callback.status == "pending" and app.timeline.get(RETRY, callback.id) is None:
            app.outbox.hand_in(callback)
            app.touch(callback)


# Single records


@dataclass(frozen=True, slots=True)
class Row:
    """The document of one record, None where it is gone."""

    kind: str
    id: str
    document: bytes | None


def rows(app: Application, change: Change) -> list[Row]:
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
    """Let a record of the application be what its row says. Raises `BadDocument`."""
    kind = STORED[row.kind]
    if row.document is None:
        kind.drop(app, row.id)
        return
    document = orjson.loads(row.document)
    kind.put(app, kind.read(document, row.kind), document)
