"""Events on their way out: how they look, and waiting for the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import Request

from emulator import wire
from emulator.call import base_url
from emulator.wire import Json, Speaker
from state.application import Application, Change
from state.archives import Archive
from state.broadcasts import Broadcast
from state.calls import Call
from state.captions import Captions
from state.connectors import Connector
from state.events import Event
from state.renders import Render
from state.sessions import Connection, Signal, Stream
from state.world import World

_WRITERS: Mapping[type, Callable[[Speaker, Any], Json]] = MappingProxyType(
    {
        Archive: wire.archive,
        Broadcast: wire.broadcast,
        Render: wire.render,
        Captions: wire.captions,
        Call: lambda speaker, call: {**wire.call(speaker, call), "status": call.status},
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
        "data": write(Speaker(app, app.id, url, event.at), event.record) if write else None,
    }


class Waiting:
    """Lets requests wait until something changes in an application, or until the emulator stops."""

    def __init__(self, world: World) -> None:
        self._news: dict[str, asyncio.Event] = {}
        self.stopping = asyncio.Event()
        world.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        if (change.events or change.records or change.removed) and (
            news := self._news.pop(change.application_id, None)
        ):
            news.set()

    def of(self, app: Application) -> asyncio.Event:
        """Return what will be set when something happens in the application; ask before you look."""
        return self._news.setdefault(app.id, asyncio.Event())

    async def until(self, news: asyncio.Event, deadline: float) -> bool:
        """Wait for news until `deadline` (of the monotonic clock); False when there is none, or the emulator stops."""
        remaining = deadline - time.monotonic()
        if remaining <= 0 or self.stopping.is_set():
            return False
        waits = {asyncio.ensure_future(news.wait()), asyncio.ensure_future(self.stopping.wait())}
        _, pending = await asyncio.wait(waits, timeout=remaining, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        return news.is_set() and not self.stopping.is_set()
