"""`python -m benchmarks.connectors`: when the frames of 50 real audio connectors arrive, and what they cost."""

from __future__ import annotations

import asyncio
import json
import time
from array import array
from collections.abc import Iterator
from statistics import quantiles
from typing import Any
from urllib.request import Request, urlopen

import jwt
from aiohttp import web

from benchmarks.load import HOST
from benchmarks.tenant import CONTROL, PROJECT, TOKEN_LIFE, Tenant, _key, emulator
from emulator.wellknown import APPLICATION_ID

FRAME = 0.02
"""s from one frame to the next."""


class Receiver:
    """A WebSocket server that notes when each frame came, for each connection."""

    def __init__(self) -> None:
        self.arrivals: list[list[float]] = []
        self.port = 0

    async def __aenter__(self) -> Receiver:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_get("/", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *error: object) -> None:
        """End."""
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("WSBRIDGE",))
        await socket.prepare(request)
        arrivals: list[float] = []
        self.arrivals.append(arrivals)
        async for message in socket:
            if isinstance(message.data, bytes):
                arrivals.append(time.perf_counter())
        return socket


def _ask(tenant: Tenant, method: str, path: str, body: bytes | Any = b"", kind: str = "application/json") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**tenant.headers, "Content-Type": kind}
    request = Request(f"http://{HOST}:{tenant.server.port}{path}", content, headers, method=method)
    with urlopen(request, timeout=60) as response:
        answer = response.read()
    return json.loads(answer) if answer else None


def _client_token(session: str) -> str:
    now = int(time.time())
    claims = {"application_id": APPLICATION_ID, "iat": now, "exp": now + TOKEN_LIFE, "scope": "session.connect"}
    return jwt.encode({**claims, "session_id": session, "role": "moderator", "jti": session}, _key(), algorithm="RS256")


def _connect(tenant: Tenant, session: str, port: int, rate: int) -> None:
    websocket = {"uri": f"ws://{HOST}:{port}/", "audioRate": rate, "bidirectional": True}
    _ask(tenant, "POST", f"{PROJECT}/connect", _body(session, websocket))


def _body(session: str, websocket: dict[str, Any]) -> dict[str, Any]:
    return {"sessionId": session, "token": _client_token(session), "websocket": websocket}


async def lateness(connectors: int, seconds: float, *, voices: int, rate: int = 16_000) -> tuple[list[float], float]:
    """Return how late each frame came, s after its first one and 20 ms for each since, and the cores of a connector.

    `voices` streams say something other than their tones.
    """
    with emulator(VONAGE_EMULATOR_REAL="connector") as tenant:
        async with Receiver() as receiver:
            (session,) = await asyncio.to_thread(tenant.sessions, 1)
            people = await asyncio.to_thread(
                _ask, tenant, "POST", f"{CONTROL}/sessions/{session}/participants", {"count": max(voices, 1)}
            )
            speech = array("h", (each * 37 % 8000 - 4000 for each in range(rate * 5))).tobytes()
            for person in people["items"][:voices]:
                path = f"{CONTROL}/sessions/{session}/streams/{person['streams'][0]['id']}/sound?loop=true"
                await asyncio.to_thread(_ask, tenant, "PUT", path, speech, f"audio/l16;rate={rate}")
            for _ in range(connectors):
                await asyncio.to_thread(_connect, tenant, session, receiver.port, rate)
            for each in receiver.arrivals:
                each.clear()
            began, before = time.perf_counter(), tenant.server.cpu()
            await asyncio.sleep(seconds)
            cores = (tenant.server.cpu() - before) / (time.perf_counter() - began)
            late = []
            for arrivals in receiver.arrivals:
                start = min(at - number * FRAME for number, at in enumerate(arrivals))
                late += [at - number * FRAME - start for number, at in enumerate(arrivals)]
    return late, cores / connectors


def report(connectors: int, seconds: float) -> Iterator[str]:
    """Yield a line for tones, and for two voices."""
    for voices in (0, 2):
        late, cores = asyncio.run(lateness(connectors, seconds, voices=voices))
        percent = quantiles(late, n=100)
        yield (
            f"{connectors} connectors, {voices} voices: {len(late)} frames, late p50 {percent[49] * 1000:.1f} ms, "
            f"p99 {percent[98] * 1000:.1f} ms, most {max(late) * 1000:.1f} ms; {cores:.4f} core each"
        )


if __name__ == "__main__":
    for line in report(50, 10.0):
        print(line, flush=True)
