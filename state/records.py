"""Records, and the collections that keep them: found by id, listed newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import islice
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from state.errors import MalformedIdError, UnknownResourceError, WrongStatusError
from state.ids import is_uuid
from state.memory import RECORDS, weight

Transitions = Mapping[str, tuple[str, ...]]
"""Which statuses may follow each status; none follow an end."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The statuses of something that lives: the first one, and for each those that may follow, none for an end."""

    initial: str
    transitions: Transitions

    @property
    def endings(self) -> frozenset[str]:
        """The statuses in which it ends."""
        return frozenset(status for status, after in self.transitions.items() if not after)


def transitions(**following: str) -> Transitions:
    """Return a table of transitions: each status with those that may follow it, separated by spaces."""
    return MappingProxyType({status: tuple(after.split()) for status, after in following.items()})


def require_transition(table: Transitions, record: Any, status: str) -> None:
    """Raise `WrongStatusError` unless the status may follow that of the record."""
    if status not in table[record.status]:
        raise WrongStatusError(record.kind, f"move to {status}", record.status)


def copied(record: Any) -> Any:
    """Return a shallow copy of a record; `copy.copy` takes six times as long for one with slots."""
    type_: Any = type(record)
    return type_(*_values_of(type_)(record))


@cache
def _values_of(type_: type) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*[field.name for field in fields(type_)])


@dataclass(slots=True)
class Record:
    """Something that belongs to a session and has a life.

    Values inside a record are never changed in place but replaced, so that a shallow copy keeps how it was.
    """

    kind: ClassVar[str] = ""

    id: str
    session_id: str
    created_at: int
    updated_at: int

    @property
    def live_key(self) -> str:
        """What tells live records of one session apart: two with the same key cannot be live at once."""
        return self.id

    @property
    def names(self) -> tuple[str, ...]:
        """What it was given to be known by besides its id: names and tags, empty where none was given."""
        return ()


@dataclass(frozen=True, slots=True)
class Row:
    """What a store keeps of one record: its document, None where it is gone."""

    kind: str
    id: str
    document: bytes | None


R = TypeVar("R", bound=Record)


class Collection(Generic[R]):
    """The records of one kind, in the order in which they were made.

    A new record is live until it is retired, and listed until it is hidden; it is found by id until it is given up.
    `bytes` are those of records that are no longer live.
    A page costs the same however many records there are.
    """

    __slots__ = ("_all", "_by_session", "_listed", "_live", "_retired", "bytes", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._all: dict[str, R] = {}
        self._listed: dict[str, R] = {}
        self._by_session: dict[str, dict[str, R]] = {}
        self._live: dict[str, dict[str, R]] = {}
        self._retired: dict[str, int] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[R]:
        """Yield every record, hidden ones included, oldest first."""
        return iter(self._all.values())

    def add(self, record: R) -> None:
        """Keep `record`, live and listed."""
        self._all[record.id] = record
        self._listed[record.id] = record
        self._by_session.setdefault(record.session_id, {})[record.id] = record
        self._live.setdefault(record.session_id, {})[record.live_key] = record

    def put(self, record: R, *, live: bool, listed: bool) -> None:
        """Keep `record` as it is, in the place of the one with its id."""
        before = self._all.get(record.id)
        self._all[record.id] = record
        if listed:
            self._listed[record.id] = record
            self._by_session.setdefault(record.session_id, {})[record.id] = record
        else:
            self.hide(record)
        if live:
            self._live.setdefault(record.session_id, {})[record.live_key] = record
            self._unweigh(record.id)
        else:
            self._end(before)
            self._weigh(record)

    def forget(self, record_id: str) -> None:
        """Give up a record."""
        record = self._all.pop(record_id, None)
        if record is not None:
            self._end(record)
            self.hide(record)
            self._unweigh(record_id)

    def _weigh(self, record: R) -> None:
        self._unweigh(record.id)
        taken = self._retired[record.id] = weight(record)
        self.bytes += taken

    def _unweigh(self, record_id: str) -> None:
        self.bytes -= self._retired.pop(record_id, 0)

    def _end(self, record: R | None) -> None:
        """Let a record be live no longer, if it is: another one may have its key by now."""
        if record is not None and self._live.get(record.session_id, {}).get(record.live_key) is record:
            self._drop(self._live, record.session_id, record.live_key)

    def surplus(self, size: int, most: int = RECORDS) -> list[R]:
        """Return the oldest records that are no longer live, beyond `size` of them and `most` bytes of them."""
        excess, too_much = len(self._retired) - size, self.bytes - most
        if excess <= 0 and too_much <= 0:
            return []
        found: list[R] = []
        for record in self._all.values():
            if excess <= 0 and too_much <= 0:
                break
            if (taken := self._retired.get(record.id)) is not None:
                found.append(record)
                excess, too_much = excess - 1, too_much - taken
        return found

    def retire(self, record: R) -> None:
        """Note that `record` is no longer live."""
        self._weigh(record)
        self._drop(self._live, record.session_id, record.live_key)

    def hide(self, record: R) -> None:
        """Take `record` out of the lists."""
        self._listed.pop(record.id, None)
        self._drop(self._by_session, record.session_id, record.id)

    @staticmethod
    def _drop(index: dict[str, dict[str, R]], session_id: str, key: str) -> None:
        of_session = index.get(session_id, {})
        of_session.pop(key, None)
        if not of_session:
            index.pop(session_id, None)

    def get(self, record_id: str) -> R:
        """Return the record. Raises `UnknownResourceError`, or `MalformedIdError` when the id is not a UUID."""
        record = self._all.get(record_id)
        if record is None:
            raise UnknownResourceError(self.kind) if is_uuid(record_id) else MalformedIdError(self.kind)
        return record

    def has(self, record_id: str) -> bool:
        """Tell whether there is a record with this id."""
        return record_id in self._all

    def live(self, session_id: str) -> list[R]:
        """Return the live records of one session, oldest first."""
        return list(self._live.get(session_id, {}).values())

    def holds(self, record: R) -> tuple[bool, bool]:
        """Tell whether `record` is live, and whether it is listed."""
        return record.id not in self._retired, record.id in self._listed

    def is_live(self, session_id: str, key: str = "") -> bool:
        """Tell whether a record with this live key is live in the session."""
        return key in self._live.get(session_id, {})

    def page(self, offset: int, count: int, session_id: str | None = None) -> tuple[int, list[R]]:
        """Return how many are listed, and `count` of them from `offset` on, newest first."""
        listed = self._listed if session_id is None else self._by_session.get(session_id, {})
        return len(listed), list(islice(reversed(listed.values()), offset, offset + count))
