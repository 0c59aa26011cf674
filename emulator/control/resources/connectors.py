"""Audio connectors in the control API."""

from __future__ import annotations

from typing import Any

from emulator.control.models import Transition
from emulator.control.resources.view import Current, ResourceView, Selected, router_of
from emulator.resources.connectors import connector_body
from emulator.security.masking import masked, masked_headers
from emulator.spec.wire import Audience, Json
from state import connectors
from state.application import Application
from state.connectors import Connector


def _show(audience: Audience, connector: Connector) -> Json:
    new = connector.new
    return {
        **connector_body(audience, connector),
        "sessionId": connector.session_id,
        "status": connector.status,
        "uri": masked(new.uri),
        "streams": list(new.streams),
        "headers": masked_headers(new.headers),
        "audioRate": new.audio_rate,
        "bidirectional": new.bidirectional,
        "audioTransport": dict(new.transport) or None,
        "sessionMigration": new.migrates,
        "createdAt": connector.created_at,
        "updatedAt": connector.updated_at,
    }


router = router_of(connectors.KIND)
VIEW = ResourceView(kind=connectors.KIND, router=router, show=_show)


@router.get("")
async def list_connectors(caller: Current, wanted: Selected) -> dict[str, Any]:
    """List every connector, ended ones included, oldest first; the newest `limit` of them."""
    return caller.list(VIEW, wanted)


@router.get("/{resource}")
async def get_connector(caller: Current, resource: str) -> dict[str, Any]:
    """Read one connector: what may follow, and what is pending."""
    return caller.get(VIEW, resource)


@router.post("/{resource}/transition")
async def force_connector(caller: Current, resource: str, body: Transition) -> dict[str, Any]:
    """Force a status that may follow on a connector."""

    def force(app: Application, connector: Connector) -> None:
        connectors.force(app, connector, body.status)

    return caller.force(VIEW, resource, body.status, force)
