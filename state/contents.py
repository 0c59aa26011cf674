"""What there is in an application: one list, of what a snapshot holds and a reset forgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from state.events import Events
from state.memory import weight
from state.outbox import Outbox
from state.project_records import Registration, StorageTarget
from state.records import Collection, R, Record
from state.session_records import Session
from state.timeline import Timeline

_LIVE = ("connection", "stream")
"""Kinds of records in a session that are live as long as they are there."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is kept of an application: exchanges, events, callbacks, and of each kind records that have ended."""

    journal: int = 1000
    events: int = 10_000
    callbacks: int = 10_000
    records: int = 100_000


@dataclass(eq=False, repr=False)
class Contents:
    """All that an application has; its fields are the list.

    `signal_bytes` are those of the signals of all sessions, `live_bytes` those of what is live, `live` each of them.
    """

    events: Events
    outbox: Outbox
    records: dict[type[Any], Collection[Any]]
    timeline: Timeline = field(default_factory=Timeline)
    sessions: dict[str, Session] = field(default_factory=dict)
    signal_bytes: int = 0
    registrations: dict[str, Registration] = field(default_factory=dict)
    storages: dict[str, StorageTarget] = field(default_factory=dict)
    live: dict[tuple[str, str], int] = field(default_factory=dict)
    live_bytes: int = 0

    def empty(self, sizes: Sizes, kinds: Sequence[type[Record]]) -> None:
        """Have nothing any more."""
        records: dict[type[Any], Collection[Any]] = {kind: Collection(kind.kind) for kind in kinds}
        Contents.__init__(self, Events(sizes.events), Outbox(sizes.callbacks), records)

    def take(self, other: Contents) -> None:
        """Have all that another one has."""
        for each in fields(Contents):
            setattr(self, each.name, getattr(other, each.name))

    def weigh_live(self, record: Any, taken: int | None = None) -> None:
        """Count the bytes of a record that was made or changed, as long as it is live; others are given up by age.

        `taken` are they, about, where that is known.
        """
        collection = self.records.get(type(record))
        if collection is not None:
            live, _ = collection.holds(record)
        else:
            live = record.kind in _LIVE
        if live:
            taken = weight(record) if taken is None else taken
            self.live_bytes += taken - self.live.get((record.kind, record.id), 0)
            self.live[record.kind, record.id] = taken
        else:
            self.forget_live(record.kind, record.id)

    def forget_live(self, kind: str, record_id: str) -> None:
        """Count a record no longer."""
        self.live_bytes -= self.live.pop((kind, record_id), 0)

    def __getitem__(self, kind: type[R]) -> Collection[R]:
        """Return the records of a kind of resource: `app[Archive]`. Raises `KeyError` for what is none."""
        return self.records[kind]

    @property
    def collections(self) -> tuple[Collection[Any], ...]:
        """What there is in sessions, by kind."""
        return tuple(self.records.values())
