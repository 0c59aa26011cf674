"""Putting snapshots back beside the other work of the process."""

from __future__ import annotations

import asyncio

from emulator.faults.injector import FaultInjector
from emulator.store.base import Store
from emulator.tenants import snapshots
from emulator.tenants.snapshots import beside_others
from state.application import Application
from state.errors import UnknownApplicationError
from state.snapshots import Parsed, prepare
from state.world import World

SMALL = 1024 * 1024
"""Bytes of a snapshot that need not wait for large ones."""


class SnapshotRestorer:
    """Reads snapshots and puts them back in steps, with others served between them.

    Each takes a multiple of its size meanwhile, so that there is one large one at a time, and one small one: whoever
    reads or puts back enters `turn`.
    """

    def __init__(self, world: World, store: Store, injector: FaultInjector) -> None:
        self._world = world
        self._store = store
        self._injector = injector
        self._large, self._small = asyncio.Lock(), asyncio.Lock()

    def turn(self, content: bytes) -> asyncio.Lock:
        """Return what is held from reading a snapshot to its end. Nobody may hold an application who waits for it."""
        return self._small if len(content) <= SMALL else self._large

    async def read(self, content: bytes) -> Parsed:
        """Return the snapshot of one application, which can be put back. Raises `DocumentError`."""
        parsed = await beside_others(snapshots.read(content))
        await beside_others(snapshots.check(self._injector, parsed))
        return parsed

    async def read_all(self, content: bytes) -> list[Parsed]:
        """Return the snapshots of several applications, or of one, which can be put back. Raises `DocumentError`."""
        found = await beside_others(snapshots.read_all(content))
        await beside_others(snapshots.check_all(self._injector, found))
        return found

    async def put_back(self, parsed: Parsed, *, make: bool = False, take: bool = False) -> Application:
        """Let an application be what its snapshot says, and return it; `make` it where it is not there.

        Raises `DocumentError`, as when its api key is another one's, unless it is to `take` it, and
        `UnknownApplicationError`.
        """
        world, identity = self._world, parsed.identity
        prepared = await beside_others(prepare(world, parsed, rows=self._store.keeps))
        transaction = self._store.transaction_for(
            world, identity.id, (lambda: snapshots.add(world, identity)) if make else None
        )
        async with transaction as app:
            if app is None:
                raise UnknownApplicationError(identity.id)
            with world.unit(app):
                snapshots.restore(world, app, prepared, take=take)
        return app

    async def return_to(self, checkpoint: bytes) -> Application:
        """Let an application be what a checkpoint says, and return it. Raises as `put_back` does."""
        async with self.turn(checkpoint):
            return await self.put_back(await self.read(checkpoint))
