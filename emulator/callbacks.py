"""Delivering callbacks: real HTTP requests from a bounded pool of connections.

Callbacks of one session to one receiver go one after the other, all others at once. What is refused is tried again by a
timer on the application's clock (state/outbox.py).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.settings import Settings
from emulator.signing import sign
from state import outbox
from state.application import Application, Change
from state.outbox import Attempt, Callback
from state.world import World

if TYPE_CHECKING:
    import aiohttp

KEPT_BODY = 4096
"""Bytes of a receiver's answer that are kept."""

USER_AGENT = "vonage-video-emulator"

KEPT_ALIVE = 2.0
"""s an idle connection is kept: well under the 5 s after which many servers close theirs."""

Lane = tuple[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one request; status 0 and a cause when there was no answer."""

    status: int = 0
    cause: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Deliveries:
    """Sends what is ready in the outboxes, with at most `callback_connections` attempts under way at once."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._limit = asyncio.Semaphore(settings.callback_connections)
        self._lanes: dict[Lane, deque[Callback]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: dict[str, int] = {}
        self._calm = asyncio.Condition()
        self._session: aiohttp.ClientSession | None = None
        world.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        app = self._world.find(change.application_id)
        if app is not None and app.outbox.has_ready:
            self._send_ready(app)

    def _send_ready(self, app: Application) -> None:
        for callback in app.outbox.take_ready():
            lane = (app.id, callback.lane)
            self._busy[app.id] = self._busy.get(app.id, 0) + 1
            queue = self._lanes.get(lane)
            if queue is not None:
                queue.append(callback)
                continue
            self._lanes[lane] = deque([callback])
            task = asyncio.get_running_loop().create_task(self._run(app, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, app: Application, lane: Lane) -> None:
        queue = self._lanes[lane]
        while queue:
            callback = queue.popleft()
            async with self._limit:
                await self._deliver(app, callback)
            await self._done(app)
        del self._lanes[lane]

    async def _done(self, app: Application) -> None:
        self._busy[app.id] -= 1
        if not self._busy[app.id]:
            del self._busy[app.id]
            async with self._calm:
                self._calm.notify_all()

    async def _deliver(self, app: Application, callback: Callback) -> None:
        if callback.status != "pending" or not _still_there(self._world, app, callback):
            return
        at, started = app.clock.now(), time.perf_counter()
        token = sign(
            callback.secret,
            callback.body,
            jti=callback.jti,
            application_id=app.id,
            api_key=app.credentials.api_key,
        )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Authorization": f"Bearer {token}",
        }
        outcome = await self._post(callback, headers)
        if not _still_there(self._world, app, callback):
            return
        with self._world.unit(app):
            attempt = Attempt(
                number=len(callback.attempts) + 1,
                at=at,
                duration=(time.perf_counter() - started) * 1000,
                status=outcome.status,
                cause=outcome.cause,
                request_headers=tuple(headers.items()),
                response_headers=outcome.headers,
                response_body=outcome.body,
            )
            outbox.record(app, callback, attempt)

    async def _post(self, callback: Callback, headers: dict[str, str]) -> _Outcome:
        try:
            async with (
                asyncio.timeout(self._settings.callback_timeout),
                self._client().post(callback.url, data=callback.body, headers=headers, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(KEPT_BODY)
        except Exception as error:  # a receiver that nobody can call must not stop the others
            return _Outcome(cause=_cause_of(error), body=str(error).encode())
        return _Outcome(answer.status, _cause_of_status(answer.status), tuple(answer.headers.items()), body)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._settings.callback_connections,
                    ssl=_trust(self._settings),
                    keepalive_timeout=KEPT_ALIVE,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session

    async def settled(self, app: Application) -> None:
        """Wait until everything that was ready in an application's outbox has been attempted."""
        async with self._calm:
            await self._calm.wait_for(lambda: app.id not in self._busy)

    async def close(self) -> None:
        """Stop: what is under way is given up, and stays pending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


def _still_there(world: World, app: Application, callback: Callback) -> bool:
    """Whether the callback is still one of the world's: its application may be gone, or reset."""
    return world.find(app.id) is app and app.outbox.has(callback)


def _cause_of(error: Exception) -> str:
    """Say in a word why there was no answer."""
    import aiohttp

    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientSSLError):
        return "tls"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "refused"
    if isinstance(error, aiohttp.InvalidURL):
        return "invalid"
    return "reset"


def _cause_of_status(status: int) -> str:
    """Say in a word why an answer does not count as delivered; redirects are not followed."""
    if 200 <= status < 300:
        return ""
    return "redirect" if 300 <= status < 400 else "status"


def _trust(settings: Settings) -> ssl.SSLContext:
    """Trust the system's authorities, the emulator's own, and those of the settings."""
    context = ssl.create_default_context()
    for path in (settings.data_dir / "ca.pem", settings.callback_ca):
        if path is not None and Path(path).is_file():
            context.load_verify_locations(path)
    return context
