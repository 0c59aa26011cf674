"""An application is a tenant: one aggregate of resources with its own clock, timeline, events and journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Protocol

from state.bytes_json import JsonBytes
from state.clock import Clock
from state.contents import Contents, Sizes
from state.events import Event, Events
from state.ids import Ids
from state.journal import Journal
from state.memory import OVERHEAD, weight
from state.options import Options
from state.outbox import RETRY, Webhook
from state.pace import Paces
from state.records import Record, Row, copied
from state.session_records import Session
from state.timeline import Timer

MAX_CHECKPOINTS = 100
MAX_RULES = 10_000
"""Checkpoints and failure rules that one application may have."""

Handler = Callable[["Application", str], None]
Reaction = Callable[["Application", Event], None]


class FaultState(Protocol):
    """What is to go wrong in an application; `scenarios` makes it when it is first needed.

    `revision` is another one whenever something of it may have changed; `bytes` are those of its rules.
    """

    revision: int
    bytes: int

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever done with it: then it is as good as none."""

    @property
    def stamp(self) -> int:
        """A number that is another one after a hit, or after rules or packs have changed."""

    def forget(self, subject: str) -> Sequence[str]:
        """Forget what was to become of a record; return the subjects that its timers may have."""

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What happens when a timer is due, by its action, and in reaction to an event, by its type.

    `paces` are how long processing takes. `watchers` see every event, before what it leads to happens. `kinds` are the
    types of the records that are kept in collections.
    """

    handlers: Mapping[str, Handler]
    reactions: Mapping[str, tuple[Reaction, ...]]
    paces: Paces
    watchers: Sequence[Reaction] = ()
    kinds: Sequence[type[Record]] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an application's callers prove themselves with, and what its callbacks are signed with.

    Keys are PEM; `private_key` may be unknown (empty).
    """

    public_key: str
    private_key: str
    api_key: str
    api_secret: str
    signature_secret: str = ""


@dataclass(slots=True)
class Change:
    """What one unit of work did: the records it changed (by kind and id) and the events that happened, in order.

    `removed` are those that are gone, `timers` the actions and subjects of timers that were set or are gone; `reset`:
    all that was there before is gone, but for the checkpoints; `restored` are rows of what is there in its place, and
    are written before the rest.
    """

    application_id: str
    version: int
    records: dict[tuple[str, str], Any]
    events: list[Event]
    removed: set[tuple[str, str]] = field(default_factory=set)
    timers: set[tuple[str, str]] = field(default_factory=set)
    reset: bool = False
    restored: Sequence[Row] | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state to return to: a whole snapshot, taken at `at` ms. The one called `seed` is what a reset goes back to."""

    kind: ClassVar[str] = "checkpoint"

    id: str
    at: int
    snapshot: JsonBytes


class Application(Contents):
    """One tenant. Change it only inside `World.unit`; the application is a record of itself.

    `now` is the time of what is being done, in ms: of the unit, or of the transition that is being applied;
    `changed_at` that of the last change.
    `epoch` names the world that is in it: another one after a reset, a restored snapshot, or in another process.
    """

    kind: ClassVar[str] = "application"

    def __init__(
        self,
        application_id: str,
        name: str,
        credentials: Credentials,
        options: Options,
        rules: Rules,
        *,
        clock: Clock,
        sizes: Sizes,
    ) -> None:
        self.id = application_id
        self.name = name
        self.credentials = credentials
        self.options = options
        self.rules = rules
        self.clock = clock
        self.created_at = self.now = self.changed_at = self.clock.now()
        self.sizes = sizes
        self.journal = Journal(sizes.journal)
        self.webhooks: Mapping[str, Webhook] = {}
        self.version = 0
        self.checkpoints: dict[str, Checkpoint] = {}
        self._clear()

    def _clear(self) -> None:
        self.empty(self.sizes, self.rules.kinds)
        self.epoch = os.urandom(8).hex()
        self.ids = Ids(self.options.seed)
        self._sweep_from = 0
        self.faults: FaultState | None = None
        self._changed: dict[tuple[str, str], Any] = {}
        self._happened: list[Event] = []
        self._removed: set[tuple[str, str]] = set()
        self._reset = False
        self._weighed: dict[tuple[str, str], int] = {}
        self._restored: Sequence[Row] | None = None

    def reset(self) -> None:
        """Forget every resource, timer, event, fault and exchange; credentials, options and the clock stay."""
        last = self.events.last
        self.clear()
        self.events = Events(self.sizes.events, last)  # numbers go on: whoever waits for new events sees them

    def clear(self) -> None:
        """Forget all but what the application is, its clock and its checkpoints, event numbers included."""
        self._clear()
        self._reset = True
        self.journal = Journal(self.sizes.journal)
        self.touch(self)

    def become(self, other: Application, rows: Sequence[Row] | None = None) -> None:
        """Have all that another one has, which is of no use any more; not what this one is, its clock and faults.

        `rows` are those of what the other one has, where they have been made.
        """
        self.clear()
        self.take(other)
        self._restored = rows
        if rows is None:
            self._changed.update(other._changed)
        else:
            self.timeline.changed = set()

    # Memory

    @property
    def bytes(self) -> Mapping[str, int]:
        """About how many bytes are kept, by what they are (state/memory.py)."""
        return {
            "requests": self.journal.bytes,
            "events": self.events.bytes,
            "callbacks": self.outbox.bytes,
            "signals": self.signal_bytes,
            "records": sum(each.bytes for each in self.collections),
            "live": self.live_bytes,
            "checkpoints": sum(len(each.snapshot) for each in self.checkpoints.values()),
            "rules": self.faults.bytes if self.faults is not None else 0,
        }

    @property
    def total_bytes(self) -> int:
        """About how many bytes are kept; asked after each change."""
        total = self.journal.bytes + self.events.bytes + self.outbox.bytes + self.signal_bytes + self.live_bytes
        for each in self.collections:
            total += each.bytes
        if self.checkpoints:
            total += sum(len(each.snapshot) for each in self.checkpoints.values())
        return total if self.faults is None else total + self.faults.bytes

    def give_up_signal(self, session: Session) -> None:
        """Give up the oldest signal of a session."""
        gone = session.signals.pop(next(iter(session.signals)))
        self.signal_bytes -= weight(gone)
        self.remove(gone)

    def give_up_signals(self, most: int) -> None:
        """Give up signals beyond so many bytes, those of the oldest sessions first."""
        for session in self.sessions.values():
            while session.signals and self.signal_bytes > most:
                self.give_up_signal(session)

    def give_up_old(self, *, everything: bool) -> None:
        """Give up the older half of exchanges and events; or of everything that may be given up, in a unit."""
        self.journal.give_up_half()
        self.events.give_up_half()
        if everything:
            self.outbox.give_up_half()
            self.give_up_signals(self.signal_bytes // 2)
            for collection in self.collections:
                for record in collection.surplus(self.sizes.records, collection.bytes // 2):
                    collection.forget(record.id)
                    self._forget(record)

    # What modules of resources use

    def touch(self, record: Any) -> None:
        """Note that `record` changed in this unit."""
        self._changed[record.kind, record.id] = record

    def remove(self, record: Any) -> None:
        """Note that `record` is gone."""
        self._changed.pop((record.kind, record.id), None)
        self._removed.add((record.kind, record.id))

    def emit(self, type_: str, record: Any, *, reason: str = "", stream_id: str = "", detail: Any = None) -> None:
        """Note that something happened to `record`, keep the event, and tell whoever reacts to it.

        The event carries `detail`, or else a copy of `record` as it is now; `stream_id` is the stream that it is about.
        """
        self.touch(record)
        event = Event(
            number=self.events.last + 1,
            at=self.now,
            type=type_,
            subject=record.id,
            session_id=record.session_id,
            reason=reason,
            record=copied(record) if detail is None else detail,
            stream_id=stream_id,
        )
        taken = self.events.append(event)
        if detail is None:
            self._weighed[record.kind, record.id] = taken - OVERHEAD
        self._happened.append(event)
        for watch in self.rules.watchers:
            watch(self, event)
        for react in self.rules.reactions.get(type_, ()):
            react(self, event)

    def after(self, action: str, subject: str, delay: int) -> None:
        """Let `action` happen to `subject` in `delay` ms of the clock (a contractual time)."""
        self.timeline.set(action, subject, self.now + delay)

    def process(self, action: str, subject: str, pace: str | None = None) -> None:
        """Let `action` happen to `subject` when its processing ends: a delay of the pace, named like the action."""
        key = pace or action
        delay = self.rules.paces[self.options.pace][key]
        self.timeline.set(action, subject, self.now + delay, since=self.now, pace=key)

    # Time

    def settle(self, now: int) -> None:
        """Apply every transition due by `now` ms, in order, each at its own time."""
        timeline = self.timeline
        while (due := timeline.next_due()) is not None and due <= now:
            self._fire(timeline.pop())
        self.now = now

    def advance_towards(self, target: int, most: int = 1000) -> bool:
        """Move the clock to `target` ms, or to where callbacks are to be sent before time goes on.

        At most `most` transitions are applied, so that others get their turn. Returns whether `target` was reached; if
        not, call again once the callbacks have been attempted.
        """
        timeline = self.timeline
        for _ in range(most):
            due = timeline.next_due()
            step = target if due is None else min(due, target)
            if self.outbox.has_ready and step > self.now:
                break
            if due is None or due > target:
                self.now = max(self.now, target)
                self._move_clock(target)
                return True
            self._fire(timeline.pop())
        self._move_clock(self.now)
        return False

    def _move_clock(self, to: int) -> None:
        self.clock.move(to)
        self.touch(self)

    def next_processing(self) -> int | None:
        """Return when the next processing or retry is due, ms; None when the application is idle.

        Contractual times (expiry, longest durations) are not waited for: some of them follow each other for ever.
        """
        return min((timer.due for timer in self.timeline if timer.pace or timer.action == RETRY), default=None)

    def change_options(self, options: Options) -> None:
        """Replace the options; pending processing takes the delays of the new pace at once."""
        repace, reseed = options.pace != self.options.pace, options.seed != self.options.seed
        self.options = options
        self.touch(self)
        if reseed and not self.sessions:  # else from the next reset on: no id may come twice
            self.ids = Ids(options.seed)
        if repace:
            for timer in list(self.timeline):
                if timer.pace:
                    due = timer.since + self.rules.paces[options.pace][timer.pace]
                    self.timeline.set(timer.action, timer.subject, due, since=timer.since, pace=timer.pace)

    def _fire(self, timer: Timer) -> None:
        self.now = max(self.now, timer.due)
        self.rules.handlers[timer.action](self, timer.subject)

    def _forget(self, record: Any) -> None:
        """Give up a record with the timers that it may have, those of failure rules included."""
        subjects = self.faults.forget(record.id) if self.faults is not None else ()
        for subject in (record.id, *subjects):
            self.timeline.cancel(*self.rules.handlers, subject)
        self.remove(record)

    def _give_up_surplus(self) -> None:
        """Give up the oldest of what has ended, of each kind, where there is more than is kept."""
        for collection in self.collections:
            for record in collection.surplus(self.sizes.records):
                collection.forget(record.id)
                self._forget(record)
        if len(self.sessions) > max(self.sizes.records, self._sweep_from):
            self._give_up_sessions()
        for callback_id in self.outbox.given_up:
            self._removed.add(("callback", callback_id))
        self.outbox.given_up.clear()

    def _give_up_sessions(self) -> None:
        """Give up the oldest sessions in which nobody is: some at once, so that it is not done all the time."""
        some = self.sizes.records // 10
        surplus = len(self.sessions) - self.sizes.records + some
        idle = (session for session in self.sessions.values() if not session.connections)
        for session in list(islice((each for each in idle if self._is_over(each)), surplus)):
            del self.sessions[session.id]
            for signal in session.signals.values():
                self.signal_bytes -= weight(signal)
                self.remove(signal)
            self._forget(session)
        self._sweep_from = len(self.sessions) + some

    def _is_over(self, session: Session) -> bool:
        """Tell whether nothing of a session is live, and nothing of it was done just now."""
        live = any(each.live(session.id) for each in self.collections)
        return not live and (session.kind, session.id) not in self._changed

    # The unit of work

    @property
    def is_changed(self) -> bool:
        """Whether anything was done since the change was last taken."""
        return bool(self._changed or self._happened or self._removed or self._reset or self.timeline.changed)

    def take_change(self) -> Change | None:
        """Return what was done since the last call, or None when nothing was."""
        if not self.is_changed:
            return None
        self._give_up_surplus()
        for kind, record_id in self._removed:
            self.forget_live(kind, record_id)
        for key, record in self._changed.items():
            self.weigh_live(record, self._weighed.get(key))  # to weigh it again would take longer than the change
        self._weighed = {}
        self.changed_at = max(self.changed_at, self.now)
        self.version += 1
        change = Change(
            self.id,
            self.version,
            self._changed,
            self._happened,
            self._removed,
            self.timeline.changed,
            self._reset,
            self._restored,
        )
        self._changed, self._happened, self._removed, self._reset = {}, [], set(), False
        self._restored = None
        self.timeline.changed = set()
        return change
