"""Broadcasts on the wire."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType
from emulator.resources.wire_kind import WireKind
from emulator.spec import wire
from state import broadcasts

_STATUS = CallbackType("broadcast_status", "broadcast", lambda audience, event: wire.broadcast(audience, event.record))

WIRE = WireKind(
    kind=broadcasts.KIND,
    parameter="broadcastId",
    naming=("multiBroadcastTag",),
    write=wire.broadcast,
    callbacks=dict.fromkeys(broadcasts.KIND.events, _STATUS),
)
