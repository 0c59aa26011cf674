"""The PostgreSQL store: several replicas share one database.

Whoever works on an application locks its row, learns what is newer than what it has in memory, works, and commits under
the next version. What arrives together at a replica is done under one lock and committed together. Replicas tell each
other by NOTIFY; which of them live, by a lock that the database takes from those that do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Connection, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from emulator.settings import Settings
from emulator.store import database, reading
from emulator.store.base import RETRY_SECONDS, Store, StoreError, StoreUnavailableError, is_quiet, retrieve_exception
from emulator.store.connections import CONNECT_SECONDS, Connections, explain, require_usable
from emulator.store.database import RECORDS, Item
from emulator.store.journals import Journals
from emulator.store.listener import LOCKS, Listener, tell
from emulator.store.mirror import Mirror
from emulator.store.owners import CallbackOwners
from emulator.store.reading import LoadedApplication, Position
from state import connectors
from state.application import Application, Change
from state.connectors import Connector
from state.journal import Exchange
from state.outbox import Callback
from state.snapshots import RestoreFaults
from state.world import World

log = logging.getLogger("emulator")

MAX_TRANSACTIONS = 6
"""Applications that a replica holds at once at most."""

MOVED = 8
"""Applications whose clock is moved at a replica at once at most."""

LOOKING = 2
"""Looks at where applications stand that a replica takes at once at most."""

WORKERS = 2 * MAX_TRANSACTIONS
"""Threads: as many as all holds may need, and as many again, so that what is held can always be let go."""

STOP_SECONDS = 3.0
"""s that who works on an application has to be done when the emulator stops: then the database is waited for no longer.

(`docker stop` kills after 10 s, and requests had theirs before: emulator/server/server.py.)
"""

SENT_SECONDS = 0.02
"""s between two looks at what other replicas are to send, while the clock waits for it."""

ALONE = LOCKS + 1
"""The class of the advisory locks that say who moves an application's clock."""


@dataclass(slots=True, eq=False)
class _Hold:
    """One hold of an application, by all who asked for it until one of them was done: they commit together.

    `users` are the tasks that work in it, `begun` ends when they may, `ended` when what they did is durable.
    """

    users: set[asyncio.Task[Any]] = field(default_factory=set)
    connection: Connection | None = None
    items: list[Item] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    begun: asyncio.Future[None] = field(init=False)
    ended: asyncio.Future[None] = field(init=False)
    closed: bool = False


class Postgresql(Store):
    """Keeps the world in PostgreSQL, for any number of replicas."""

    name = "postgresql"
    shared = True
    keeps = True

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        if "@" in (self._url.host or ""):
            raise StoreError("store: a @ in a user's name or password is written %40")
        shown = self._url.set(query={})  # which may have a password too
        self._shown = shown.render_as_string(hide_password=True).replace("+psycopg", "")
        # Enough for all at once: nobody who has one waits for another.
        self._connections = Connections(self._url, most=MAX_TRANSACTIONS + WORKERS + MOVED, workers=WORKERS)
        self._journals = Journals(self._connections)
        self.replica = str(random.SystemRandom().randrange(1, 2**31))
        self._slots = asyncio.Semaphore(MAX_TRANSACTIONS)
        self._moving = asyncio.Semaphore(MOVED)
        self._holds: dict[str, _Hold] = {}
        self._stale: set[str] = set()
        self._kept: set[str] = set()
        self._heard: set[str] = set()
        self._senders: dict[str, CallbackOwners] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._finishing: set[asyncio.Task[None]] = set()
        self._deleted = 0
        self._looking = asyncio.Lock()
        self._looks: dict[str, asyncio.Task[Position | None]] = {}
        self._seeing = asyncio.Semaphore(LOOKING)
        self._listener = Listener(self._url, self.replica, self)

    # Starting and stopping

    def load(self, world: World, restore_faults: RestoreFaults) -> None:
        """Read the database into the world. Raises `StoreError`."""
        self._world, self._restore_faults = world, restore_faults
        self._mirror = Mirror()
        try:
            require_usable(self._url)
            with self._connections.engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCKS})  # one makes the tables
                database.make_tables(connection)
            with self._connections.connect_to_read() as connection:
                for found in reading.read_all(connection, reading.positions(connection)):
                    self._add(found)
        except (SQLAlchemyError, psycopg.Error) as error:
            raise StoreError(f"store {self._shown}: {explain(error)}") from None
        except StoreError as error:
            raise StoreError(f"store {self._shown}: {error}") from None
        world.publish = self._publish

    def _add(self, found: LoadedApplication) -> Application:
        app = reading.add(self._world, found, self._restore_faults)
        app.journal.last = 0
        self._kept.add(app.id)
        self._learn(app, found)
        return app

    def _learn(self, app: Application, found: LoadedApplication) -> None:
        """Note what was read: who is to send which callbacks, what is to be sent by this replica."""
        self._mirror.note(app, found)
        senders = self._senders_of(app)
        if found.whole:
            senders.clear()
        callbacks = [(row.id, owner) for row, owner in found.rows if row.kind == "callback"]
        idle = [callback_id for callback_id, owner in callbacks if senders.learn(app, callback_id, owner)]
        box = app.outbox
        if box.has_ready and box.order:
            box.reorder([each for each in box.order if box.find(each)])
        if idle:
            self._do(self._let_go_of(app, idle))

    async def _let_go_of(self, app: Application, held: list[str]) -> None:
        """Say of callbacks that they are not under way here: others wait to hear it."""
        while True:
            with contextlib.suppress(StoreUnavailableError):
                async with self.transaction(app):
                    with self._world.unit(app):
                        for callback in map(app.outbox.find, held):
                            if callback is not None and callback.status == "held":
                                app.touch(callback)
                return
            await asyncio.sleep(RETRY_SECONDS)

    def _senders_of(self, app: Application) -> CallbackOwners:
        return self._senders.setdefault(app.id, CallbackOwners(self.replica))

    async def start(self) -> None:
        """Begin to listen to the other replicas; what was made at the start is kept first."""
        self._loop = asyncio.get_running_loop()
        self._listener.start()
        await self._save_all(self._world)

    async def stop(self) -> None:
        """End; what this replica was to send is sent by another one, or after a start."""
        self._listener.end()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._holds:
            await asyncio.wait([hold.ended for hold in self._holds.values()], timeout=STOP_SECONDS)
        await asyncio.gather(self._connections.end(), self._listener.ended())

    # Holding

    def transaction(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context in which no other replica works on the application. Raises `StoreUnavailableError`."""
        return self._hold(app)

    async def is_current(self, app: Application) -> bool:
        """Tell whether the application is what the database has of it, and nothing of it is due in a moment.

        Who asks at the same time is told by one look. Raises `StoreUnavailableError`.
        """
        if app.id not in self._kept or not self._is_free(app):
            return False
        found = await self._look_at(app.id)
        known = Position(app.credentials.api_key, self._mirror.incarnation(app), app.version)
        return found == known and self._is_free(app) and self._world.find(app.id) is app

    def _is_free(self, app: Application) -> bool:
        """Tell whether nobody works on the application here, and it can be looked at as it is."""
        return app.id not in self._holds and app.id not in self._stale and is_quiet(app)

    async def _look_at(self, application_id: str) -> Position | None:
        """Return where the application stands in the database, by a look that begins after the call."""
        look = self._looks.get(application_id)
        if look is None:
            look = self._looks[application_id] = self._loop.create_task(self._look_next(application_id))
            look.add_done_callback(retrieve_exception)
        return await asyncio.shield(look)

    async def _look_next(self, application_id: str) -> Position | None:
        async with self._seeing:
            del self._looks[application_id]  # who asks from now on has to wait for another one
            position: Position | None = await self._connections.run(self._position, application_id)
            return position

    @asynccontextmanager
    async def _hold(self, app: Application) -> AsyncIterator[None]:
        await self._enter(app)
        try:
            yield
        finally:
            await self._leave(app)

    def release(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context in which others may work on the application that is held. Raises `StoreUnavailableError`."""
        return self._let_go(app)

    @asynccontextmanager
    async def _let_go(self, app: Application) -> AsyncIterator[None]:
        await self._leave(app)
        try:
            yield
        finally:
            await self._enter(app)

    async def _enter(self, app: Application) -> None:
        """Work on the application together with those who do; who comes when one is done waits for the next hold."""
        while (hold := self._holds.get(app.id)) is not None and hold.closed:
            await asyncio.wait([hold.ended])
        if hold is None:
            hold = self._holds[app.id] = _Hold()
            hold.begun, hold.ended = asyncio.ensure_future(self._begin(app, hold)), self._loop.create_future()
            hold.begun.add_done_callback(retrieve_exception)
            hold.ended.add_done_callback(retrieve_exception)
        task = asyncio.current_task()
        assert task is not None
        hold.users.add(task)
        try:
            await asyncio.shield(hold.begun)
        except BaseException:
            self._done(app, hold, task)
            raise

    async def _leave(self, app: Application) -> None:
        task, hold = asyncio.current_task(), self._holds.get(app.id)
        if hold is None or task not in hold.users:
            return  # it could not be held again after it was let go
        self._done(app, hold, task)
        await asyncio.shield(hold.ended)

    def _done(self, app: Application, hold: _Hold, task: asyncio.Task[Any]) -> None:
        """Note that a task has done its work; the last one ends the hold."""
        hold.users.discard(task)
        hold.closed = True
        if not hold.users:
            finishing = self._loop.create_task(self._finish(app, hold))
            self._finishing.add(finishing)
            finishing.add_done_callback(self._finishing.discard)

    async def _begin(self, app: Application, hold: _Hold) -> None:
        """Lock the application, and learn what is newer than what is known of it. Raises `StoreUnavailableError`."""
        after = -1 if app.id in self._stale else app.version
        await self._slots.acquire()
        try:
            hold.connection, found = await self._connections.run(self._lock, app, after, self._mirror.incarnation(app))
        except BaseException:
            self._slots.release()
            self._give_up(app)
            raise
        last = app.events.last
        if found is None:
            if app.id in self._kept:
                self._forget(app)
            return
        self._kept.add(app.id)
        if found.version != app.version or found.whole:
            self._refresh(app, found)
            # Whoever waits looks again; events that were lost with an older state are none.
            self._world.tell(Change(app.id, app.version, {(app.kind, app.id): app}, app.events.after(last)))
        app.version = found.version
        self._stale.discard(app.id)

    async def _finish(self, app: Application, hold: _Hold) -> None:
        """Make durable what was done in a hold, and tell everybody of it."""
        await asyncio.wait([hold.begun])
        error: Exception | None = None
        try:
            if hold.connection is not None:
                await self._commit(app, hold)
        except Exception as problem:
            self._stale.add(app.id)
            self._give_up(app)
            error = problem
        finally:
            if hold.connection is not None:
                self._slots.release()
            del self._holds[app.id]
            if error is None:
                hold.ended.set_result(None)
            else:
                hold.ended.set_exception(error)

    async def _commit(self, app: Application, hold: _Hold) -> None:
        if hold.begun.exception() is None and self._world.find(app.id) is app:
            try:
                faults = self._mirror.faults_of(app)
            except StoreUnavailableError:
                assert hold.connection is not None
                await self._connections.run(hold.connection.close)  # rolls back, and lets others work on it
                raise
            if faults is not None:
                hold.items.append(faults)
        await self._connections.run(self._end, hold)
        if hold.items:
            if hold.items[-1].deleted:
                self._kept.discard(app.id)
                self._deleted += 1
            else:
                self._kept.add(app.id)
        for change in hold.changes:
            self._world.tell(change)

    def _give_up(self, app: Application) -> None:
        """Let there be no application that was made here and could not be kept."""
        if app.id not in self._kept and self._world.find(app.id) is app:
            self._world.forget(app)

    def _forget(self, app: Application) -> None:
        """Learn that another replica deleted an application."""
        self._kept.discard(app.id)
        self._senders.pop(app.id, None)
        self._mirror.drop(app.id)
        if self._world.find(app.id) is app:
            self._world.forget(app)
            self._world.tell(Change(app.id, app.version + 1, {}, [], {(app.kind, app.id)}, reset=True))

    def _refresh(self, app: Application, found: LoadedApplication) -> None:
        journal = app.journal.last
        try:
            reading.refresh(self._world, app, found, self._restore_faults)
        except StoreError as error:
            self._stale.add(app.id)  # half of it may be there
            raise StoreUnavailableError(str(error)) from None
        app.journal.last = 0 if found.whole else journal  # what is newer is read when it is asked for
        self._learn(app, found)

    def _publish(self, change: Change) -> None:
        hold = self._holds.get(change.application_id)
        if hold is None or not hold.users or hold.connection is None:
            raise RuntimeError(f"application {change.application_id} is changed by somebody who does not hold it")
        app = self._world.find(change.application_id)
        if app is None:
            self._senders.pop(change.application_id, None)
            hold.items.append(self._mirror.deletion(change))
        else:
            try:
                item = self._mirror.item(app, change)
            except Exception as error:
                self._stale.add(app.id)
                raise StoreUnavailableError(f"the change cannot be written: {error}") from error
            if change.reset:
                self._senders.pop(app.id, None)
            touched = [record_id for kind, record_id in change.records if kind == "callback"]
            item.owners = self._senders_of(app).decide(app, touched) | _sockets(change)
            hold.items.append(item)
        hold.changes.append(change)

    # In threads

    def _lock(self, app: Application, after: int, incarnation: str) -> tuple[Connection, LoadedApplication | None]:
        connection = self._connections.connect()
        try:
            return connection, reading.lock(connection, app.id, app.credentials.api_key, after, incarnation)
        except BaseException:
            connection.close()
            raise

    def _end(self, hold: _Hold) -> None:
        connection = hold.connection
        assert connection is not None
        try:
            for item in database.merged(hold.items):
                database.write(connection, item, tombstones=True)
            if hold.items:
                tell(connection, hold.items[-1].application_id, self.replica)
            connection.commit()
        finally:
            connection.close()

    def _position(self, application_id: str) -> Position | None:
        with self._connections.connect() as connection:
            return reading.positions(connection, application_id).get(application_id)

    # The journal

    async def save_exchange(self, app: Application, exchange: Exchange) -> None:
        """Keep an exchange, for all replicas to see; one that cannot be kept is lost, with a line in the log."""
        if app.id in self._kept:
            await self._journals.save_exchange(app, exchange)

    async def read_journals(self, *apps: Application) -> None:
        """Read the exchanges that are newer than those in memory. Raises `StoreUnavailableError`."""
        await self._journals.read(*apps)

    # Other replicas

    async def wait_for_peers(self, app: Application, is_waited_for: Callable[[Iterable[Callback]], bool]) -> None:
        """Wait until `is_waited_for` returns False for the callbacks that other replicas own and have not attempted."""
        while True:
            async with self.transaction(app):
                others = self._senders_of(app).others(app)
                if not is_waited_for(others):
                    return
            await asyncio.sleep(SENT_SECONDS)

    @asynccontextmanager
    async def _be_exclusive(self, app: Application) -> AsyncIterator[None]:
        key = {"key": zlib.crc32(app.id.encode()) - 2**31, "class": ALONE}
        async with self._moving:
            connection = await self._connections.run(self._connections.connect)
            try:
                while not await self._connections.run(
                    _ask, connection, "SELECT pg_try_advisory_lock(:class, :key)", key
                ):
                    await asyncio.sleep(SENT_SECONDS)
                try:
                    yield
                finally:
                    await self._connections.run(_ask, connection, "SELECT pg_advisory_unlock(:class, :key)", key)
            finally:
                await self._connections.run(connection.close)

    def exclusive(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context that one replica at a time can enter for an application; its callers enter one by one.

        Raises `StoreUnavailableError`.
        """
        return self._be_exclusive(app)

    async def check(self) -> None:
        """Raise `StoreUnavailableError` when the database cannot be reached, or not written.

        It may be a standby now.
        """
        await self._connections.run(self._check)

    def _check(self) -> None:
        with self._connections.connect() as connection:
            database.check(connection)

    async def refresh(self) -> None:
        """Learn of applications that other replicas made, deleted or gave another api key.

        Raises `StoreUnavailableError`.
        """
        async with self._looking:
            standings = await self._look()
        for app in self._world:
            if app.id not in self._kept:
                continue
            stands = standings.get(app.id)
            if stands is not None and stands.api_key == app.credentials.api_key:
                continue
            hold = self._holds.get(app.id)
            if hold is not None:
                await asyncio.wait([hold.begun], timeout=CONNECT_SECONDS)  # it learns so itself
                continue
            async with self.transaction(app):
                pass  # what is newer has been read

    async def _look(self, application_id: str | None = None) -> dict[str, Position]:
        """Add the applications that are new here, or the one named; return where they stand."""
        while True:
            known, deleted = {app.id for app in self._world}, self._deleted
            found: list[LoadedApplication]
            standings: dict[str, Position]
            found, standings = await self._connections.run(self._unknown, known, application_id)
            if deleted == self._deleted:  # nothing of what was found was deleted here meanwhile
                break
        for each in found:
            if self._world.find(each.id) is None and each.id not in self._holds:
                try:
                    app = self._add(each)
                except StoreError as error:
                    log.warning("%s", error)
                else:
                    self._world.tell(Change(app.id, app.version, {(app.kind, app.id): app}, []))
        return standings

    def _unknown(
        self, known: set[str], application_id: str | None
    ) -> tuple[list[LoadedApplication], dict[str, Position]]:
        with self._connections.connect_to_read() as connection:
            standings = reading.positions(connection, application_id)
            return list(reading.read_all(connection, [each for each in standings if each not in known])), standings

    def hear_all(self) -> None:
        """Learn all that may be news."""
        self._do(self._catch_up())

    async def _catch_up(self) -> None:
        """Learn what other replicas did while they could not be heard."""
        standings = await self._look()
        for app in self._world:
            known = Position(app.credentials.api_key, self._mirror.incarnation(app), app.version)
            if app.id in self._kept and standings.get(app.id) != known:
                self.hear(app.id)

    def hear(self, application_id: str) -> None:
        """Learn what another replica did to an application."""
        if application_id not in self._heard:
            self._heard.add(application_id)
            self._do(self._learn_news(application_id))

    async def _learn_news(self, application_id: str) -> None:
        self._heard.discard(application_id)
        app = self._world.find(application_id)
        if app is None:
            await self._look(application_id)
        else:
            async with self.transaction(app):
                pass  # what is newer has been read

    def take_over(self, dead: str) -> None:
        """Send what a replica was to send that is no more."""
        self._do(self._send_for(dead))

    async def _send_for(self, dead: str) -> None:
        for application_id in await self._connections.run(self._applications_of, dead):
            app = self._world.find(application_id)
            if app is None:
                continue
            async with self.transaction(app):
                with self._world.unit(app):
                    self._senders_of(app).take_over(app, dead)
                    connectors.fail_lost(app, dead)

    def _applications_of(self, owner: str) -> list[str]:
        with self._connections.connect() as connection:
            query = select(RECORDS.c.application_id).where(RECORDS.c.owner == owner).distinct()
            return list(connection.execute(query).scalars())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        if self._listener.is_ending:
            work.close()  # nobody would wait for its end
            return
        task = self._loop.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _sockets(change: Change) -> dict[str, str]:
    """Return which replica has the WebSocket of each changed connector that has one."""
    changed = change.records.values()
    return {
        each.id: each.process
        for each in changed
        if isinstance(each, Connector) and each.process and each.status in connectors.LIVE
    }


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except StoreUnavailableError as error:
        log.warning("%s", error)
    except Exception:
        log.exception("the store cannot be followed")


def _ask(connection: Connection, query: str, values: dict[str, Any]) -> bool:
    result = bool(connection.execute(text(query), values).scalar_one())
    connection.commit()
    return result
