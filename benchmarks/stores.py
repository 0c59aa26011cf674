"""The stores: what they cost against memory, what they take a second, and what a start from a full one takes."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, repeat
from pathlib import Path
from statistics import median

from benchmarks.compare import Comparison, Side, compare
from benchmarks.effort import Effort
from benchmarks.load import drive
from benchmarks.server import spawn
from benchmarks.table import Row, at_least, spread
from benchmarks.tenant import COMMAND, PROJECT, Tenant, emulator

SQLITE = ("--store", "sqlite:///{folder}/emulator.db")
SESSIONS = 100
"""Over which archives that are started are spread."""
CONNECTIONS = 32
ROUNDS = 5
BUDGET_WRITES = 1_000
NO_SERVER = Row("PostgreSQL", "there is no server on this machine")


def stores(effort: Effort) -> Iterator[Row]:
    """Every store against memory in the same run; SQLite's acknowledged writes; PostgreSQL also with two replicas."""
    with emulator() as memory:
        kept = _sessions(memory)
        with emulator(*SQLITE) as sqlite:
            yield from _against_memory("SQLite", [sqlite], memory, kept, effort)
            yield _writes(sqlite, effort)
        with databases() as new_database:
            if new_database is None:
                yield NO_SERVER
                return
            url = new_database("benchmark")
            with emulator("--store", url) as one:
                yield from _against_memory("PostgreSQL", [one], memory, kept, effort)
                with emulator("--store", url) as other:
                    yield from _against_memory("PostgreSQL, two replicas", [one, other], memory, kept, effort)


def _against_memory(
    what: str, replicas: list[Tenant], memory: Tenant, kept: list[str], effort: Effort
) -> Iterator[Row]:
    """Compare reads and writes of one store, at all its replicas, with those in memory."""
    first, *others = replicas
    sessions = _sessions(first)
    archive = first.get(first.archives(1, sessions)[0])
    in_memory = memory.get(memory.archives(1, kept)[0])

    def ratio(doing: str, ours: Callable[[], Iterable[bytes]], theirs: Callable[[], Iterable[bytes]]) -> Row:
        side = Side(first.server, ours, tuple(other.server for other in others))
        result: Comparison = compare(side, Side(memory.server, theirs), effort.length)
        return Row(f"{doing}, {what} ÷ memory", str(result))

    yield ratio("authenticated GET archive", lambda: repeat(archive), lambda: repeat(in_memory))
    yield ratio("authenticated start archive", lambda: _starts(first, sessions), lambda: _starts(memory, kept))


def _sessions(tenant: Tenant) -> list[str]:
    return tenant.sessions(SESSIONS)


def _starts(tenant: Tenant, sessions: list[str]) -> Iterator[bytes]:
    """Return requests without end that start archives, in the sessions by turns."""
    starts = [tenant.start(session) for session in sessions]
    return (next(of_session) for of_session in cycle(starts))


def _writes(tenant: Tenant, effort: Effort) -> Row:
    """Count the archives that are started a second, each answered when it is in the file."""
    sessions, length = _sessions(tenant), effort.length
    rates = [
        drive(
            tenant.server.port,
            _starts(tenant, sessions),
            count=length.count,
            seconds=2 * length.seconds,
            expected=200,
            connections=CONNECTIONS,
        ).rate
        for _ in range(ROUNDS)
    ]
    text = f"{median(rates):,.0f}/s ({spread(rates, '/s', 0)} rounds)"
    what = f"SQLite: acknowledged writes (start archive) over {CONNECTIONS} connections"
    return at_least(what, median(rates), BUDGET_WRITES, text, f"{BUDGET_WRITES:,}/s")


@contextmanager
def databases() -> Iterator[Callable[[str], str] | None]:
    """Run a PostgreSQL server, as safe against power failures as it comes; yield what makes a database, if any."""
    import pytest

    from tests.store import postgres

    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres.running(durable=True))
        except pytest.skip.Exception:
            yield None
        else:
            yield server.new_database


def kept(effort: Effort) -> Iterator[Row]:
    """A SQLite file with archives: its size, and the time from spawn to the first response out of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "emulator.db")
        command = (*COMMAND, "--store", f"sqlite:///{file}")
        with spawn(*command) as server:
            server.wait("GET", "/_emulator/health")
            tenant = Tenant(server)
            archives = tenant.archives(effort.some, tenant.sessions(max(1, effort.some // SESSIONS)))
        size = file.stat().st_size / 2**20
        yield Row(f"SQLite file, {effort.some:,} archives", f"{size:.1f} MiB")
        path = f"{PROJECT}/archive/{archives[-1]}"
        for what, source in (("empty", None), (f"{effort.some:,} archives", file)):
            times = [
                _start(source, path if source else f"{PROJECT}/archive", tenant.headers) for _ in range(effort.spawns)
            ]
            yield Row(f"spawn to first answer (GET), SQLite, {what}", f"{median(times):.2f} s ({spread(times)})")


def _start(source: Path | None, path: str, headers: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "emulator.db")
        if source is not None:
            shutil.copy(source, file)
        began = time.perf_counter()
        with spawn(*COMMAND, "--store", f"sqlite:///{file}") as server:
            server.wait("GET", path, headers)
            return time.perf_counter() - began
