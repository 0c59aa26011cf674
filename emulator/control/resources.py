"""Resources beyond what the service tells of them: SIP calls with their digits, states that are forced."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.control.models import ArchiveTransition, CallTransition
from state import archives, calls
from state.calls import Call

router = APIRouter(prefix="/applications/{application}", tags=["Resources"])


def show_call(call: Call) -> dict[str, Any]:
    """Return a SIP call with the digits that were played to it."""
    return {
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


@router.get("/calls")
async def list_calls(app: CurrentApplication, world: CurrentWorld) -> dict[str, Any]:
    """List the SIP calls, oldest first."""
    with world.unit(app):
        items = [show_call(call) for call in app.calls]
    return {"count": len(items), "items": items}


@router.post("/calls/{call}/transition")
async def transition_call(
    request: Request, app: CurrentApplication, world: CurrentWorld, call: str, body: CallTransition
) -> dict[str, Any]:
    """Let the far side of a SIP call hold it, take it back, or hang up with a reason code."""
    with world.unit(app):
        if body.status == "HANGUP":
            calls.hang_up(app, call, body.reason_code, body.reason_message)
        else:
            calls.set_hold(app, call, body.status == "ON_HOLD")
        return show_call(app.calls.get(call))


@router.post("/archives/{archive}/transition")
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
