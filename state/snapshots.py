"""Snapshots: a whole application as one document, which people may have written; read, checked and put back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from state import documents, nesting
from state.application import MAX_RULES, Application, FaultState
from state.documents import Head, Identity, Json, refuse
from state.memory import fitted
from state.nesting import SNAPSHOT_DEPTH
from state.options import Options
from state.reading import Reader
from state.record_kinds import KINDS
from state.records import Row, copied
from state.resources import RESOURCE_KINDS, RESOURCES
from state.rows import rows_of_all
from state.world import World

SCHEMA = 1
"""The version of the documents: another one cannot be read."""

Steps = Generator[None]
"""Work in small steps, so that others may work between them."""

RestoreFaults = Callable[[Application, Mapping[str, Any]], None]

PLENTY = 4096
"""Bytes that any document may take as lines."""

_IN_SESSION = ("connection", "stream", "signal")
"""Kinds of records that need their session."""

_LIVING = tuple(RESOURCE_KINDS)
"""Kinds of records that need their session while they are live."""

_CONNECTED = ("stream", *(kind.name for kind in RESOURCES if kind.connects))
"""Kinds of records that need their connection too."""


def dump(app: Application) -> Json:
    """Return the whole application as it is now, whatever happens to it afterwards: what `write` writes."""
    return {
        "schema": SCHEMA,
        "application": documents.identity(app),
        "head": documents.head(app),
        **{name: [_still(kind.show(app, record)) for record in kind.all(app)] for name, kind in KINDS.items()},
        "faults": app.faults.dump() if app.faults is not None and not app.faults.untouched else None,
    }


def _still(document: Any) -> Any:
    """Return a document that does not change with its record."""
    if isinstance(document, dict):
        if "live" in document:
            document["record"] = copied(document["record"])
        return document
    return copied(document)


def write(dumped: Json) -> Generator[None, None, bytes]:
    """Return a snapshot as lines that people can read, step by step. What was dumped is gone then."""
    lines: list[bytes] = []
    for name in list(dumped):
        part = dumped.pop(name)
        lines.append(b',\n  "%s": ' % name.encode())
        if name == "faults":
            yield from _write_parts(part, lines, 2, levels=2)
        elif name not in KINDS:
            lines.append(_indented(part, 2))
        elif not part:
            lines.append(b"[]")
        else:
            part.reverse()
            lines.append(b"[\n    ")
            while part:
                lines.append(_indented(part.pop(), 4))
                lines.append(b",\n    " if part else b"\n  ]")
                yield
        yield
    lines[0] = b"{" + lines[0].removeprefix(b",")
    lines.append(b"\n}\n")
    return b"".join(lines)


def _write_parts(part: Any, lines: list[bytes], depth: int, *, levels: int) -> Steps:
    """Write a document as `_indented` does, the parts of its first `levels` each by itself."""
    if not levels or not part or not isinstance(part, dict | list):
        lines.append(_indented(part, depth))
        yield
        return
    begun, ended = (b"{", b"}") if isinstance(part, dict) else (b"[", b"]")
    for index, key in enumerate(part):
        lines.append((b"," if index else begun) + b"\n" + b" " * (depth + 2))
        if isinstance(part, dict):
            lines.append(orjson.dumps(key) + b": ")
        yield from _write_parts(part[key] if isinstance(part, dict) else key, lines, depth + 2, levels=levels - 1)
    lines.append(b"\n" + b" " * depth + ended)


def _indented(part: Any, depth: int) -> bytes:
    """Return a document as lines; as one where it would take far more than it says, as long lists in depth do."""
    lines = documents.write(part, indented=True).replace(b"\n", b"\n" + b" " * depth)
    if len(lines) > PLENTY and len(lines) > 3 * len(plain := documents.write(part)):
        return fitted(plain)
    return lines


@dataclass(slots=True)
class Parsed:
    """An application's documents, found to be consistent; by kind the `records` with how they are kept, and the `ids`.

    `span` is where it stood in what was read, in bytes; `rules` are made of the `faults` by who knows rules.
    """

    identity: Identity
    head: Head
    records: Mapping[str, Sequence[tuple[Any, Json]]]
    ids: Mapping[str, Collection[str]]
    faults: Mapping[str, Any] | None
    span: tuple[int, int]
    rules: FaultState | None = None

    def of(self, name: str) -> Iterator[Any]:
        """Yield the records of one kind."""
        return (record for record, _ in self.records[name])


def parse(content: bytes) -> Generator[None, None, Parsed]:
    """Read the snapshot of one application, step by step. Raises `DocumentError`."""
    reader = Reader(content)
    require_object(reader)
    parts = Parts(reader)
    for name in reader.members():
        yield from parts.read(name)
    reader.end()
    return (yield from parts.parsed())


def require_object(reader: Reader) -> None:
    """Refuse what is no object."""
    if reader.peek() not in ("{", ""):
        refuse("", "a snapshot is a JSON object")


class Parts:
    """The parts of the snapshot of one application, as they come."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._begun = reader.position
        self._read: dict[str, Any] = {}
        self._records: dict[str, list[tuple[Any, Json]]] = {name: [] for name in KINDS}
        self._ids: dict[str, set[str]] = {name: set() for name in KINDS}

    def read(self, name: str) -> Steps:
        """Read the part with this name."""
        if name in KINDS:
            yield from self._read_records(name)
        elif name == "faults" and self._reader.peek() == "{":
            yield from self._read_faults()
        elif name in _PARTS:
            self._read[name] = yield from self._reader.value(name)
            if name == "schema":
                self.require_schema()
        else:
            known = ", ".join(sorted({*_PARTS, *KINDS}))
            refuse(str(name), f"there is no such part; the parts are {known}")
        yield

    def _read_records(self, name: str) -> Steps:
        kind, ids, records = KINDS[name], self._ids[name], self._records[name]
        if self._reader.peek() != "[":
            refuse(name, "must be a list")
        for index in self._reader.elements():
            field = f"{name}.{index}"
            document = yield from self._reader.value(field)
            record = kind.read(document, field)
            record_id = kind.id_of(record)
            if record_id in ids:
                refuse(field, f"comes twice: {record_id}")
            ids.add(record_id)
            records.append((record, _kept(document)))
            yield

    def _read_faults(self) -> Steps:
        """Read failure rules, and what is kept with them, each by itself."""
        faults = self._read["faults"] = {}
        reader = self._reader
        for name in reader.members():
            field, left, first = f"faults.{name}", MAX_VALUES_OF_FAULTS, reader.peek()
            if name == "rules" and first == "[":
                rules = faults[name] = []
                for index in reader.elements():
                    if index == MAX_RULES:
                        refuse(field, f"an application has {MAX_RULES} rules at most")
                    if reader.peek() != "{":
                        refuse(f"{field}.{index}", "must be an object")
                    rules.append((yield from reader.value(f"{field}.{index}", SNAPSHOT_DEPTH - 2)))
                    left = _require_few(field, left, rules[-1])
                    yield
            elif first == "{":
                kept = faults[name] = {}
                for key in reader.members():
                    kept[key] = yield from reader.value(f"{field}.{key}"[:MAX_FIELD], SNAPSHOT_DEPTH - 2)
                    left = _require_few(field, left, kept[key])
                    yield
            else:
                faults[name] = yield from reader.value(field)
                yield

    def require_schema(self) -> None:
        """Refuse where no version was read; another one was refused when it was."""
        _require_schema(self._read.get("schema"))

    def parsed(self) -> Generator[None, None, Parsed]:
        """Return what was read, when all of it has been."""
        self.require_schema()
        for name in ("application", "head"):
            if name not in self._read:
                refuse(name, "is required")
        faults = self._read.get("faults")
        if not isinstance(faults, Mapping | None):
            refuse("faults", "must be an object or null")
        parsed = Parsed(
            documents.read_identity(self._read["application"]),
            documents.read_head(self._read["head"]),
            self._records,
            self._ids,
            faults,
            (self._begun, self._reader.position),
        )
        for check in (_check_places, _check_numbers, _check_bodies):
            yield from check(parsed)
        return parsed


MAX_VALUES_OF_FAULTS = 1_200_000
"""Values in all failure rules as they are kept, and in what becomes of resources: twice what rules may have."""

MAX_FIELD = 200
"""Characters of the name of a place."""


def _require_few(field: str, left: int, document: Any) -> int:
    """Return how many values are left after a document. Raises `DocumentError`."""
    left -= nesting.count(document)
    if left < 0:
        refuse(field, f"has more than {MAX_VALUES_OF_FAULTS} values")
    return left


_PARTS = ("schema", "application", "head", "faults")

_KEPT: Mapping[tuple[bool, bool], Json] = {
    (live, listed): {"live": live, "listed": listed} for live in (False, True) for listed in (False, True)
}
_PLAIN: Json = {}


def _kept(document: Any) -> Json:
    """Return what a document says besides its record, without the record."""
    if "record" in document and "live" in document:
        return _KEPT[document["live"], document["listed"]]
    return _PLAIN


def _require_schema(found: Any) -> None:
    """Refuse another version of the documents."""
    if found != SCHEMA:
        refuse("schema", f"must be {SCHEMA}, as in what GET …/snapshot gives (got {found!r})")


def _check_places(parsed: Parsed) -> Steps:
    """Refuse records that are in a session, or of a connection, that is not there; and timers of no record."""
    present = {(each.session_id, each.id) for each in parsed.of("connection")}
    for name in (*_IN_SESSION, *_LIVING):
        for index, (record, kept) in enumerate(parsed.records[name]):
            yield
            field = f"{name}.{index}"
            if name in _LIVING:
                if not kept["live"]:
                    continue
                field += ".record"
            if record.session_id not in parsed.ids["session"]:
                refuse(f"{field}.session_id", "there is no such session in the snapshot")
            if name in _CONNECTED and (record.session_id, record.connection_id) not in present:
                refuse(f"{field}.connection_id", "there is no such connection in its session")
    for index, timer in enumerate(parsed.of("timer")):
        yield
        about = timer.action.partition(".")[0]
        if about in parsed.ids and timer.subject not in parsed.ids[about]:
            refuse(f"timer.{index}.subject", f"there is no such {about} in the snapshot")


def _check_numbers(parsed: Parsed) -> Steps:
    """Refuse numbers that have not been given, events with gaps between them, and ids that would come again."""
    head = parsed.head
    for name, last, place in (("timer", head.timer, "timer"), ("callback", head.outbox.last, "outbox.last")):
        for index, record in enumerate(parsed.of(name)):
            yield
            if not 0 < record.number <= last:
                refuse(f"{name}.{index}.number", f"must be from 1 to head.{place}")
    number = 0
    for index, event in enumerate(parsed.of("event")):
        yield
        number = number + 1 if index else max(1, event.number)
        if event.number != number:
            refuse(f"event.{index}.number", f"must be {number}: numbers have no gaps")
    if number and head.event != number:
        refuse("head.event", f"must be {number}, the number of the newest event")
    made = sum(len(parsed.ids[name]) for name in _IN_SESSION)
    if head.ids.made < made:
        refuse("head.ids.made", f"must be {made} or more: as many ids as there are in sessions were made")


def _check_bodies(parsed: Parsed) -> Steps:
    """Refuse callbacks whose body is no JSON."""
    for index, callback in enumerate(parsed.of("callback")):
        yield
        try:
            orjson.loads(callback.body)
        except orjson.JSONDecodeError:
            refuse(f"callback.{index}.body", "must be JSON")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an application is to be: as it was parsed, as it was built of that, and the rows of it for a store."""

    parsed: Parsed
    built: Application
    rows: Sequence[Row] | None = None


def prepare(world: World, parsed: Parsed, *, rows: bool = False) -> Generator[None, None, Prepared]:
    """Prepare what was parsed and has its rules, step by step; `rows`: for a store too."""
    built = yield from build(world, parsed)
    return Prepared(parsed, built, (yield from rows_of_all(built)) if rows else None)


def build(world: World, parsed: Parsed) -> Generator[None, None, Application]:
    """Return an application with what was parsed, step by step; the world does not know it.

    The actions of its timers must be known already.
    """
    built = world.beside(parsed.identity)
    for name, kind in KINDS.items():
        for record, kept in parsed.records[name]:
            kind.put(built, record, kept)
            if name not in ("timer", "event"):
                built.touch(record)
                built.weigh_live(record)
            yield
    return built


def install(app: Application, prepared: Prepared, defaults: Options) -> None:
    """Let the application be what was prepared, in a unit; nothing of what it was stays but its checkpoints.

    Options that the document does not say are the `defaults`. What is to be sent waits until `callbacks.resume`.
    """
    parsed = prepared.parsed
    app.become(prepared.built, prepared.rows)
    app.faults = parsed.rules
    documents.put_identity(app, parsed.identity, defaults)
    documents.put_head(app, parsed.head)
    app.clock.go_on()
