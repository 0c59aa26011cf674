"""Renders on the wire."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType
from emulator.resources.wire_kind import WireKind
from emulator.spec import wire
from state import renders

_STATUS = CallbackType("render_status", "render", lambda audience, event: wire.render_callback(event.record))

WIRE = WireKind(
    kind=renders.KIND,
    parameter="renderId",
    naming=("properties.name",),
    write=wire.render,
    # One that starts has none (broadcasts-… 4.5).
    callbacks={status: _STATUS for status in renders.TRANSITIONS if status != "starting"},
)
