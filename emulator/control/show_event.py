"""Events on their way out: how they look, and waiting for the next one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import Request

from emulator.context import context_of
from emulator.resources.registry import WIRE_KINDS
from emulator.services import services_of
from emulator.spec import wire
from emulator.spec.wire import Audience, Json
from state.application import Application
from state.events import Event
from state.session_records import Connection, Signal, Stream

_WRITERS: Mapping[type, Callable[[Audience, Any], Json]] = MappingProxyType(
    {
        Stream: lambda _, stream: {**wire.stream(stream), "connectionId": stream.connection_id, "muted": stream.muted},
        Connection: lambda _, connection: {**wire.connection(connection), "data": connection.data},
        Signal: lambda _, signal: {"type": signal.type, "data": signal.data, "connectionId": signal.to or None},
    }
)
"""Of what is no resource."""


def _data(audience: Audience, record: Any) -> Json | None:
    """Return a record as the service shows it, and its status where that leaves it out."""
    if (resource := WIRE_KINDS.get(getattr(record, "kind", ""))) is not None:
        return {**resource.write(audience, record), "status": record.status}
    write = _WRITERS.get(type(record))
    return write(audience, record) if write else None


def show_event(request: Request, app: Application, event: Event) -> Json:
    """Return an event; `data` is its subject as it was then, in the shape of the service where it has one."""
    url = services_of(request).settings.public_url or context_of(request).base_url
    return {
        "number": event.number,
        "at": event.at,
        "type": event.type,
        "subject": event.subject,
        "sessionId": event.session_id,
        "reason": event.reason or None,
        "data": _data(Audience(app, app.id, url, event.at), event.record),
    }
