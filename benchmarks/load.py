"""A load generator: N keep-alive connections to one loopback port, one request in flight on each.

It runs in the harness, which is never the process of the server, and costs a fraction of what a server does for the
same request, so that on two cores the server is what is measured (the row `client` shows by how much).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter
from typing import Any, cast

from benchmarks.responses import MalformedResponseError, read_response

HOST = "127.0.0.1"
CONNECTIONS = 16
GRACE = 30.0
"""How long responses still in flight at the end may take, s."""


class LoadError(Exception):
    """A response was wrong, or there was none; the text says which."""


@dataclass
class Load:
    """What came back: `seconds` from the first byte sent to the last response, and the latency of each in s."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many requests were answered, all of them as expected."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Responses a second."""
        return self.count / self.seconds

    def json(self) -> list[Any]:
        """The bodies that were kept, decoded, in the order of their arrival."""
        return [json.loads(body) for body in self.bodies]


def drive(
    port: int | Sequence[int],
    requests: Iterable[bytes],
    *,
    count: int,
    seconds: float,
    expected: int | None = None,
    connections: int = CONNECTIONS,
    keep: bool = False,
) -> Load:
    """Send `requests` to `port` until they end, `count` are sent or `seconds` have passed; wait for their responses.

    Connections go to several ports by turns. `keep` keeps the bodies. Raises `LoadError` at the first response whose
    status is not `expected` (None: not 2xx).
    """
    run = _Run(iter(requests), count, seconds, expected, keep)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        ports = cycle([port] if isinstance(port, int) else port)
        return runner.run(run.all([next(ports) for _ in range(min(connections, count))]))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not on Windows
        return None
    return uvloop.new_event_loop


class _Run:
    """The state that the connections of one run share."""

    def __init__(self, requests: Iterator[bytes], count: int, seconds: float, expected: int | None, keep: bool) -> None:
        self.requests = requests
        self.left = count
        self.seconds = seconds
        self.expected = expected
        self.keep = keep
        self.load = Load()
        self.busy = 0
        self.deadline = 0.0

    async def all(self, ports: list[int]) -> Load:
        loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = loop.create_future()
        opened: list[_Connection] = []
        try:
            for port in ports:
                opened.append((await loop.create_connection(lambda: _Connection(self), HOST, port))[1])
            start = perf_counter()
            self.deadline = start + self.seconds
            self.busy = len(opened)
            for connection in opened:
                connection.send()
            await asyncio.wait_for(self.done, self.seconds + GRACE)
            self.load.seconds = perf_counter() - start
        except TimeoutError:
            raise LoadError(f"{self.busy} requests unanswered after {GRACE:.0f} s") from None
        except OSError as error:
            raise LoadError(f"no connection: {error}") from None
        finally:
            for connection in opened:
                connection.transport.close()
        if not self.load.count:
            raise LoadError("nothing was sent")
        return self.load

    def next(self, now: float) -> bytes | None:
        """The next request, None when the run is over."""
        if self.left <= 0 or now >= self.deadline:
            return None
        self.left -= 1
        return next(self.requests, None)

    def fail(self, message: str) -> None:
        if not self.done.done():
            self.done.set_exception(LoadError(message))

    def finish(self) -> None:
        """One connection has nothing left to do."""
        self.busy -= 1
        if self.busy == 0 and not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    """One connection: send, wait for the whole response, check it, send the next."""

    transport: asyncio.Transport

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def send(self) -> None:
        now = perf_counter()
        request = self.run.next(now)
        if request is None:
            self.run.finish()
        else:
            self.sent = now
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data if self.buffer else data
        try:
            response = read_response(data)
        except MalformedResponseError as error:
            return self.run.fail(f"malformed response {error}")
        if response is None:
            self.buffer = data
            return
        self.buffer = b""
        expected = self.run.expected
        if response.status != expected and (expected or response.status // 100 != 2):
            return self.run.fail(f"status {response.status}, not {expected or '2xx'}: {response.body[:200]!r}")
        self.run.load.latencies.append(perf_counter() - self.sent)
        if self.run.keep:
            self.run.load.bodies.append(response.body)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self.run.fail(f"connection lost{f': {exc}' if exc else ''}")
