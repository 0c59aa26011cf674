"""Captions on the wire."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType
from emulator.resources.wire_kind import WireKind
from emulator.spec import wire
from state import captions

_STATUS = CallbackType("captions_status", "captions", lambda audience, event: wire.captions(audience, event.record))

WIRE = WireKind(
    kind=captions.KIND,
    parameter="captionsId",
    naming=(),
    write=wire.captions,
    callbacks=dict.fromkeys(captions.KIND.events, _STATUS),
)
