"""All open WebSockets of connectors: opened when one is connected, ended with it, and it with them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from emulator.connectors.handshake import HandshakeError, Handshakes
from emulator.connectors.leg import Leg, Recording
from emulator.connectors.mix import Mix
from emulator.connectors.pcm import Samples
from emulator.connectors.sounds import Sounds
from emulator.settings import Settings
from emulator.store.base import RETRY_SECONDS, Store, StoreUnavailableError
from state import connectors
from state.application import Application, Change
from state.connectors import LIVE, Connector, ConnectorSettings, Opened
from state.session_records import Session
from state.world import World

log = logging.getLogger("emulator")

MOST = 500
"""WebSockets at once; ours."""

KEPT = 50
"""Connectors that have ended whose sound is kept; ours."""

MOST_STREAMS = 50
"""Streams of a session that are mixed (1)."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A leg with the connector that it belongs to, and what it tells, in order."""

    app: Application
    connector: Connector
    leg: Leg
    mix: Mix
    news: asyncio.Queue[str]
    tasks: list[asyncio.Task[None]]


class ConnectorAdapter:
    """Opens WebSockets for connectors that are real, and tells the world what becomes of them."""

    def __init__(self, world: World, store: Store, settings: Settings) -> None:
        self._world = world
        self._store = store
        self._handshakes = Handshakes(settings)
        self._open: dict[str, _Open] = {}
        self._by_stream: dict[str, Leg] = {}
        self._ended: dict[str, Mapping[str, Recording]] = {}
        self._opening = 0
        self._closing: set[asyncio.Task[None]] = set()
        self.process = store.replica or os.urandom(8).hex()
        self.sounds = Sounds()
        world.listeners.append(self._on_change)

    # Beginning

    async def open(
        self, app: Application, session_id: str, new: ConnectorSettings, opened: Opened
    ) -> aiohttp.ClientWebSocketResponse:
        """Return an open WebSocket to the server of a connector that is to be. Raises `HandshakeError`."""
        if len(self._open) + self._opening >= MOST:
            raise HandshakeError(f"at most {MOST} real audio connectors are connected at once")
        self._opening += 1
        try:
            trusted = app.options.connector_tls == "trusted"
            return await self._handshakes.open(new, opened, session_id, trusted=trusted)
        finally:
            self._opening -= 1

    def start(
        self, app: Application, session: Session, connector: Connector, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        """Let audio flow over the WebSocket of a connector that was just connected."""
        new = connector.new
        own = [each.id for each in session.streams.values() if each.connection_id == connector.connection_id]
        selected = new.streams or tuple(each for each in session.streams if each not in own)[:MOST_STREAMS]
        mix = Mix(self.sounds, selected, new.audio_rate, self._played)
        news: asyncio.Queue[str] = asyncio.Queue()
        leg = Leg(socket, new, mix, news.put_nowait, lambda reason: news.put_nowait(f"!{reason}"))
        self._by_stream.update(dict.fromkeys(own, leg))
        entry = _Open(app, connector, leg, mix, news, [])
        self._open[connector.id] = entry
        changed = mix.update(session, self._by_stream.__contains__)
        leg.start()
        leg.update(changed)
        entry.tasks.append(asyncio.get_running_loop().create_task(self._follow(entry)))

    def recordings(self, connector_id: str) -> Mapping[str, Recording] | None:
        """Return what went `in` and `out` of a connector; None where none is kept here."""
        entry = self._open.get(connector_id)
        return entry.leg.recordings if entry is not None else self._ended.get(connector_id)

    def _played(self, stream_id: str, rate: int) -> Samples | None:
        leg = self._by_stream.get(stream_id)
        return leg.played_at(rate) if leg is not None else None

    # What happens

    def update_sounds(self, app: Application) -> None:
        """Let the connectors of an application hear what streams say now."""
        for entry in self._open.values():
            if entry.app is app:
                self._update(entry)

    def _update(self, entry: _Open) -> None:
        session = entry.app.sessions.get(entry.connector.session_id)
        entry.leg.update(entry.mix.update(session, self._by_stream.__contains__))

    def _on_change(self, change: Change) -> None:
        streams = [event for event in change.events if event.type.startswith("stream.")]
        for event in streams:
            if event.type == "stream.destroyed":
                self.sounds.take_back(event.subject)
        for entry in [each for each in self._open.values() if each.app.id == change.application_id]:
            if not self._is_live(entry):
                self._close(entry)
            elif streams:
                self._update(entry)

    def _is_live(self, entry: _Open) -> bool:
        app, id_ = entry.app, entry.connector.id
        if self._world.find(app.id) is not app or not app[Connector].has(id_):
            return False
        found = app[Connector].get(id_)
        return found.status in LIVE and found.process == self.process

    async def _follow(self, entry: _Open) -> None:
        """Tell the world what is heard of the other side, until it has ended."""
        while True:
            what = await entry.news.get()
            while True:
                try:
                    async with self._store.transaction(entry.app):
                        if not self._is_live(entry):
                            return
                        with self._world.unit(entry.app) as app:
                            if what.startswith("!"):
                                connectors.disconnect(app, entry.connector.id, what[1:])
                                return
                            connectors.tell(app, entry.connector.id, what)
                    break
                except StoreUnavailableError as error:
                    log.warning("what a connector of application %s did is noted later: %s", entry.app.id, error)
                    await asyncio.sleep(RETRY_SECONDS)
                except Exception:
                    log.exception("what a connector of application %s did cannot be noted", entry.app.id)
                    break

    # The end

    def _close(self, entry: _Open) -> None:
        if self._open.pop(entry.connector.id, None) is None:
            return
        for stream_id in [each for each, leg in self._by_stream.items() if leg is entry.leg]:
            del self._by_stream[stream_id]
        self._ended[entry.connector.id] = entry.leg.recordings
        if len(self._ended) > KEPT:
            del self._ended[next(iter(self._ended))]
        task = asyncio.get_running_loop().create_task(self._end(entry))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _end(self, entry: _Open) -> None:
        await entry.leg.close()
        for task in entry.tasks:
            task.cancel()
        await asyncio.gather(*entry.tasks, return_exceptions=True)

    async def close(self) -> None:
        """Close every WebSocket: the emulator ends."""
        for entry in list(self._open.values()):
            self._close(entry)
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._handshakes.close()
