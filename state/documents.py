"""Documents: what is kept of an application, as JSON; and those of the application itself.

A document is what its record is, in its own names, so that what is read back is the same. Those of records are made
by their kinds (state/record_kinds.py); rows (state/rows.py) and snapshots (state/snapshots.py) are made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import orjson
from pydantic import TypeAdapter, ValidationError

from state.application import Application, Credentials
from state.bytes_json import text_of
from state.clock import LAST
from state.ids import Ids
from state.journal import Exchange
from state.options import Options
from state.outbox import Webhook

MAX_NUMBER = 2**53 - 1
"""The largest number that every reader of JSON tells from the next one."""

Json = dict[str, Any]


class DocumentError(ValueError):
    """A document that cannot be read: `field` says where, the text what was expected."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


def write(value: Any, *, indented: bool = False) -> bytes:
    """Return a document as JSON."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 if indented else None)


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


def read(type_: Any, value: Any, field: str) -> Any:
    """Return a value read as `type_`. Raises `DocumentError`, which names the part below `field` that is wrong."""
    try:
        return _reader(type_)(value)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"] if not (isinstance(part, str) and "[" in part))
        refuse(f"{field}.{where}" if where else field, str(problem["msg"]))


def refuse(field: str, problem: str) -> NoReturn:
    """Raise `DocumentError` for a field."""
    raise DocumentError(field, problem)


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
    last: int = 0


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
    """Where an application stands, besides its records; `timer`, `event` and `exchange` are the last numbers given.

    `clock.last` is when it was last changed, ms: no time is told again that is before.
    """

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
        _Clock(
            clock.anchor,
            0 if clock.frozen else clock.started,
            clock.speed,
            clock.frozen,
            clock.orders,
            app.changed_at,
        ),
        _Ids(ids.seed, ids.made),
        _Outbox(box.last, box.held, tuple(each for each in box.order if box.find(each))),
        app.timeline.number,
        app.events.last,
        app.journal.last,
    )


def read_identity(document: Any, field: str = "application") -> Identity:
    """Return the identity that was written. Raises `DocumentError`."""
    found: Identity = read(Identity, document, field)
    return found


def read_head(document: Any, field: str = "head") -> Head:
    """Return the head that was written. Raises `DocumentError`."""
    found: Head = read(Head, document, field)
    if not 0 < found.clock.speed <= 1_000_000 or not 0 < found.clock.anchor <= LAST:
        refuse(f"{field}.clock", "must be a time before the year 9999, at a speed from above 0 to 1,000,000")
    for name, number in (
        ("clock.started", found.clock.started),
        ("clock.orders", found.clock.orders),
        ("clock.last", found.clock.last),
        ("ids.made", found.ids.made),
        ("outbox.last", found.outbox.last),
        ("timer", found.timer),
        ("event", found.event),
        ("exchange", found.exchange),
    ):
        if not 0 <= number <= MAX_NUMBER:
            refuse(f"{field}.{name}", f"must be a number from 0 to {MAX_NUMBER}")
    return found


def put_identity(app: Application, found: Identity, defaults: Options) -> None:
    """Let the application be what it was; options that are not said are the `defaults`.

    Its credentials are the world's business (`World.rekey`).
    """
    said = {name: getattr(found.options, name) for name in found.options.model_fields_set}
    app.name, app.created_at = found.name, found.created_at
    app.options, app.webhooks = defaults.model_copy(update=said), found.webhooks


def put_head(app: Application, found: Head) -> None:
    """Let the application stand where it stood."""
    clock = found.clock
    app.clock.set(clock.anchor, clock.started, clock.speed, clock.frozen, clock.orders, clock.last)
    app.changed_at = clock.last
    app.now = clock.anchor  # what falls due from then on happens at its own time
    app.ids = Ids(found.ids.seed, found.ids.made)
    app.outbox.last, app.outbox.held = found.outbox.last, found.outbox.held
    if order := [each for each in found.outbox.order if app.outbox.find(each)]:
        app.outbox.reorder(order)
    app.timeline.number = found.timer
    app.events.last = found.event
    app.journal.last = max(app.journal.last, found.exchange)


def read_exchange(document: Any) -> Exchange:
    """Return the exchange that was written. Raises `DocumentError`."""
    found: Exchange = read(Exchange, document, "exchange")
    return found
