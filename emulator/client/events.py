"""What happens in an application: its events, and waiting for one."""

from __future__ import annotations

import time
from collections.abc import Sequence

from .errors import WaitTimeoutError
from .models import ClockState, Event, read, read_all
from .transport import ApiRequest, Part, Steps, api_call

MAX_WAIT_SECONDS = 60.0
SHOWN = 10
"""How many events the message of `WaitTimeoutError` shows."""
ALL = 10_000


BEYOND = 10**15
"""A number that no event reaches: asking for what comes after it tells the newest there is."""


class EventCalls(Part):
    """Read what happened, and wait for what is to happen."""

    def _events(
        self, *, limit: int = ALL, wait: float | None = None, **params: str | int | None
    ) -> Steps[tuple[int, list[Event]]]:
        ask = ApiRequest("GET", "/events", params={"limit": limit, "wait": wait, **params}, seconds=wait or 0.0)
        response = yield ask
        return response["last"], read_all(Event, response["items"])

    @api_call
    def events(
        self, after: int = 0, type: str | None = None, *, id: str | None = None, session: str | None = None
    ) -> Steps[list[Event]]:
        """Return what happened after event number `after`, oldest first.

        `type` is one type (`archive.available`) or a kind (`archive`), `id` what it happened to, `session` where.
        """
        _, found = yield from self._events(after=after, type=type, subject=id, session=session)
        return found

    @api_call
    def last_event(self) -> Steps[int]:
        """Return the number of the newest event, 0 before there is any: what to wait `after`."""
        last, _ = yield from self._events(after=BEYOND)
        return last

    @api_call
    def wait_for(
        self,
        type: str,
        id: str | None = None,
        session: str | None = None,
        *,
        timeout: float = 10.0,
        after: int = 0,
    ) -> Steps[Event]:
        """Return the first event of a type or kind (`archive.available`, `archive`), as soon as there is one.

        One that happened before the call counts, unless its number is not beyond `after`. `id` is what it happens to,
        `session` where. Raises `WaitTimeoutError` after `timeout` real seconds, with the last events in its message.
        """
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            wait = round(min(left, MAX_WAIT_SECONDS), 3)
            last, found = yield from self._events(
                limit=1, wait=wait, after=after, type=type, subject=id, session=session
            )
            if found:
                return found[0]
            if time.monotonic() >= deadline:
                break
        wanted = " ".join([type, *([f"of {id}"] if id else []), *([f"in session {session}"] if session else [])])
        _, recent = yield from self._events(after=max(0, last - SHOWN))
        response = yield ApiRequest("GET", "/clock")
        raise WaitTimeoutError(_late(wanted, timeout, recent, read(ClockState, response)))


def _late(wanted: str, timeout: float, events: Sequence[Event], clock: ClockState) -> str:
    lines = [f"no {wanted} within {timeout:g} s"]
    lines += ["the last events:" if events else "nothing has happened yet"]
    for event in events:
        reason = f" ({event.reason})" if event.reason else ""
        lines.append(f"  {event.number:>5}  {event.type}  {event.subject}{reason}")
    if clock.frozen:
        due = clock.pending[0] if clock.pending else None
        what = f"{due.action} of {due.subject} in {(due.due - clock.now) / 1000:g} s" if due else "nothing"
        lines.append(f"the clock is frozen; due next: {what}")
    return "\n".join(lines)
