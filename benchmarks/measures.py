"""What is measured: one function a name of `--only`, each yielding its rows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle, repeat
from statistics import median

from benchmarks import rules
from benchmarks.compare import Comparison, Length, Side, compare
from benchmarks.effort import Effort
from benchmarks.happenings import callbacks, day
from benchmarks.load import drive
from benchmarks.long import long
from benchmarks.responses import request
from benchmarks.server import Server, spawn
from benchmarks.stores import NO_SERVER, SQLITE, databases, kept, stores
from benchmarks.table import Row, at_least, at_most, spread
from benchmarks.tenant import COMMAND, CONTROL, Tenant, bearer, emulator
from emulator.wellknown import PRIVATE_KEY, PUBLIC_KEY

BARE = ("benchmarks.bare", "fastapi", "{port}")
FIXED = ("benchmarks.bare", "fixed", "{port}")
ASGI = ("benchmarks.bare", "asgi", "{port}")
Requests = Callable[[], Iterable[bytes]]
Flags = tuple[str, ...]
JSON = {"Content-Type": "application/json"}
PAGE = 50
"""Archives of a full first page."""
KEY_TIME = 1.0
"""In which the emulator has made the key pairs that it keeps ready, s."""


def bare_get() -> Iterable[bytes]:
    """Return requests without end for the GET route of the bare application."""
    return repeat(request("GET", "/items/1", {"Accept": "application/json"}))


def bare_post() -> Iterable[bytes]:
    """Return requests without end for the POST route of the bare application."""
    body = {"sessionId": "2_" + "x" * 60, "multiArchiveTag": "0" * 10}
    return repeat(request("POST", "/items", JSON, json.dumps(body).encode()))


def startup(effort: Effort) -> Iterator[Row]:
    """Spawn to first answered request: an authenticated one, so that nothing needed for it hides behind a probe."""
    seconds, text = _spawn_times(effort.spawns, COMMAND, "POST", "/session/create", bearer())
    yield at_most("spawn to first answered request (`POST /session/create`)", seconds, 0.5, text, "0.5 s")
    yield Row("same of a bare FastAPI application", _spawn_times(effort.spawns, BARE, "GET", "/items/1", {})[1])


def _spawn_times(
    spawns: int, command: tuple[str, ...], method: str, path: str, headers: dict[str, str]
) -> tuple[float, str]:
    """Return the median time to the first response, s, and its description; a first spawn fills the bytecode cache."""
    times, cpu = [], []
    for number in range(spawns + 1):
        start = time.perf_counter()
        with spawn(*command) as server:
            server.wait(method, path, headers)
            if number:
                times.append(time.perf_counter() - start)
                cpu.append(server.cpu())
    return median(times), f"{median(times):.2f} s ({spread(times)}; CPU {median(cpu):.2f} s)"


def memory(effort: Effort) -> Iterator[Row]:
    """Resident memory after the first requests, and with archives."""
    with emulator() as tenant:
        sessions = tenant.sessions(1)
        idle = tenant.server.resident()
        yield at_most("resident memory, idle", idle, 75, f"{idle:.0f} MiB", "75 MiB")
        tenant.archives(effort.some, sessions)
        filled = tenant.server.resident()
        yield at_most(f"resident memory, {effort.some:,} archives", filled, 150, f"{filled:.0f} MiB", "150 MiB")


def client(effort: Effort) -> Iterator[Row]:
    """The load generator against a fixed response: it must be far from being what is measured."""
    with spawn(*FIXED) as fixed, spawn(*BARE) as bare:
        fixed.wait("GET", "/")
        bare.wait("GET", "/items/1")
        yield _share(
            "load generator: fixed answer", compare(Side(fixed, bare_get), Side(bare, bare_get), effort.length), 2
        )


def get(effort: Effort) -> Iterator[Row]:
    """Authenticated GET archive against a bare GET, and a raw ASGI response beside them."""
    with emulator() as tenant, spawn(*BARE) as bare, spawn(*ASGI) as asgi:
        bare.wait("GET", "/items/1")
        asgi.wait("GET", "/items/1")
        raw = compare(Side(asgi, bare_get), Side(bare, bare_get), effort.length)
        yield Row("a raw ASGI response on the same server ÷ bare", str(raw))
        archive = tenant.get(tenant.archives(1, tenant.sessions(1))[0])
        ours = Side(tenant.server, lambda: repeat(archive))
        yield _share("authenticated GET archive", compare(ours, Side(bare, bare_get), effort.length), 1.3)


def log(effort: Effort) -> Iterator[Row]:
    """Authenticated GET archive with a line for each call, as text and as JSON, against one without."""
    for form in ("text", "json"):
        with emulator("--log-format", form) as logging, emulator("--log-level", "warning") as silent:
            result = compare(_one_archive(logging), _one_archive(silent), effort.length)
            yield at_least(f"GET archive, logged as {form} ÷ not", result.ratio, 0.95, str(result), "0.95")


def _one_archive(tenant: Tenant) -> Side:
    archive = tenant.get(tenant.archives(1, tenant.sessions(1))[0])
    return Side(tenant.server, lambda: repeat(archive))


def start(effort: Effort) -> Iterator[Row]:
    """Authenticated start archive against a bare POST, in one session and in a session each."""
    with emulator() as tenant, spawn(*BARE) as bare:
        bare.wait("GET", "/items/1")
        (session,) = tenant.sessions(1)
        ours = Side(tenant.server, lambda: tenant.start(session))
        yield _share(
            "authenticated start archive, in one session", compare(ours, Side(bare, bare_post), effort.length), 0.9
        )
        ours = Side(tenant.server, _starts(tenant, effort))
        yield _share("same, in a session each", compare(ours, Side(bare, bare_post), effort.own), 0.9)


def _share(what: str, result: Comparison, limit: float) -> Row:
    return at_least(f"{what} ÷ bare", result.ratio, limit, str(result), f"{limit}")


def size(effort: Effort) -> Iterator[Row]:
    """The memory store: cost with many archives."""
    return _size(effort, (), ())


def _size(effort: Effort, flags: Flags, other_flags: Flags, store: str = "") -> Iterator[Row]:
    """Cost with many archives in the application against the cost with one page of them; sessions are of one size."""
    with emulator(*flags) as large, emulator(*other_flags) as small:
        began = time.perf_counter()
        few = small.archives(PAGE, small.sessions(1))
        many = large.archives(effort.many, large.sessions(effort.many // PAGE))
        text = f"{time.perf_counter() - began:.0f} s, {large.server.resident():.0f} MiB"
        yield Row(f"{store}filling {effort.many:,} archives, {PAGE} in a session", text)

        def cost(what: str, ours: Requests, theirs: Requests, length: Length) -> Row:
            result = compare(Side(small.server, theirs), Side(large.server, ours), length)
            text = f"{result} with {PAGE} and {effort.many:,}"
            return at_most(f"{store}{what}: cost with {effort.many:,} archives", result.ratio, 1.2, text, "1.2 ×")

        yield cost("GET archive", _each(large, many), _each(small, few), effort.length)
        yield cost("first list page", lambda: repeat(large.page()), lambda: repeat(small.page()), effort.length)
        yield cost("start archive", _starts(large, effort), _starts(small, effort), effort.own)


def sqlite(effort: Effort) -> Iterator[Row]:
    """The SQLite store: cost with many archives, size of the file, start from it."""
    yield from _size(effort, SQLITE, SQLITE, "SQLite: ")
    yield from kept(effort)


def postgresql(effort: Effort) -> Iterator[Row]:
    """The PostgreSQL store: cost with many archives."""
    with databases() as new_database:
        if new_database is None:
            yield NO_SERVER
            return
        large, small = (("--store", new_database(name)) for name in ("large", "small"))
        yield from _size(effort, large, small, "PostgreSQL: ")


def _starts(tenant: Tenant, effort: Effort) -> Requests:
    """Return the requests that start an archive in a new session each, prepared for each round and the warm-up."""
    rounds = [tenant.start_in_each(tenant.sessions(effort.own.count)) for _ in range(effort.own.rounds + 1)]
    return rounds.pop


def faults(effort: Effort) -> Iterator[Row]:
    """Throughput with a thousand fault rules written, none of which fires, against none."""
    with emulator() as ruled, emulator() as free:
        rules.install(ruled)
        archives = [tenant.get(tenant.archives(1, tenant.sessions(1))[0]) for tenant in (ruled, free)]
        sides = [
            Side(server, partial(repeat, archive))
            for server, archive in zip((ruled.server, free.server), archives, strict=True)
        ]
        yield _ruled("GET archive", compare(sides[0], sides[1], effort.length))
        (one,), (other,) = ruled.sessions(1), free.sessions(1)
        starts = Side(ruled.server, lambda: ruled.start(one)), Side(free.server, lambda: free.start(other))
        yield _ruled("start archive", compare(*starts, effort.length))


def _ruled(what: str, result: Comparison) -> Row:
    return at_least(f"{what} with {rules.RULES:,} rules ÷ none", result.ratio, 0.9, str(result), "0.9")


def _each(tenant: Tenant, archives: list[str]) -> Requests:
    """Return requests without end for one page of archives, evenly spread from the oldest to the newest."""
    requests = [tenant.get(archive) for archive in archives[:: max(1, len(archives) // PAGE)]]
    return lambda: cycle(requests)


def application(effort: Effort) -> Iterator[Row]:
    """Creating an application whose keys are given, and resetting one that holds some archives; one call at a time."""
    with emulator() as tenant:
        public, private = {"publicKey": PUBLIC_KEY}, {"privateKey": PRIVATE_KEY}
        for what, body in (("public key given", public), ("key pair given", public | private)):
            create = request("POST", "/_emulator/applications", JSON, json.dumps(body).encode())
            times = [_latency(tenant.server, create) for _ in range(effort.calls)]
            yield _milliseconds(f"new application, {what}", times, 5)
        create = request("POST", "/_emulator/applications", JSON, b"{}")
        times = [_latency(tenant.server, create, after=KEY_TIME) for _ in range(effort.key_pairs + 1)][1:]
        yield _milliseconds("new application, key pair made ahead", times, 5)
        what = f"reset of an application with {PAGE} archives"
        yield _milliseconds(what, [_reset(tenant) for _ in range(effort.calls)], 1)


def _reset(tenant: Tenant) -> float:
    tenant.archives(PAGE, tenant.sessions(1))
    return _latency(tenant.server, request("POST", f"{CONTROL}/reset"))


def _latency(server: Server, call: bytes, after: float = 0.0) -> float:
    """Return the time of one call, s, on a connection that has been used before; `after` so many s of idleness."""
    time.sleep(after)
    first = request("GET", "/_emulator/health")
    return drive(server.port, [first, call], count=2, seconds=10, connections=1).latencies[1]


def _milliseconds(what: str, times: list[float], limit: float) -> Row:
    scaled = [time * 1000 for time in times]
    text = f"{median(scaled):.2f} ms ({spread(scaled, ' ms')} calls)"
    return at_most(what, median(scaled), limit, text, f"{limit:g} ms")


MEASURES: dict[str, Callable[[Effort], Iterator[Row]]] = {
    "startup": startup,
    "memory": memory,
    "client": client,
    "get": get,
    "log": log,
    "start": start,
    "size": size,
    "application": application,
    "faults": faults,
    "callbacks": callbacks,
    "day": day,
    "stores": stores,
    "sqlite": sqlite,
    "postgresql": postgresql,
    "long": long,
}
"""The measures by name, in the order of the table."""
