"""Audio connectors on the wire: no callback tells of them.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from emulator.resources.wire_kind import WireKind
from emulator.spec.wire import Audience, Json
from state import connectors
from state.connectors import Connector


def connector_body(audience: Audience, each: Connector) -> Json:
    """Return an audio connector (5)."""
    return {"id": each.id, "connectionId": each.connection_id}


WIRE = WireKind(
    kind=connectors.KIND,
    parameter="connectorId",
    naming=(),
    write=connector_body,
    callbacks={},
)
