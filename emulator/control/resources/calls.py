"""SIP calls in the control API."""

from __future__ import annotations

from typing import Any

from emulator.control.models import CallTransition
from emulator.control.resources.view import Current, ResourceView, Selected, router_of
from emulator.security.masking import MASK, masked, masked_headers
from emulator.spec.wire import Audience, Json
from state import calls
from state.application import Application
from state.calls import Call, CallSettings


def _show(audience: Audience, call: Call) -> Json:
    return {
        "id": call.id,
        "sessionId": call.session_id,
        "connectionId": call.connection_id,
        "streamId": call.stream_id,
        "uri": masked(call.new.uri),
        "from": call.new.sender or None,
        "headers": masked_headers(dict(call.new.headers)),
        "auth": _show_auth(call.new),
        "streams": list(call.new.streams),
        "secure": call.new.secure,
        "video": call.new.video,
        "observeForceMute": call.new.observe_force_mute,
        "sessionMigration": call.new.migrates,
        "status": call.status,
        "digits": list(call.digits),
        "reasonCode": call.reason_code or None,
        "reasonMessage": call.reason_message or None,
        "createdAt": call.created_at,
        "updatedAt": call.updated_at,
    }


def _show_auth(new: CallSettings) -> Json | None:
    """Return what the far side is told of who calls; of a password, only that there is one."""
    if not new.username and not new.password:
        return None
    return {"username": new.username, "password": MASK if new.password else None}


router = router_of(calls.KIND)
VIEW = ResourceView(kind=calls.KIND, router=router, show=_show)


@router.get("")
async def list_calls(caller: Current, wanted: Selected) -> dict[str, Any]:
    """List every call, ended ones included, oldest first; the newest `limit` of them."""
    return caller.list(VIEW, wanted)


@router.get("/{resource}")
async def get_call(caller: Current, resource: str) -> dict[str, Any]:
    """Read one call: what may follow, and what is pending."""
    return caller.get(VIEW, resource)


@router.post("/{resource}/transition")
async def force_call(caller: Current, resource: str, body: CallTransition) -> dict[str, Any]:
    """Force a status that may follow on a call."""

    def force(app: Application, call: Call) -> None:
        calls.force(app, call, body.status, body.reason_code, body.reason_message)

    return caller.force(VIEW, resource, body.status, force)
