"""The outbox of an application: every callback, with each attempt to deliver it.

    pending ⇄ held ─► delivered | failed | dropped

A refused attempt is tried again after 5 s, doubling up to 15 min, until 24 h after the first one; a later callback may
overtake it meanwhile (fidelity/broadcasts-sip-captions-renders-callbacks.md 6.2). The outbox knows no HTTP: it keeps
what is to be sent, and what came of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from state.errors import Unknown

if TYPE_CHECKING:
    from state.application import Application, Handler

SECOND = 1000
FIRST_WAIT = 5 * SECOND
LONGEST_WAIT = 15 * 60 * SECOND
GIVEN_UP = 24 * 3600 * SECOND

RETRY = "callback.retry"
FINISHED = frozenset({"delivered", "failed", "dropped"})


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where callbacks of one kind go; without a secret they are signed with the application's."""

    address: str
    active: bool = True
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: `at` in ms of the clock, `duration` in ms of real time; `status` 0 when there was no answer.

    `cause` says why it did not count as delivered: `refused`, `timeout`, `tls`, `reset`, `redirect`, `status` … or "".
    """

    number: int
    at: int
    duration: float
    status: int
    cause: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes = b""


@dataclass(slots=True)
class Callback:
    """One callback to one receiver. `jti` identifies what it tells: doubles of it carry the same one."""

    kind: ClassVar[str] = "callback"

    id: str
    jti: str
    number: int
    webhook: str
    event: str
    url: str
    secret: str
    session_id: str
    body: bytes
    created_at: int
    status: str = "pending"
    attempts: tuple[Attempt, ...] = ()

    @property
    def lane(self) -> tuple[str, str]:
        """Callbacks of the same receiver and session are delivered one after the other."""
        return self.url, self.session_id


class Outbox:
    """The callbacks of one application, oldest first; finished ones are given up beyond `size`."""

    __slots__ = ("_callbacks", "_ready", "held", "last", "size")

    def __init__(self, size: int) -> None:
        self._callbacks: dict[str, Callback] = {}
        self._ready: dict[str, Callback] = {}
        self.held: tuple[str, ...] = ()
        self.last = 0
        self.size = size

    def __len__(self) -> int:
        return len(self._callbacks)

    def __iter__(self) -> Iterator[Callback]:
        """Yield the callbacks, oldest first."""
        return iter(self._callbacks.values())

    def get(self, callback_id: str) -> Callback:
        """Return the callback. Raises `Unknown`."""
        callback = self._callbacks.get(callback_id)
        if callback is None:
            raise Unknown("callback")
        return callback

    def has(self, callback: Callback) -> bool:
        """Tell whether this callback is (still) one of these."""
        return self._callbacks.get(callback.id) is callback

    @property
    def has_ready(self) -> bool:
        """Whether something is to be sent right now."""
        return bool(self._ready)

    def take_ready(self) -> list[Callback]:
        """Return what is to be sent right now, in order, and forget that it is."""
        ready, self._ready = list(self._ready.values()), {}
        return ready

    def add(self, callback: Callback) -> None:
        """Keep a new callback, to be sent now unless it is held."""
        self.last = callback.number
        self._callbacks[callback.id] = callback
        if any(matches(pattern, callback.event) for pattern in self.held):
            callback.status = "held"
        else:
            self.ready(callback)
        self._trim()

    def ready(self, callback: Callback) -> None:
        """Let the callback be sent now."""
        callback.status = "pending"
        self._ready[callback.id] = callback

    def stop(self, callback: Callback, status: str) -> None:
        """Let the callback not be sent for now (`held`) or ever (`dropped`)."""
        callback.status = status
        self._ready.pop(callback.id, None)

    def reorder(self, ids: list[str]) -> None:
        """Let the callbacks that are not sent yet be sent in this order: `ids` take the places they have together."""
        wanted = iter([self.get(callback_id) for callback_id in ids])
        named = set(ids)
        order = [next(wanted) if callback.id in named else callback for callback in self._callbacks.values()]
        self._callbacks = {callback.id: callback for callback in order}
        ranks = {callback.id: rank for rank, callback in enumerate(order)}
        self._ready = dict(sorted(self._ready.items(), key=lambda item: ranks[item[0]]))

    def _trim(self) -> None:
        """Give up the oldest finished callbacks; those that are still to be sent are never given up."""
        if len(self._callbacks) <= self.size * 2:
            return
        surplus = len(self._callbacks) - self.size
        for callback in [each for each in self._callbacks.values() if each.status in FINISHED][:surplus]:
            del self._callbacks[callback.id]


def matches(pattern: str, event: str) -> bool:
    """Tell whether an event (`archive.available`) is meant by a pattern: itself, its kind (`archive`) or `*`."""
    return pattern in ("*", event) or event.startswith(pattern + ".")


def post(
    app: Application, *, webhook: str, event: str, url: str, secret: str, session_id: str, body: bytes, jti: str = ""
) -> Callback:
    """Put a callback into the outbox; without `jti` it is a new one."""
    outbox = app.outbox
    callback = Callback(
        id=app.ids.uuid(),
        jti=jti or app.ids.uuid(),
        number=outbox.last + 1,
        webhook=webhook,
        event=event,
        url=url,
        secret=secret,
        session_id=session_id,
        body=body,
        created_at=app.now,
    )
    outbox.add(callback)
    app.touch(callback)
    return callback


def record(app: Application, callback: Callback, attempt: Attempt) -> None:
    """Note what came of an attempt: delivered, tried again later, or given up."""
    callback.attempts = (*callback.attempts, attempt)
    app.touch(callback)
    if callback.status == "dropped":
        return
    if not attempt.cause:
        callback.status = "delivered"
        app.timeline.cancel(RETRY, callback.id)
        return
    if callback.status == "held":
        return
    first = callback.attempts[0].at
    due = app.now + min(FIRST_WAIT * 2 ** (len(callback.attempts) - 1), LONGEST_WAIT)
    if due - first > GIVEN_UP:
        callback.status = "failed"
    else:
        app.timeline.set(RETRY, callback.id, due)


def hold(app: Application, pattern: str = "*") -> list[Callback]:
    """Hold callbacks from now on, and those that wait to be tried again. Returns those that became held."""
    outbox = app.outbox
    outbox.held = tuple(dict.fromkeys((*outbox.held, pattern)))
    stopped = [callback for callback in outbox if callback.status == "pending" and matches(pattern, callback.event)]
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
        outbox.held = () if pattern == "*" else tuple(held for held in outbox.held if held != pattern)
        released = [callback for callback in outbox if matches(pattern, callback.event)]
    released = [callback for callback in released if callback.status == "held"]
    for callback in released:
        outbox.ready(callback)
        app.touch(callback)
    return released


def redeliver(app: Application, callback_id: str) -> Callback:
    """Send a callback once more, now, whatever became of it. Raises `Unknown`."""
    callback = app.outbox.get(callback_id)
    app.timeline.cancel(RETRY, callback.id)
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
    original = app.outbox.get(callback_id)
    return post(
        app,
        webhook=original.webhook,
        event=original.event,
        url=original.url,
        secret=original.secret,
        session_id=original.session_id,
        body=original.body,
        jti=original.jti,
    )


def _retry(app: Application, callback_id: str) -> None:
    callback = app.outbox.get(callback_id)
    app.outbox.ready(callback)
    app.touch(callback)


HANDLERS: Mapping[str, Handler] = MappingProxyType({RETRY: _retry})
