"""Broadcasts in the control API."""

from __future__ import annotations

from typing import Any

from emulator.control.common import ControlError
from emulator.control.models import BroadcastTransition
from emulator.control.resources.view import Current, ResourceView, Selected, require, router_of, show_layout
from emulator.resources.broadcasts import broadcast_body
from emulator.spec.wire import Audience, Json
from state import broadcasts
from state.application import Application
from state.broadcasts import Broadcast, RtmpTarget


def _show(audience: Audience, broadcast: Broadcast) -> Json:
    return {
        **broadcast_body(audience, broadcast),
        "layout": show_layout(broadcast.layout),
        "hls": {"status": broadcast.hls.status} if broadcast.hls else None,
        "rtmp": [_show_target(target) for target in broadcast.rtmp],
    }


def _show_target(target: RtmpTarget) -> Json:
    return {
        "id": target.id or None,
        "serverUrl": target.server_url,
        "streamName": target.stream_name,
        "status": target.status,
    }


router = router_of(broadcasts.KIND)
VIEW = ResourceView(kind=broadcasts.KIND, router=router, show=_show, composed=True)


@router.get("")
async def list_broadcasts(caller: Current, wanted: Selected) -> dict[str, Any]:
    """List every broadcast, ended ones included, oldest first; the newest `limit` of them."""
    return caller.list(VIEW, wanted)


@router.get("/{resource}")
async def get_broadcast(caller: Current, resource: str) -> dict[str, Any]:
    """Read one broadcast: what may follow, and what is pending."""
    return caller.get(VIEW, resource)


@router.post("/{resource}/transition")
async def force_broadcast(caller: Current, resource: str, body: BroadcastTransition) -> dict[str, Any]:
    """Force a status that may follow on a broadcast, or on one of its outputs."""

    def force(app: Application, broadcast: Broadcast) -> None:
        broadcasts.force(app, broadcast, body.status, body.reason)

    def force_output(app: Application, broadcast: Broadcast) -> None:
        _force_output(app, broadcast, body)

    if body.output is None:
        return caller.force(VIEW, resource, body.status, force)
    return caller.change(VIEW, resource, force_output)


def _force_output(app: Application, broadcast: Broadcast, body: BroadcastTransition) -> None:
    assert body.output is not None
    states = [broadcast.hls.status] if broadcast.hls else []
    if body.output == "rtmp":
        states = [target.status for target in broadcast.rtmp if target.meant_by(body.target)]
    if not states:
        raise ControlError(
            404, f"the broadcast has no such {body.output} output", "target" if body.target else "output"
        )
    for status in states:
        require(body.output, status, body.status)
    if body.output == "hls":
        broadcasts.force_hls(app, broadcast, body.status)
    else:
        broadcasts.set_target_status(app, broadcast.id, body.status, body.target)
