"""The SQLite store: one process, one file. What arrives together is committed together by a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from emulator.settings import Settings
from emulator.store import database, reading
from emulator.store.base import Store, StoreError, StoreUnavailableError, is_quiet, retrieve_exception
from emulator.store.mirror import Mirror
from state import callbacks
from state.application import Application, Change
from state.snapshots import RestoreFaults
from state.world import World

log = logging.getLogger("emulator")

OURS = 0x76766531
"""What stands in the head of our files, so that no other program's file is written to."""

CACHE = "cache_size = -65536"
"""64 MiB of pages at most: writing costs more where the index of a large file does not fit."""

LOOK_SECONDS = 1.0
"""s between two looks whether the file is still there."""

MAX_TOGETHER = 500
"""Units of work that are committed together at most."""


class Sqlite(Store):
    """Keeps the world in a file. A write that was acknowledged survives the end of the process at any moment.

    (Not a power failure: SQLite leaves it to the system when its log reaches the disk.) When the file cannot be
    written, who asked gets `StoreUnavailableError`, and the application becomes what the file says of it again.
    """

    name = "sqlite"
    keeps = True

    def __init__(self, url: str, settings: Settings) -> None:
        parts = make_url(url)
        path = parts.database
        if not path or path == ":memory:":
            raise StoreError(f"store sqlite:///{path or ''}: name a file, as in sqlite:///emulator.db, or use memory")
        if parts.query:
            raise StoreError(
                f"store sqlite:///{path}: nothing but a file can be named; leave out what follows the question mark"
            )
        self._path = Path(path).expanduser().absolute()
        self._engine: Engine = create_engine(f"sqlite:///{self._path}", connect_args={"timeout": 0.2})
        self._connection: Connection | None = None
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._commit_together, name="store", daemon=True)
        self._pending: dict[str, asyncio.Future[None]] = {}
        self._stale: set[str] = set()
        self._using = threading.Lock()

    # Starting and stopping

    def load(self, world: World, restore_faults: RestoreFaults) -> None:
        """Read the file into the world. Raises `StoreError`."""
        self._world, self._restore_faults = world, restore_faults
        self._mirror = Mirror()
        if not self._path.parent.is_dir():
            raise StoreError(f"store {self._path}: there is no folder {self._path.parent}")
        _make(self._path)
        try:
            self._connection = self._engine.connect()
            self._claim(self._connection)
            _keep_private(self._path)
            for found in reading.read_all(self._connection, reading.positions(self._connection)):
                app = reading.add(world, found, restore_faults)
                self._mirror.note(app, found)
                callbacks.resume(app)
            self._connection.commit()
        except SQLAlchemyError as error:
            raise StoreError(f"store {self._path}: {_explain(error)}") from None
        except StoreError as error:
            raise StoreError(f"store {self._path}: {error}") from None
        world.publish = self._publish
        self._inode, self._look_at = os.stat(self._path).st_ino, 0.0

    def _claim(self, connection: Connection) -> None:
        """Make sure that the file is ours, whole, and nobody else's meanwhile; others are left as they are."""
        connection.execute(text("PRAGMA locking_mode = EXCLUSIVE"))
        ours = connection.execute(text("PRAGMA application_id")).scalar_one()
        tables = inspect(connection).get_table_names()
        if ours != OURS and (tables or ours):
            raise StoreError("the file is another program's database; name another file")
        problem = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if problem != "ok":
            raise StoreError(f"the file is damaged: {problem}; restore a copy or name another file")
        connection.rollback()
        for pragma in (f"application_id = {OURS}", "journal_mode = WAL", "synchronous = NORMAL", CACHE):
            connection.execute(text(f"PRAGMA {pragma}"))
        database.make_tables(connection)
        connection.commit()

    async def start(self) -> None:
        """Begin to commit; what was made at the start is the first."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        await self._save_all(self._world)

    async def stop(self) -> None:
        """Commit what is left and close the file."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    # Holding

    def transaction(self, app: Application) -> AbstractAsyncContextManager[None]:
        """Return a context after which what was done to the application is in the file.

        Raises `StoreUnavailableError`.
        """
        return self._hold(app)

    async def is_current(self, app: Application) -> bool:
        """Tell whether all of the application is in the file, and nothing of it is due in a moment."""
        return app.id not in self._pending and app.id not in self._stale and is_quiet(app)

    @asynccontextmanager
    async def _hold(self, app: Application) -> AsyncIterator[None]:
        if app.id in self._stale:
            await self._read_again(app.id)
        try:
            yield
        finally:
            faults = self._faults_of(app)
            if faults is not None and self._world.find(app.id) is app:
                self._put(faults, None)
            pending = self._pending.get(app.id)
            if pending is not None:
                await asyncio.shield(pending)

    def _faults_of(self, app: Application) -> database.Item | None:
        """Return what is to be written of faults; where that is impossible, what was done to them is undone."""
        try:
            return self._mirror.faults_of(app)
        except StoreUnavailableError:
            self._stale.add(app.id)
            self._distrust(app.id)
            raise

    async def check(self) -> None:
        """Raise `StoreUnavailableError` when the file cannot be written."""
        try:
            await asyncio.to_thread(self._check)
        except (OSError, SQLAlchemyError) as error:
            raise StoreUnavailableError(f"the store cannot be written: {_explain(error)}") from None

    def _check(self) -> None:
        assert self._connection is not None
        with self._using:
            try:
                self._look_for_file()
                database.check(self._connection)
            except Exception:
                self._connection.rollback()
                raise

    def _publish(self, change: Change) -> None:
        app = self._world.find(change.application_id)
        try:
            item = self._mirror.item(app, change) if app is not None else self._mirror.deletion(change)
        except Exception as error:
            self._stale.add(change.application_id)
            self._distrust(change.application_id)
            raise StoreUnavailableError(f"the change cannot be written: {error}") from error
        self._put(item, change)

    def _put(self, item: database.Item, change: Change | None) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        done.add_done_callback(retrieve_exception)
        self._pending[item.application_id] = done
        self._queue.put(_Write(item, change, done))

    # The thread

    def _commit_together(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            last = False
            while len(batch) < MAX_TOGETHER and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    last = True
                    break
                batch.append(following)
            outdated = [write for write in batch if write.item.application_id in self._stale]
            batch = [write for write in batch if write not in outdated]
            if outdated:
                self._loop.call_soon_threadsafe(
                    self._done, outdated, StoreUnavailableError("an earlier change was not kept")
                )
            error: Exception | None = None
            try:
                self._commit(batch)
            except Exception as problem:
                error = problem
            self._loop.call_soon_threadsafe(self._done, batch, error)
            if last:
                return

    def _look_for_file(self) -> None:
        """Raise where the file was removed: what is written to it would be lost. Looks once in a while."""
        if time.monotonic() < self._look_at:
            return
        try:
            found = os.stat(self._path).st_ino
        except OSError:
            found = 0
        if found != self._inode:
            raise OSError(f"the file {self._path} was removed or replaced; start again")
        self._look_at = time.monotonic() + LOOK_SECONDS

    def _commit(self, batch: list[_Write]) -> None:
        assert self._connection is not None
        with self._using:
            try:
                self._look_for_file()
                for item in database.merged(write.item for write in batch):
                    database.write(self._connection, item, tombstones=False)
                self._connection.commit()
            except Exception:
                self._stale.update(write.item.application_id for write in batch)
                self._connection.rollback()
                raise

    def _done(self, batch: list[_Write], error: Exception | None) -> None:
        if error is not None and not isinstance(error, StoreUnavailableError):
            log.error("the store %s cannot be written: %s", self._path, _explain(error))
        for write in batch:
            if self._pending.get(write.item.application_id) is write.done:
                del self._pending[write.item.application_id]
            if error is not None:
                self._distrust(write.item.application_id)
                write.done.set_exception(StoreUnavailableError(f"the store cannot be written: {_explain(error)}"))
                continue
            write.done.set_result(None)
            if write.change is not None:
                self._world.tell(write.change)

    def _distrust(self, application_id: str) -> None:
        """Read an application again whose change was not kept, before others look: it may never have been made."""
        self._loop.create_task(self._read_again(application_id)).add_done_callback(retrieve_exception)

    async def _read_again(self, application_id: str) -> None:
        """Let an application whose change was not kept be what the file says."""
        while (pending := self._pending.get(application_id)) is not None:
            await asyncio.wait([pending])  # what came after the failure fails too
        if application_id not in self._stale:
            return
        assert self._connection is not None
        try:
            with self._using:
                found = reading.read(self._connection, application_id)
                self._connection.rollback()
            app = self._world.find(application_id)
            if found is None:
                if app is not None:
                    self._world.forget(app)
            else:
                if app is None:
                    app = reading.add(self._world, found, self._restore_faults)
                else:
                    reading.refresh(self._world, app, found, self._restore_faults)
                self._mirror.note(app, found)
                callbacks.resume(app)
        except StoreError as error:
            raise StoreUnavailableError(f"the store cannot be read: {error}") from None
        except SQLAlchemyError as error:
            raise StoreUnavailableError(f"the store cannot be read: {_explain(error)}") from None
        self._stale.discard(application_id)


class _Write:
    """An item on its way into the file; `change` is what everybody is told when it is there."""

    __slots__ = ("change", "done", "item")

    def __init__(self, item: database.Item, change: Change | None, done: asyncio.Future[None]) -> None:
        self.item = item
        self.change = change
        self.done = done


def _make(path: Path) -> None:
    """Make the file, if there is none, so that its owner alone can read it: it has private keys in it.

    SQLite gives the files that it makes besides the same rights. What cannot be made is explained when it is opened.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _keep_private(path: Path) -> None:
    """Take a file that is ours, and those that SQLite has besides it, from everybody but its owner."""
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(OSError):
            os.chmod(each, 0o600)


def _explain(error: Exception) -> str:
    """Say what SQLite said, and what to do."""
    said = str(getattr(error, "orig", None) or error)
    for part, advice in (
        ("locked", "it is in use by another process"),
        ("not a database", "it is no SQLite file; name another file"),
        ("malformed", "the file is damaged; restore a copy or name another file"),
        ("readonly", "it cannot be written: look at the rights of the file and its folder"),
        ("unable to open", "it cannot be opened: look at the rights of the file and its folder"),
        ("full", "the disk is full"),
        ("disk I/O", "it cannot be read or written: look at the disk, and at the rights of the file and its folder"),
    ):
        if part in said:
            return f"{advice} ({said})"
    return said
