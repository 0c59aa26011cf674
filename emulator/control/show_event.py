"""Events on their way out: how they look, and waiting for the next one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import Request

from emulator.service.invocation import base_url
from emulator.spec import wire
from emulator.spec.wire import Audience, Json
from state.application import Application
from state.archives import Archive
from state.broadcasts import Broadcast
from state.calls import Call
from state.captions import Captions
from state.connectors import Connector
from state.events import Event
from state.renders import Render
from state.session_records import Connection, Signal, Stream

_WRITERS: Mapping[type, Callable[[Audience, Any], Json]] = MappingProxyType(
    {
        Archive: wire.archive,
        Broadcast: wire.broadcast,
        Render: wire.render,
        Captions: wire.captions,
        Call: lambda audience, call: {**wire.call(audience, call), "status": call.status},
        Connector: lambda _, connector: {**wire.connector(connector), "status": connector.status},
        Stream: lambda _, stream: {**wire.stream(stream), "connectionId": stream.connection_id, "muted": stream.muted},
        Connection: lambda _, connection: {**wire.connection(connection), "data": connection.data},
        Signal: lambda _, signal: {"type": signal.type, "data": signal.data, "connectionId": signal.to or None},
    }
)


def show_event(request: Request, app: Application, event: Event) -> Json:
    """Return an event; `data` is its subject as it was then, in the shape of the service where it has one."""
    write = _WRITERS.get(type(event.record))
    url = request.app.state.settings.public_url or base_url(request)
    return {
        "number": event.number,
        "at": event.at,
        "type": event.type,
        "subject": event.subject,
        "sessionId": event.session_id,
        "reason": event.reason or None,
        "data": write(Audience(app, app.id, url, event.at), event.record) if write else None,
    }
