"""Audio connectors on the wire: no callback tells of them."""

from __future__ import annotations

from emulator.resources.wire_kind import WireKind
from emulator.spec import wire
from state import connectors

WIRE = WireKind(
    kind=connectors.KIND,
    parameter="connectorId",
    naming=(),
    write=lambda audience, connector: wire.connector(connector),
    callbacks={},
)
