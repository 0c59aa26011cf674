"""The application's clock: read, freeze, resume, advance."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from emulator.control.common import ControlError, CurrentApplication, CurrentWorld, NamedApplication, unit
from emulator.control.models import ClockChange
from emulator.services import services_of
from state.application import Application
from state.clock import LAST

router = APIRouter(prefix="/applications/{application}/clock", tags=["Clock"])


def show_clock(app: Application) -> dict[str, Any]:
    """Return the time, ms since the epoch, and the next hundred transitions."""
    return {
        "now": app.clock.now(),
        "frozen": app.clock.frozen,
        "speed": app.clock.speed,
        "pending": [
            {"action": timer.action, "subject": timer.subject, "due": timer.due} for timer in list(app.timeline)[:100]
        ],
    }


@router.get("")
async def get_clock(app: CurrentApplication, world: CurrentWorld) -> dict[str, Any]:
    """Read the clock, ms since the epoch, and the next hundred transitions."""
    with world.unit(app):
        return show_clock(app)


@router.post("")
async def change_clock(request: Request, app: NamedApplication, body: ClockChange) -> dict[str, Any]:
    """Freeze, resume, or advance: by seconds, to the next transition, until idle.

    What falls due on the way happens, each at its own time, and its callbacks are attempted before time goes on.
    `idle` goes on until no processing and no retry is pending; contractual times are not waited for. All ends when
    whoever asked goes away, and with a `freeze`, a `resume`, a reset or a deletion.
    """
    if body.action == "advance" and body.seconds is None:
        raise ControlError(400, "is required for advance", "seconds")
    async with unit(request, app):
        now = app.clock.now()
    if body.action == "freeze" and body.at is not None and body.at < now:
        raise ControlError(400, f"must not be before now ({now}): a clock never goes back", "at")
    if now + (body.seconds or 0) * 1000 > LAST:
        raise ControlError(400, "must not lead beyond the year 9999", "seconds")
    clock_controller = services_of(request).clock_controller
    gone = request.is_disconnected
    if body.action == "freeze":
        async with unit(request, app):
            app.clock.freeze()
            app.touch(app)
        if body.at is not None:
            await clock_controller.advance_to(app, body.at, gone)
    elif body.action == "resume":
        async with unit(request, app):
            app.clock.resume(body.speed or 1.0)
            app.touch(app)
    elif body.action == "advance":
        await clock_controller.advance(app, int((body.seconds or 0) * 1000), gone)
    elif body.action == "next":
        await clock_controller.advance_to_next(app, gone)
    else:
        await clock_controller.run_until_idle(app, gone)
    async with unit(request, app):
        return show_clock(app)
