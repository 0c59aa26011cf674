"""Broadcasts: start, stop, get, list, layout, streams.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.resources.broadcasts import broadcast_body
from emulator.service.compositions import select_streams
from emulator.service.invocation import Handler, Invocation
from emulator.spec import wire
from emulator.spec.schemas.broadcasts import StartBroadcast
from emulator.spec.schemas.common import ChangedLayout
from state import broadcasts
from state.broadcasts import Broadcast
from state.errors import UnknownResourceError


def _shape(invocation: Invocation, broadcast: Broadcast, *, started: bool = False) -> wire.Json:
    return invocation.shape("Broadcast", broadcast_body(invocation.audience, broadcast, started=started))


async def start_broadcast(invocation: Invocation) -> Response:
    """Start a broadcast of a session; return it as start writes it (1.1)."""
    body = invocation.body(StartBroadcast)
    with invocation.unit() as app:
        new = body.state(invocation.contract.broadcast_max_duration)
        broadcast = broadcasts.start(app, invocation.session(app, body.session_id), new)
        return invocation.response(_shape(invocation, broadcast, started=True))


async def list_broadcasts(invocation: Invocation) -> Response:
    """Return one page of the broadcasts, the newest first, of one session if asked (1.4)."""
    with invocation.unit() as app:
        return invocation.page(app[Broadcast], lambda broadcast: _shape(invocation, broadcast), by_session=True)


async def get_broadcast(invocation: Invocation) -> Response:
    """Return one broadcast; the option `stoppedBroadcast` says whether one that has ended is still found."""
    with invocation.unit() as app:
        broadcast = app[Broadcast].get(invocation.params["broadcastId"])
        if broadcast.status != "started" and app.options.stopped_broadcast == "gone":
            raise UnknownResourceError("broadcast")
        return invocation.response(_shape(invocation, broadcast))


async def stop_broadcast(invocation: Invocation) -> Response:
    """Stop a broadcast; return it (1.2)."""
    with invocation.unit() as app:
        return invocation.response(_shape(invocation, broadcasts.stop(app, invocation.params["broadcastId"])))


async def set_broadcast_layout(invocation: Invocation) -> Response:
    """Change the layout of a broadcast; return it (1.5)."""
    layout = invocation.body(ChangedLayout).state()
    with invocation.unit() as app:
        return invocation.response(
            _shape(invocation, broadcasts.set_layout(app, invocation.params["broadcastId"], layout))
        )


async def select_broadcast_streams(invocation: Invocation) -> Response:
    """Add a stream to a broadcast in manual mode, or remove it (1.6)."""
    with invocation.unit() as app:
        select_streams(invocation, app, broadcasts, invocation.params["broadcastId"])
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "startBroadcast": start_broadcast,
        "listBroadcasts": list_broadcasts,
        "getBroadcast": get_broadcast,
        "stopBroadcast": stop_broadcast,
        "setBroadcastLayout": set_broadcast_layout,
        "selectBroadcastStreams": select_broadcast_streams,
    }
)
