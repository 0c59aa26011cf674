"""Stores: what keeps the world beyond the process. The world itself is in memory; a store mirrors it.

Whoever works on an application holds it meanwhile (`Store.transaction`): what was done is durable when the hold ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from state.application import Application
    from state.journal import Exchange
    from state.outbox import Callback
    from state.snapshots import RestoreFaults
    from state.world import World


RETRY_SECONDS = 0.5
"""s after which a store that could not be reached is asked again."""

LOOKUP_LIMIT = 3
"""How often an application is looked for that another process deletes, makes anew or renames meanwhile."""


class StoreError(Exception):
    """The store cannot be used; the message says why, and what to do."""


class StoreUnavailableError(Exception):
    """The store cannot take or tell anything right now; nothing of what was to be done is promised."""


def retrieve_exception(done: asyncio.Future[None]) -> None:
    """Look at how something ended: whoever waits for it says what went wrong, and nobody may wait."""
    if not done.cancelled():
        done.exception()


_NOTHING: AbstractAsyncContextManager[None] = nullcontext()


class Store:
    """Keeps nothing: the world ends with the process. What the other stores keep, they keep as this one's methods say.

    `shared`: other processes may change the world too.
    """

    name = "memory"
    shared = False

    def load(self, world: World, restore_faults: RestoreFaults) -> None:
        """Fill the world with what is kept, and keep what changes from now on. Raises `StoreError`.

        `restore_faults` gives an application its failure rules back, as they were dumped.
        """

    async def start(self) -> None:
        """Begin to work, when the event loop runs."""

    async def _save_all(self, world: World) -> None:
        """Keep what was made and changed before the event loop ran."""
        for app in [each for each in world if each.is_changed]:
            async with self.transaction(app):
                with world.unit(app):
                    pass

    async def stop(self) -> None:
        """Make durable what is not yet, and end."""

    def transaction(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context in which the application is as fresh as it can be, and after which all is durable.

        Raises `StoreUnavailableError`, on entering or on leaving.
        """
        return _NOTHING

    async def find(self, world: World, name: str) -> Application | None:
        """Return the application with an id or api key. Raises `StoreUnavailableError`."""
        found = world.find(name)
        if found is None and self.shared:
            await self.refresh()
            found = world.find(name)
        return found

    def transaction_for(
        self, world: World, name: str, make: Callable[[], Application] | None = None
    ) -> AbstractAsyncContextManager[Application | None]:
        """Hold the application with an id or api key, or what `make` makes; None when there is none.

        Raises `StoreUnavailableError`, on entering or on leaving.
        """
        return _TransactionFor(self, world, name, make)

    def release(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context in which others may work on an application that is held, as while nothing is done to it.

        Raises `StoreUnavailableError`, on entering or on leaving.
        """
        return _NOTHING

    def exclusive(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context that one caller at a time is in, of all processes; within this one callers see to it."""
        return _NOTHING

    async def wait_for_peers(self, app: Application, is_waited_for: Callable[[Iterable[Callback]], bool]) -> None:
        """Wait until what other processes are to send of an application now, and is waited for, has been attempted."""

    async def check(self) -> None:
        """Raise `StoreUnavailableError` when nothing can be kept now."""

    async def refresh(self) -> None:
        """Learn of applications that other processes made or deleted. Raises `StoreUnavailableError`."""

    async def save_exchange(self, app: Application, exchange: Exchange) -> None:
        """Keep an exchange in the application's journal."""
        app.journal.append(exchange)

    async def read_journals(self, *apps: Application) -> None:
        """Learn of the exchanges of applications that other processes kept. Raises `StoreUnavailableError`."""


class _TransactionFor(AbstractAsyncContextManager["Application | None"]):
    """A class of its own, for every request enters it: a decorated generator takes twice as long."""

    __slots__ = ("_make", "_name", "_store", "_transaction", "_world")

    def __init__(self, store: Store, world: World, name: str, make: Callable[[], Application] | None) -> None:
        self._store = store
        self._world = world
        self._name = name
        self._make = make
        self._transaction = _NOTHING

    async def __aenter__(self) -> Application | None:
        find = self._world.find
        for _ in range(LOOKUP_LIMIT):
            app = find(self._name) or await self._store.find(self._world, self._name) or (self._make and self._make())
            if app is None:
                break
            transaction = self._store.transaction(app)
            await transaction.__aenter__()
            if find(self._name) is app:  # else another process deleted it, made it anew, or changed its api key
                self._transaction = transaction
                return app
            await transaction.__aexit__(None, None, None)
        return None

    async def __aexit__(self, *error: Any) -> bool | None:
        return await self._transaction.__aexit__(*error)
