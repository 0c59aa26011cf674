"""The outbox of an application: every callback, with each attempt to deliver it.

    pending ⇄ held ─► delivered | failed | dropped

A refused attempt is tried again after 5 s, doubling up to 15 min, until 24 h after the first one; a later callback may
overtake it meanwhile (fidelity/broadcasts-sip-captions-renders-callbacks.md 6.2). The outbox knows no HTTP: it keeps
what is to be sent, and what came of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from state.errors import Unknown
from state.events import TYPES, matches
from state.octets import Octets
from state.records import transitions

if TYPE_CHECKING:
    from state.application import Application, Handler

SECOND = 1000
FIRST_WAIT = 5 * SECOND
LONGEST_WAIT = 15 * 60 * SECOND
GIVEN_UP = 24 * 3600 * SECOND

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


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where callbacks of one kind go; without a secret they are signed with the application's."""

    address: str
    active: bool = True
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: `at` in ms of the clock, `duration` in ms of real time; `status` 0 when there was no answer.

    `cause` says in a word why it did not count as delivered (emulator/callbacks.py), "" where it did.
    """

    number: int
    at: int
    duration: float
    status: int
    cause: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: Octets = b""


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
    """One callback to one receiver. `jti` identifies what it tells: doubles of it carry the same one.

    `turn` counts how often it was decided anew whether it is to be sent: what was under way before is out of date.
    `tries` and `since` (ms) are of the present series of attempts; sending it again by hand begins a new one.
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
    body: Octets
    created_at: int
    distortion: Distortion = UNDISTORTED
    status: str = "pending"
    attempts: tuple[Attempt, ...] = ()
    turn: int = 0
    tries: int = 0
    since: int = 0

    @property
    def lane(self) -> tuple[str, str]:
        """Callbacks of the same receiver and session are delivered one after the other."""
        return self.url, self.session_id


class Outbox:
    """The callbacks of one application, oldest first; finished ones are given up beyond `size`.

    Those that are still to be sent are never given up; `given_up` are ids that are, until somebody takes them. `held`
    are the types of events whose callbacks are held, `order` those callbacks that were put into another order, in it.
    `under_way` are the ids of those with which somebody makes an attempt right now.
    """

    def __init__(self, size: int) -> None:
        self._callbacks: dict[str, Callback] = {}
        self._ready: dict[str, Callback] = {}
        self._finished: set[str] = set()
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
        """Return the callback. Raises `Unknown`."""
        callback = self._callbacks.get(callback_id)
        if callback is None:
            raise Unknown("callback")
        return callback

    def has(self, callback: Callback) -> bool:
        """Tell whether this callback is (still) one of these."""
        return callback.id in self._callbacks

    @property
    def has_ready(self) -> bool:
        """Whether something is to be sent right now."""
        return bool(self._ready)

    def take_ready(self) -> list[Callback]:
        """Return what is to be sent right now, in order, and forget that it is."""
        ready, self._ready = list(self._ready.values()), {}
        return ready

    def keep(self, callback: Callback) -> None:
        """Keep a new callback."""
        self.last = callback.number
        self._callbacks[callback.id] = callback

    def put(self, callback: Callback, *, parked: bool) -> None:
        """Keep a callback as it is; nothing is sent, `parked` waits for the next one of its lane."""
        self._callbacks[callback.id] = callback
        self._ready.pop(callback.id, None)
        self._unpark(callback)
        if callback.status not in FINISHED:
            self._finished.discard(callback.id)
        else:
            self._finished.add(callback.id)
        if parked:
            self.park(callback)

    def forget(self, callback_id: str) -> None:
        """Give up a callback."""
        callback = self._callbacks.pop(callback_id, None)
        if callback is not None:
            self._unpark(callback)
        self._ready.pop(callback_id, None)
        self._finished.discard(callback_id)

    def ready(self, callback: Callback) -> None:
        """Let the callback be sent now."""
        callback.status = "pending"
        callback.turn += 1
        self._finished.discard(callback.id)
        self._ready[callback.id] = callback

    def stop(self, callback: Callback, status: str) -> None:
        """Let the callback not be sent for now (`held`), or ever (again)."""
        callback.status = status
        callback.turn += 1
        self._ready.pop(callback.id, None)
        if status in FINISHED:
            self._finished.add(callback.id)
            while len(self._finished) > self.size:
                oldest = next(each for each in self._callbacks if each in self._finished)
                self.given_up.append(oldest)
                self.forget(oldest)

    def is_ready(self, callback: Callback) -> bool:
        """Tell whether the callback is to be sent right now."""
        return callback.id in self._ready

    def hand_over(self, callback: Callback) -> None:
        """Let somebody else send the callback, in another process."""
        self._ready.pop(callback.id, None)

    def hand_in(self, callback: Callback) -> None:
        """Let the callback be sent here, as somebody else decided."""
        self._ready[callback.id] = callback

    def park(self, callback: Callback) -> None:
        """Let the callback wait until the next one of its lane is sent."""
        self._parked.setdefault(callback.lane, []).append(callback.id)

    def unpark(self, lane: tuple[str, str]) -> list[Callback]:
        """Return what waits for the next callback of a lane, and forget that it does."""
        found = [self._callbacks[callback_id] for callback_id in self._parked.pop(lane, [])]
        return [callback for callback in found if callback.status == "pending"]

    def _unpark(self, callback: Callback) -> None:
        if callback.id in (parked := self._parked.get(callback.lane, [])):
            parked.remove(callback.id)

    def reorder(self, ids: list[str]) -> None:
        """Let the callbacks that are not sent yet be sent in this order: `ids` take the places they have together.

        Raises `Unknown`.
        """
        wanted = iter([self.get(callback_id) for callback_id in dict.fromkeys(ids)])
        named = set(ids)
        moved = named.union(self.order)
        order = [next(wanted) if callback.id in named else callback for callback in self._callbacks.values()]
        self._callbacks = {callback.id: callback for callback in order}
        self.order = tuple(callback.id for callback in order if callback.id in moved)
        ranks = {callback.id: rank for rank, callback in enumerate(order)}
        self._ready = dict(sorted(self._ready.items(), key=lambda item: ranks[item[0]]))


def post(
    app: Application,
    *,
    webhook: str,
    event: str,
    url: str,
    secret: str,
    session_id: str,
    body: bytes,
    distortion: Distortion = UNDISTORTED,
) -> None:
    """Put a callback into the outbox, as often and in the way that `distortion` says."""
    first = _make(app, webhook, event, url, secret, session_id, body, distortion)
    _enter(app, first)
    for _ in range(distortion.copies - 1):
        _copy(app, first)
    if not distortion.behind_next:
        for parked in app.outbox.unpark(first.lane):
            _retry(app, parked.id)


def _make(
    app: Application,
    webhook: str,
    event: str,
    url: str,
    secret: str,
    session_id: str,
    body: bytes,
    distortion: Distortion,
) -> Callback:
    return Callback(
        id=app.ids.uuid(),
        jti=app.ids.uuid(),
        number=app.outbox.last + 1,
        webhook=webhook,
        event=event,
        url=url,
        secret=secret,
        session_id=session_id,
        body=body,
        created_at=app.now,
        distortion=distortion,
    )


def _copy(app: Application, original: Callback) -> Callback:
    copied = replace(
        original,
        id=app.ids.uuid(),
        number=app.outbox.last + 1,
        created_at=app.now,
        status="pending",
        attempts=(),
        turn=0,
        tries=0,
    )
    _enter(app, copied)
    return copied


def _enter(app: Application, callback: Callback) -> None:
    outbox, distortion = app.outbox, callback.distortion
    outbox.keep(callback)
    app.touch(callback)
    if distortion.lost:
        outbox.stop(callback, "dropped")
    elif callback.event in outbox.held:
        outbox.stop(callback, "held")
    elif distortion.delay or distortion.behind_next:
        app.after(RETRY, callback.id, distortion.delay)
        if distortion.behind_next:
            outbox.park(callback)
    else:
        outbox.ready(callback)


def record(app: Application, callback: Callback, attempt: Attempt, turn: int) -> None:
    """Note what came of an attempt of that `turn`: delivered, tried again later, or given up.

    What has been decided meanwhile (sent again, dropped) stands; but what has arrived is not sent again when released.
    """
    if not callback.tries:
        callback.since = attempt.at
    callback.tries += 1
    callback.attempts = (*callback.attempts, attempt)
    app.touch(callback)
    outdated = callback.turn != turn
    if not attempt.cause:
        if not outdated or callback.status == "held":
            app.timeline.cancel(RETRY, callback.id)
            app.outbox.stop(callback, "delivered")
        return
    if outdated:
        return
    due = app.now + min(FIRST_WAIT * 2 ** min(callback.tries - 1, 20), LONGEST_WAIT)
    if due - callback.since > GIVEN_UP:
        app.outbox.stop(callback, "failed")
    else:
        app.timeline.set(RETRY, callback.id, due)


def hold(app: Application, pattern: str = "*") -> list[Callback]:
    """Hold callbacks from now on, and those that wait to be tried again. Returns those that became held."""
    outbox = app.outbox
    outbox.held |= _types(pattern)
    app.touch(app)
    stopped = [callback for callback in outbox if callback.status == "pending" and callback.event in outbox.held]
    for callback in stopped:
        app.timeline.cancel(RETRY, callback.id)
        outbox.stop(callback, "held")
        app.touch(callback)
    return stopped


def release(app: Application, pattern: str = "*", ids: Iterable[str] | None = None) -> list[Callback]:
    """Send what is held: callbacks of a pattern, which are no longer held from now on, or just those named.

    Raises `Unknown`.
    """
    outbox = app.outbox
    if ids is not None:
        released = [outbox.get(callback_id) for callback_id in ids]
    else:
        outbox.held -= _types(pattern)
        app.touch(app)
        released = [callback for callback in outbox if matches(pattern, callback.event)]
    released = [callback for callback in released if callback.status == "held"]
    for callback in released:
        outbox.ready(callback)
        app.touch(callback)
    return released


def _types(pattern: str) -> frozenset[str]:
    return frozenset(type_ for type_ in TYPES if matches(pattern, type_))


def redeliver(app: Application, callback_id: str) -> Callback:
    """Send a callback once more, now, whatever became of it: a new series of attempts. Raises `Unknown`."""
    callback = app.outbox.get(callback_id)
    app.timeline.cancel(RETRY, callback.id)
    callback.tries = 0
    app.outbox.ready(callback)
    app.touch(callback)
    return callback


def drop(app: Application, callback_id: str) -> Callback:
    """Never send a callback (again). Raises `Unknown`."""
    callback = app.outbox.get(callback_id)
    app.timeline.cancel(RETRY, callback.id)
    app.outbox.stop(callback, "dropped")
    app.touch(callback)
    return callback


def duplicate(app: Application, callback_id: str) -> Callback:
    """Send the same callback a second time, with the same `jti`. Raises `Unknown`."""
    return _copy(app, app.outbox.get(callback_id))


def _retry(app: Application, callback_id: str) -> None:
    callback = app.outbox.get(callback_id)
    app.timeline.cancel(RETRY, callback_id)
    app.outbox.ready(callback)
    app.touch(callback)


HANDLERS: Mapping[str, Handler] = MappingProxyType({RETRY: _retry})
