"""Callbacks: what is done with those of an application, from their being put into its outbox to their end.

A refused attempt is tried again after 5 s, doubling up to 15 min, until 24 h after the first one; a later callback may
overtake it meanwhile (fidelity/broadcasts-sip-captions-renders-callbacks.md 6.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from state.application import Application, Handler
from state.clock import HOUR, MINUTE, SECOND
from state.event_types import TYPES
from state.events import matches
from state.outbox import RETRY, UNDISTORTED, Attempt, Callback, Distortion

FIRST_WAIT = 5 * SECOND
MAX_WAIT = 15 * MINUTE
GIVEN_UP = 24 * HOUR


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
    first = Callback(
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
    _enter(app, first)
    for _ in range(distortion.copies - 1):
        _copy(app, first)
    if not distortion.behind_next:
        for parked in app.outbox.unpark(first.lane):
            _retry(app, parked.id)


def _copy(app: Application, original: Callback) -> Callback:
    copied = replace(
        original,
        id=app.ids.uuid(),
        number=app.outbox.last + 1,
        created_at=app.now,
        status="pending",
        attempts=(),
        revision=0,
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


def record(app: Application, callback: Callback, attempt: Attempt, revision: int) -> None:
    """Note what came of an attempt of that `revision`: delivered, tried again later, or given up.

    What has been decided meanwhile (sent again, dropped) stands; but what has arrived is not sent again when released.
    """
    if not callback.tries:
        callback.since = attempt.at
    callback.tries += 1
    callback.attempts = (*callback.attempts, attempt)
    app.outbox.weigh(callback)
    app.touch(callback)
    outdated = callback.revision != revision
    if not attempt.cause:
        if not outdated or callback.status == "held":
            app.timeline.cancel(RETRY, callback.id)
            app.outbox.stop(callback, "delivered")
        return
    if outdated:
        return
    due = app.now + min(FIRST_WAIT * 2 ** min(callback.tries - 1, 20), MAX_WAIT)
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

    Raises `UnknownResourceError`.
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
    """Send a callback once more, now, whatever became of it: a new series of attempts.

    Raises `UnknownResourceError`.
    """
    callback = app.outbox.get(callback_id)
    app.timeline.cancel(RETRY, callback.id)
    callback.tries = 0
    app.outbox.ready(callback)
    app.touch(callback)
    return callback


def drop(app: Application, callback_id: str) -> Callback:
    """Never send a callback (again). Raises `UnknownResourceError`."""
    callback = app.outbox.get(callback_id)
    app.timeline.cancel(RETRY, callback.id)
    app.outbox.stop(callback, "dropped")
    app.touch(callback)
    return callback


def duplicate(app: Application, callback_id: str) -> Callback:
    """Send the same callback a second time, with the same `jti`. Raises `UnknownResourceError`."""
    return _copy(app, app.outbox.get(callback_id))


def resume(app: Application) -> None:
    """Let what is neither held nor waiting for its time be sent, as after a restart: it may have been sent before."""
    for callback in list(app.outbox):
        if callback.status == "pending" and app.timeline.get(RETRY, callback.id) is None:
            app.outbox.hand_in(callback)
            app.touch(callback)


def _retry(app: Application, callback_id: str) -> None:
    callback = app.outbox.find(callback_id)
    if callback is None:
        return  # it was given up
    app.timeline.cancel(RETRY, callback_id)
    app.outbox.ready(callback)
    app.touch(callback)


HANDLERS: Mapping[str, Handler] = MappingProxyType({RETRY: _retry})
