"""What is going on: calls, the clock, events, exchanges, forced transitions; and the emulator itself."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

import emulator
from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.control.models import ArchiveTransition, ClockChange
from emulator.operations import BY_ID
from state import archives
from state.application import Application
from state.journal import Exchange

router = APIRouter()
application = APIRouter(prefix="/applications/{application}")


@router.get("/health", tags=["Emulator"])
async def health() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@router.get("/ready", tags=["Emulator"])
async def ready() -> dict[str, str]:
    """Tell that every request can be served."""
    return {"status": "ready"}


@router.get("/info", tags=["Emulator"])
async def info(request: Request, world: CurrentWorld) -> dict[str, Any]:
    """Return version, settings that matter, URLs and limits."""
    settings = request.app.state.settings
    return {
        "version": emulator.__version__,
        "store": "memory",
        "contract": settings.contract,
        "pace": settings.pace,
        "auth": settings.auth,
        "urls": request.app.state.urls,
        "applications": len(world),
        "limits": {
            "requests": settings.journal_size,
            "events": settings.event_size,
            "bodyBytes": settings.max_body_bytes,
        },
    }


@application.get("/calls", tags=["Resources"])
async def list_calls(app: CurrentApplication, world: CurrentWorld) -> dict[str, Any]:
    """List the SIP calls with their status and the DTMF digits played to them, oldest first."""
    with world.unit(app):
        items = [
            {
                "id": call.id,
                "sessionId": call.session_id,
                "connectionId": call.connection_id,
                "streamId": call.stream_id,
                "uri": call.new.uri,
                "from": call.new.sender or None,
                "headers": dict(call.new.headers),
                "secure": call.new.secure,
                "video": call.new.video,
                "observeForceMute": call.new.observe_force_mute,
                "status": call.status,
                "digits": list(call.digits),
                "reasonCode": call.reason_code or None,
                "reasonMessage": call.reason_message or None,
                "createdAt": call.created_at,
                "updatedAt": call.updated_at,
            }
            for call in app.calls
        ]
    return {"count": len(items), "items": items}


@application.post("/archives/{archive}/transition", tags=["Resources"])
async def transition_archive(
    request: Request, app: CurrentApplication, world: CurrentWorld, archive: str, body: ArchiveTransition
) -> dict[str, Any]:
    """Force an archive into a status that may follow the one it has (409 otherwise, naming those that may)."""
    with world.unit(app):
        found = app.archives.get(archive)
        allowed = archives.TRANSITIONS[found.status]
        if body.status not in allowed:
            raise ControlError(
                409,
                f"an archive that is {found.status} cannot become {body.status}",
                "status",
                f"allowed: {', '.join(sorted(allowed)) or 'none'}",
            )
        archives.force(app, found, body.status, body.reason)
        result = {"id": found.id, "status": found.status, "reason": found.reason}
    request.app.state.ticker.wake()
    return result


def _show_clock(app: Application) -> dict[str, Any]:
    return {
        "now": app.clock.now(),
        "frozen": app.clock.frozen,
        "speed": app.clock.speed,
        "pending": [
            {"action": timer.action, "subject": timer.subject, "due": timer.due} for timer in list(app.timeline)[:100]
        ],
    }


@application.get("/clock", tags=["Clock"])
async def get_clock(app: CurrentApplication, world: CurrentWorld) -> dict[str, Any]:
    """Read the clock, ms since the epoch, and the next hundred transitions."""
    with world.unit(app):
        return _show_clock(app)


@application.post("/clock", tags=["Clock"])
async def change_clock(
    request: Request, app: CurrentApplication, world: CurrentWorld, body: ClockChange
) -> dict[str, Any]:
    """Freeze, resume, advance by seconds, or advance to the next transition; what falls due on the way happens."""
    if body.action == "advance" and body.seconds is None:
        raise ControlError(400, "is required for advance", "seconds")
    with world.unit(app):
        if body.action == "freeze":
            app.clock.freeze(body.at)
        elif body.action == "resume":
            app.clock.resume(body.speed or 1.0)
        elif body.action == "advance":
            app.advance(int((body.seconds or 0) * 1000))
        else:
            app.advance_to_next()
    request.app.state.ticker.wake()
    with world.unit(app):
        return _show_clock(app)


@application.get("/events", tags=["Events"])
async def list_events(
    app: CurrentApplication,
    world: CurrentWorld,
    after: Annotated[int, Query(ge=0)] = 0,
    type: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> dict[str, Any]:
    """List what happened after an event number, oldest first; `type` like `archive.available` or `archive`."""
    with world.unit(app):
        found = [
            {
                "number": event.number,
                "at": event.at,
                "type": event.type,
                "subject": event.subject,
                "sessionId": event.session_id,
                "reason": event.reason or None,
            }
            for event in app.events.after(after)
            if type is None or event.type == type or event.type.partition(".")[0] == type
        ]
        return {"last": app.events.last, "count": len(found[:limit]), "items": found[:limit]}


def show_exchange(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange; secrets in headers stay, they are those of tests."""
    shown = dataclasses.asdict(exchange)
    shown["headers"] = {name.decode("latin-1"): value.decode("latin-1") for name, value in exchange.headers}
    shown["body"] = exchange.body.decode("utf-8", "replace")
    shown["answer"] = exchange.answer.decode("utf-8", "replace")
    shown["claims"] = dict(exchange.claims)
    shown["duration"] = round(exchange.duration, 3)
    return shown


@application.get("/requests", tags=["Requests"])
async def list_requests(
    app: CurrentApplication,
    operation: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> dict[str, Any]:
    """List the application's exchanges, newest first, of one operation or of all."""
    if operation is not None and operation not in BY_ID:
        raise ControlError(400, f"there is no operation {operation}", "operation", f"one of {', '.join(BY_ID)}")
    items = [show_exchange(exchange) for exchange in app.journal.newest(limit, operation)]
    return {"count": len(items), "items": items}


@router.get("/requests", tags=["Requests"])
async def list_stray_requests(request: Request, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> dict[str, Any]:
    """List the exchanges that belong to no application: unknown paths, refused tokens of unknown issuers."""
    items = [show_exchange(exchange) for exchange in request.app.state.journal.newest(limit)]
    return {"count": len(items), "items": items}
