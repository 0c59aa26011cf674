"""Stores: what saves the world beyond the life of the process. The world itself is in memory; a store mirrors it.

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


MOMENT = 0.2
"""s from a look at the clock to the end of a request that waits for nothing, at the very most."""

RETRY_SECONDS = 0.5
"""s between two attempts to reach a store that does not respond."""

LOOKUP_LIMIT = 3
"""How often an application is looked up again when another process deletes, recreates or renames it meanwhile."""


class StoreError(Exception):
    """The store cannot be used; the message says why, and what to do."""


class StoreUnavailableError(Exception):
    """The store cannot be read or written right now: what was to be done may or may not have been saved."""


def is_quiet(app: Application) -> bool:
    """Tell whether reading an application changes nothing: no timer is due in a moment, no rule counts its hits."""
    if app.faults is not None or app.is_changed:
        return False
    due = app.timeline.next_due()
    delay = None if due is None else app.clock.real_delay(due)
    return delay is None or delay > MOMENT


def retrieve_exception(done: asyncio.Future[Any]) -> None:
    """Retrieve the exception of a future, so that asyncio does not log it as never retrieved when nobody awaits it."""
    if not done.cancelled():
        done.exception()


_NOTHING: AbstractAsyncContextManager[None] = nullcontext()


class Store:
    """The store in memory, and the interface of all stores. It saves nothing: the world ends with the process.

    `shared`: other processes (replicas) may change the same world. `keeps`: what is done is kept beyond the process,
    and has to be held until it is durable. `replica` names this process among those.
    """

    name = "memory"
    replica = ""
    shared = False
    keeps = False

    def load(self, world: World, restore_faults: RestoreFaults) -> None:
        """Load the saved applications into the world, and save every change from now on. Raises `StoreError`.

        `restore_faults` restores the failure rules of an application from what was saved of them.
        """

    async def start(self) -> None:
        """Start the tasks of the store. Called once, in the running event loop."""

    async def _save_all(self, world: World) -> None:
        """Save what was created and changed before the event loop ran."""
        for app in [each for each in world if each.is_changed]:
            async with self.transaction(app):
                with world.unit(app):
                    pass

    async def stop(self) -> None:
        """Save what is not saved yet, and end the tasks of the store."""

    def transaction(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context that holds the application: up to date on entering, all changes durable on leaving.

        Raises `StoreUnavailableError`, on entering or on leaving.
        """
        return _NOTHING

    async def find(self, world: World, name: str) -> Application | None:
        """Return the application with this id or API key, None when there is none. Raises `StoreUnavailableError`."""
        found = world.find(name)
        if found is None and self.shared:
            await self.refresh()
            found = world.find(name)
        return found

    def transaction_for(
        self, world: World, name: str, make: Callable[[], Application] | None = None
    ) -> AbstractAsyncContextManager[Application | None]:
        """Return a context that holds the application with this id or API key, as `transaction` does, and yields it.

        When there is none it yields what `make` creates, or None without `make`.

        Raises `StoreUnavailableError`, on entering or on leaving.
        """
        return _TransactionFor(self, world, name, make)

    async def is_current(self, app: Application) -> bool:
        """Tell whether the application can be looked at without a transaction: nobody else has anything newer of it.

        What is not durable yet, and what is due in a moment, is not to be looked at either.
        """
        return is_quiet(app)

    def release(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context inside a transaction in which other processes may work on the application, as during a wait.

        Raises `StoreUnavailableError`, on entering or on leaving.
        """
        return _NOTHING

    def exclusive(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context that one process at a time can enter; inside a process callers need a lock of their own."""
        return _NOTHING

    async def wait_for_peers(self, app: Application, is_waited_for: Callable[[Iterable[Callback]], bool]) -> None:
        """Wait until `is_waited_for` returns False for the callbacks that other replicas own and have not attempted."""

    async def check(self) -> None:
        """Raise `StoreUnavailableError` when nothing can be saved now."""

    async def refresh(self) -> None:
        """Load applications that other processes created, drop those they deleted. Raises `StoreUnavailableError`."""

    async def save_exchange(self, app: Application, exchange: Exchange) -> None:
        """Save an exchange in the application's journal."""
        app.journal.append(exchange)

    async def read_journals(self, *apps: Application) -> None:
        """Load the exchanges that other processes saved of these applications. Raises `StoreUnavailableError`."""


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
