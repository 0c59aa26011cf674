"""The clock of an application."""

from __future__ import annotations

from typing import Any

from .models import ClockState, read
from .transport import ApiRequest, Async, Part, Steps, Sync, api_call

SETTLING_SECONDS = 300.0
"""How much longer an advance may take: it waits for the callbacks that fall due on the way."""


class ClockCalls(Part):
    """Freeze time, let it pass, let it run."""

    def _change(self, action: str, **fields: Any) -> Steps[ClockState]:
        body = {"action": action, **{name: value for name, value in fields.items() if value is not None}}
        response = yield ApiRequest("POST", "/clock", body, seconds=SETTLING_SECONDS)
        return read(ClockState, response)

    @api_call
    def clock_state(self) -> Steps[ClockState]:
        """Return the time in ms, whether it is frozen, its speed, and what is to happen next."""
        response = yield ApiRequest("GET", "/clock")
        return read(ClockState, response)

    @api_call
    def now(self) -> Steps[int]:
        """Return the application's time, ms since the epoch."""
        response = yield ApiRequest("GET", "/clock")
        return read(ClockState, response).now

    @api_call
    def freeze(self, at: int | None = None) -> Steps[ClockState]:
        """Stop the clock at `at`, ms since the epoch and not before now, or where it is."""
        return (yield from self._change("freeze", at=at))

    @api_call
    def resume(self, speed: float = 1.0) -> Steps[ClockState]:
        """Let the clock run from where it is, `speed` virtual seconds in each real one."""
        return (yield from self._change("resume", speed=speed))

    @api_call
    def advance(self, seconds: float) -> Steps[ClockState]:
        """Let so many seconds pass at once.

        What falls due on the way happens, each at its own time, and the callbacks of it have been attempted on return.
        """
        return (yield from self._change("advance", seconds=seconds))

    @api_call
    def next(self) -> Steps[ClockState]:
        """Advance to the next thing that is to happen, if there is one."""
        return (yield from self._change("next"))

    @api_call
    def run_until_idle(self) -> Steps[ClockState]:
        """Advance until nothing is being processed and no callback is to be tried again.

        Contractual times, such as the 72 hours of an archive, are not waited for.
        """
        return (yield from self._change("idle"))


class Clock(ClockCalls, Sync):
    """An application's clock."""


class AsyncClock(ClockCalls, Async):
    """An application's clock; its responses are awaited."""
