"""The outbox of an application: its callbacks, with each attempt to deliver them, and where each of them stands.

    pending ⇄ held ─► delivered | failed | dropped

It knows no HTTP, and nothing of time: what is done with callbacks is in state/callbacks.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from state.bytes_json import JsonBytes
from state.errors import UnknownResourceError
from state.memory import CALLBACKS, OVERHEAD
from state.records import Lifecycle, transitions

RETRY = "callback.retry"
"""The timer that sends a callback: again after a failed attempt, or late."""

FINISHED = frozenset({"delivered", "failed", "dropped"})

TRANSITIONS = transitions(
    pending="held delivered failed dropped",
    held="pending delivered dropped",
    delivered="pending dropped",
    failed="pending dropped",
    dropped="pending",
)
"""What was finished is sent again by hand: it is pending once more."""

LIFECYCLE = Lifecycle("pending", TRANSITIONS)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where callbacks of one kind go; without a secret they are signed with the application's."""

    address: str
    active: bool = True
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: `at` in ms of the clock, `duration` in ms of real time; `status` 0 when there was no response.

    `cause` says in a word why it did not count as delivered (emulator/callbacks/dispatcher.py), "" where it did.
    """

    number: int
    at: int
    duration: float
    status: int
    cause: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: JsonBytes = b""

    @property
    def bytes(self) -> int:
        """About how many bytes it takes."""
        headers = (*self.request_headers, *self.response_headers)
        return OVERHEAD + len(self.response_body) + sum(len(name) + len(value) for name, value in headers)


@dataclass(frozen=True, slots=True)
class Distortion:
    """What a failure rule does to a callback. Delays in ms; `copies` beyond the first carry the same `jti`.

    `behind_next`: it is sent after the next callback of its lane, or after `delay` when none comes.
    `signature`: `valid`, `none` or `wrong`.
    """

    fault: str = ""
    lost: bool = False
    delay: int = 0
    copies: int = 1
    behind_next: bool = False
    signature: str = "valid"


UNDISTORTED = Distortion()


@dataclass(slots=True)
class Callback:
    """One callback to one receiver. Copies of it have the same `jti`, so that receivers can tell them.

    `revision` counts the decisions to send it or not; an attempt that was begun under an older decision is ignored.
    `tries` and `since` (ms) belong to the present series of attempts; sending it again by hand begins a new series.
    """

    kind: ClassVar[str] = "callback"

    id: str
    jti: str
    number: int
    webhook: str
    event: str
    url: str
    secret: str
    session_id: str
    body: JsonBytes
    created_at: int
    distortion: Distortion = UNDISTORTED
    status: str = "pending"
    attempts: tuple[Attempt, ...] = ()
    revision: int = 0
    tries: int = 0
    since: int = 0

    @property
    def bytes(self) -> int:
        """About how many bytes it takes, its attempts included."""
        return OVERHEAD + len(self.body) + len(self.url) + sum(each.bytes for each in self.attempts)

    @property
    def lane(self) -> tuple[str, str]:
        """Callbacks of the same receiver and session are delivered one after the other."""
        return self.url, self.session_id


class Outbox:
    """The callbacks of one application, oldest first; finished ones are given up beyond `size`.

    Those that are still to be sent are given up only where all take too many `bytes` and none is finished; `given_up`
    are ids of those that are, until somebody takes them. `held`
    are the types of events whose callbacks are held, `order` those callbacks that were put into another order, in it.
    `under_way` are the ids of those with which somebody makes an attempt right now.
    """

    def __init__(self, size: int) -> None:
        self._callbacks: dict[str, Callback] = {}
        self._ready: dict[str, Callback] = {}
        self._finished: dict[str, None] = {}
        self._weights: dict[str, int] = {}
        self.bytes = 0
        self._parked: dict[tuple[str, str], list[str]] = {}
        self.held: frozenset[str] = frozenset()
        self.order: tuple[str, ...] = ()
        self.given_up: list[str] = []
        self.under_way: set[str] = set()
        self.last = 0
        self.size = size

    def __len__(self) -> int:
        return len(self._callbacks)

    def __iter__(self) -> Iterator[Callback]:
        """Yield the callbacks, oldest first."""
        return iter(self._callbacks.values())

    def find(self, callback_id: str) -> Callback | None:
        """Return the callback, or None."""
        return self._callbacks.get(callback_id)

    def get(self, callback_id: str) -> Callback:
        """Return the callback. Raises `UnknownResourceError`."""
        callback = self._callbacks.get(callback_id)
        if callback is None:
            raise UnknownResourceError("callback")
        return callback

    def has(self, callback: Callback) -> bool:
        """Tell whether this callback is (still) one of these."""
        return callback.id in self._callbacks

    @property
    def has_ready(self) -> bool:
        """Whether a callback is to be sent right now."""
        return bool(self._ready)

    def take_ready(self) -> list[Callback]:
        """Return the callbacks to send right now, in order, and clear the list of them."""
        ready, self._ready = list(self._ready.values()), {}
        return ready

    def keep(self, callback: Callback) -> None:
        """Add a new callback."""
        self.last = callback.number
        self._callbacks[callback.id] = callback
        self.weigh(callback)

    def weigh(self, callback: Callback) -> None:
        """Count the bytes of a callback anew; the oldest are given up when all of them take too many."""
        taken = callback.bytes
        self.bytes += taken - self._weights.get(callback.id, 0)
        self._weights[callback.id] = taken
        while self.bytes > CALLBACKS and len(self._callbacks) > 1:
            self._give_up(next(iter(self._finished), "") or next(iter(self._callbacks)))

    def give_up_half(self) -> None:
        """Give up the older half of those that are finished."""
        for callback_id in list(islice(self._finished, len(self._finished) // 2)):
            self._give_up(callback_id)

    def _give_up(self, callback_id: str) -> None:
        self.given_up.append(callback_id)
        self.forget(callback_id)

    def put(self, callback: Callback, *, parked: bool) -> None:
        """Add or replace a callback without sending it; `parked`: it waits for the next one of its lane."""
        self._callbacks[callback.id] = callback
        self._ready.pop(callback.id, None)
        self._unpark(callback)
        if callback.status not in FINISHED:
            self._finished.pop(callback.id, None)
        else:
            self._finished[callback.id] = None
        self.weigh(callback)
        if parked:
            self.park(callback)

    def forget(self, callback_id: str) -> None:
        """Remove a callback, whatever its status."""
        callback = self._callbacks.pop(callback_id, None)
        if callback is not None:
            self._unpark(callback)
            self.bytes -= self._weights.pop(callback_id, 0)
        self._ready.pop(callback_id, None)
        self._finished.pop(callback_id, None)

    def ready(self, callback: Callback) -> None:
        """Set the callback to be sent now."""
        callback.status = "pending"
        callback.revision += 1
        self._finished.pop(callback.id, None)
        self._ready[callback.id] = callback

    def stop(self, callback: Callback, status: str) -> None:
        """Take the callback out of those to send: for now (status `held`), or for good (a status of `FINISHED`)."""
        callback.status = status
        callback.revision += 1
        self._ready.pop(callback.id, None)
        if status in FINISHED:
            self._finished[callback.id] = None
            while len(self._finished) > self.size:
                self._give_up(next(iter(self._finished)))

    def is_ready(self, callback: Callback) -> bool:
        """Tell whether the callback is to be sent right now."""
        return callback.id in self._ready

    def hand_over(self, callback: Callback) -> None:
        """Leave the callback to another process, which sends it."""
        self._ready.pop(callback.id, None)

    def hand_in(self, callback: Callback) -> None:
        """Set the callback to be sent by this process; another one decided that it is to be sent."""
        self._ready[callback.id] = callback

    def park(self, callback: Callback) -> None:
        """Hold the callback back until the next one of its lane is sent."""
        self._parked.setdefault(callback.lane, []).append(callback.id)

    def unpark(self, lane: tuple[str, str]) -> list[Callback]:
        """Return the callbacks that wait for the next one of a lane; they wait no longer."""
        found = [self._callbacks[callback_id] for callback_id in self._parked.pop(lane, [])]
        return [callback for callback in found if callback.status == "pending"]

    def _unpark(self, callback: Callback) -> None:
        if callback.id in (parked := self._parked.get(callback.lane, [])):
            parked.remove(callback.id)

    def reorder(self, ids: list[str]) -> None:
        """Send the callbacks that are not sent yet in this order: `ids` share out the places that they have now.

        Raises `UnknownResourceError`.
        """
        wanted = iter([self.get(callback_id) for callback_id in dict.fromkeys(ids)])
        named = set(ids)
        moved = named.union(self.order)
        order = [next(wanted) if callback.id in named else callback for callback in self._callbacks.values()]
        self._callbacks = {callback.id: callback for callback in order}
        self.order = tuple(callback.id for callback in order if callback.id in moved)
        ranks = {callback.id: rank for rank, callback in enumerate(order)}
        self._ready = dict(sorted(self._ready.items(), key=lambda item: ranks[item[0]]))
