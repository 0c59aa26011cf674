"""What is real: the parts that talk to the world outside, each imported when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.settings import Settings
from emulator.store.base import Store
from state import connectors
from state.application import Application
from state.connectors import Connector
from state.world import World

if TYPE_CHECKING:
    from emulator.connectors.adapter import ConnectorAdapter


class Adapters:
    """The adapters of one emulator. What is not real costs nothing."""

    def __init__(self, world: World, store: Store, settings: Settings) -> None:
        self._world = world
        self._store = store
        self._settings = settings
        self._connectors: ConnectorAdapter | None = None

    @property
    def connectors(self) -> ConnectorAdapter:
        """Real audio connectors."""
        if self._connectors is None:
            from emulator.connectors.adapter import ConnectorAdapter

            self._connectors = ConnectorAdapter(self._world, self._store, self._settings)
        return self._connectors

    async def start(self) -> None:
        """End what a process before this one has left connected."""
        if self._store.shared:
            return  # another replica may have it
        for app in self._world:
            if any(_is_left(each) for each in app[Connector]):
                async with self._store.transaction(app):
                    with self._world.unit(app):
                        connectors.fail_lost(app)

    async def close(self) -> None:
        """End everything."""
        if self._connectors is not None:
            await self._connectors.close()


def _is_left(connector: Connector) -> bool:
    return bool(connector.process) and connector.status in connectors.LIVE


def is_real(app: Application, what: str) -> bool:
    """Tell whether something is real in an application."""
    return what in app.options.real
