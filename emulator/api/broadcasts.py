"""Broadcasts: start, stop, get, list, layout, streams."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator import wire
from emulator.api.compositions import select_streams
from emulator.call import Call, Handler
from emulator.schemas.broadcasts import StartBroadcast
from emulator.schemas.common import ChangedLayout
from state import broadcasts
from state.broadcasts import Broadcast
from state.errors import Unknown


def _shape(call: Call, broadcast: Broadcast, *, started: bool = False) -> wire.Json:
    return call.shape("Broadcast", wire.broadcast(call.speaker, broadcast, started=started))


async def start_broadcast(call: Call) -> Response:
    body = call.body(StartBroadcast)
    with call.unit() as app:
        new = body.state(call.contract.broadcast_max_duration)
        broadcast = broadcasts.start(app, call.session(app, body.session_id), new)
        return call.answer(_shape(call, broadcast, started=True))


async def list_broadcasts(call: Call) -> Response:
    with call.unit() as app:
        return call.page(app.broadcasts, lambda broadcast: _shape(call, broadcast), by_session=True)


async def get_broadcast(call: Call) -> Response:
    with call.unit() as app:
        broadcast = app.broadcasts.get(call.params["broadcastId"])
        if broadcast.status != "started" and app.options.stopped_broadcast == "gone":
            raise Unknown("broadcast")
        return call.answer(_shape(call, broadcast))


async def stop_broadcast(call: Call) -> Response:
    with call.unit() as app:
        return call.answer(_shape(call, broadcasts.stop(app, call.params["broadcastId"])))


async def set_broadcast_layout(call: Call) -> Response:
    layout = call.body(ChangedLayout).state()
    with call.unit() as app:
        return call.answer(_shape(call, broadcasts.set_layout(app, call.params["broadcastId"], layout)))


async def select_broadcast_streams(call: Call) -> Response:
    with call.unit() as app:
        select_streams(call, app, broadcasts, call.params["broadcastId"])
    return call.answer()


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
