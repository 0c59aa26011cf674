"""Delivering callbacks: real HTTP requests from a bounded pool of connections.

Callbacks of one session to one receiver go one after the other, all others at once. What is refused is tried again by a
timer on the application's clock (state/callbacks.py).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from emulator.callbacks.signing import sign
from emulator.callbacks.silence import Silence
from emulator.settings import Settings
from emulator.store.base import RETRY_SECONDS, Store, StoreUnavailableError
from emulator.tls.trust import trusting
from state import callbacks
from state.application import Application, Change
from state.outbox import Attempt, Callback, Outbox
from state.world import World

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("emulator")

BODY_LIMIT = 4096
"""Bytes of a receiver's response that are kept."""

ALL_CONNECTIONS = 512
"""Connections of all applications together; each has its share by the setting `callback_connections`."""

USER_AGENT = "vonage-video-emulator"

IDLE_SECONDS = 2.0
"""s an idle connection is kept: well under the 5 s after which many servers close theirs."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one request; status 0 and a cause when there was no response."""

    status: int = 0
    cause: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A callback that is to be sent, as was decided then.

    `done` is set when it has been attempted, needs not be, or is waited for no longer: its receiver is silent.
    """

    callback: Callback
    revision: int
    done: asyncio.Future[None]

    def end(self) -> None:
        """Let nobody wait for it any longer."""
        if not self.done.done():
            self.done.set_result(None)

    def is_current(self, box: Outbox) -> bool:
        """Tell whether nothing else was decided since."""
        callback = box.find(self.callback.id)
        return callback is not None and callback.revision == self.revision


@dataclass(slots=True)
class _OutboxQueue:
    """What is under way for one outbox: lanes in which one follows the other, a share of the connections."""

    share: asyncio.Semaphore
    lanes: dict[tuple[str, str], deque[_Delivery]] = field(default_factory=dict)
    deliveries: dict[tuple[str, int], _Delivery] = field(default_factory=dict)


class CallbackDispatcher:
    """Sends what is ready in the outboxes, for each with at most `callback_connections` attempts at once."""

    def __init__(self, world: World, store: Store, settings: Settings) -> None:
        self._world = world
        self._store = store
        self._settings = settings
        self._posts: dict[Outbox, _OutboxQueue] = {}
        self._silences: WeakKeyDictionary[Outbox, Silence] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        world.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        app = self._world.find(change.application_id)
        if app is not None and app.outbox.has_ready:
            self._send_ready(app)

    def _send_ready(self, app: Application) -> None:
        post = self._posts.get(app.outbox)
        if post is None:
            post = self._posts[app.outbox] = _OutboxQueue(asyncio.Semaphore(self._settings.callback_connections))
        loop = asyncio.get_running_loop()
        silence = self._silence_of(app.outbox)
        for callback in app.outbox.take_ready():
            if (callback.id, callback.revision) in post.deliveries:
                continue
            delivery = _Delivery(callback, callback.revision, loop.create_future())
            post.deliveries[callback.id, callback.revision] = delivery
            if callback.url in silence:
                _lose_patience(silence, delivery)
            lane = post.lanes.get(callback.lane)
            if lane is not None:
                lane.append(delivery)
                continue
            post.lanes[callback.lane] = deque([delivery])
            task = loop.create_task(self._run(app, app.outbox, post, callback.lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, app: Application, outbox: Outbox, post: _OutboxQueue, name: tuple[str, str]) -> None:
        """Deliver what is in a lane, one after the other, until it is empty."""
        lane = post.lanes[name]
        while lane:
            delivery = lane.popleft()
            try:
                if delivery.is_current(outbox) and self._holds(app, outbox):
                    await self._deliver_in_order(app, outbox, post, delivery)
            except Exception:
                log.exception("a callback of application %s could not be delivered", app.id)
            finally:
                del post.deliveries[delivery.callback.id, delivery.revision]
                delivery.end()
        del post.lanes[name]
        if not post.lanes:
            self._posts.pop(outbox, None)

    async def _deliver_in_order(self, app: Application, box: Outbox, post: _OutboxQueue, delivery: _Delivery) -> None:
        """Deliver within the share; what goes to a silent receiver takes no more than one connection of it."""
        silence, url = self._silence_of(box), delivery.callback.url
        while True:
            silent = url in silence
            async with silence.one_at_a_time(url), post.share:
                if silent or url not in silence:
                    await self._deliver(app, box, delivery)
                    return

    def _holds(self, app: Application, outbox: Outbox) -> bool:
        """Tell whether the application is still there, with this outbox: it may be gone, or reset."""
        return app.outbox is outbox and self._world.find(app.id) is app

    async def _deliver(self, app: Application, box: Outbox, delivery: _Delivery) -> None:
        callback = delivery.callback
        if not delivery.is_current(box):
            return
        box.under_way.add(callback.id)
        try:
            await self._attempt(app, box, delivery)
        finally:
            box.under_way.discard(callback.id)

    async def _attempt(self, app: Application, box: Outbox, delivery: _Delivery) -> None:
        callback = delivery.callback
        at, started = app.clock.now(), time.perf_counter()
        headers = _headers(app, callback)
        outcome = await self._post(callback, headers)
        self._note_silence(box, callback.url, outcome.cause)
        _tell(app, callback, outcome)
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
        while self._holds(app, box):
            try:
                async with self._store.transaction(app):
                    self._note(app, box, attempt, delivery)
                return
            except StoreUnavailableError as error:
                log.warning("an attempt of a callback of application %s is noted later: %s", app.id, error)
                await asyncio.sleep(RETRY_SECONDS)

    def _silence_of(self, box: Outbox) -> Silence:
        silence = self._silences.get(box)
        if silence is None:
            silence = self._silences[box] = Silence(self._settings.callback_timeout)
        return silence

    def _note_silence(self, box: Outbox, url: str, cause: str) -> None:
        """Note whether a receiver answered; who waits for others that it has to be sent does so no longer if not."""
        silence = self._silence_of(box)
        if cause != "timeout":
            silence.end(url)
            return
        silence.begin(url)
        post = self._posts.get(box)
        for delivery in list(post.deliveries.values()) if post is not None else ():
            if delivery.callback.url in silence:
                _lose_patience(silence, delivery)

    def _note(self, app: Application, box: Outbox, attempt: Attempt, delivery: _Delivery) -> None:
        """Note an attempt, unless the callback is gone meanwhile."""
        callback = box.find(delivery.callback.id)
        if callback is not None and self._holds(app, box):
            with self._world.unit(app):
                box.under_way.discard(callback.id)
                callbacks.record(app, callback, attempt, delivery.revision)

    async def _post(self, callback: Callback, headers: dict[str, str]) -> _Outcome:
        """Send a callback once; anew where a kept connection turned out to be closed by the receiver meanwhile."""
        import aiohttp

        connection = SimpleNamespace(reused=False)
        try:
            return await self._send(callback, headers, connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not connection.reused or isinstance(error, aiohttp.ClientConnectorError):
                return _Outcome(cause=_cause_of(error), body=_text_of(error))
        except Exception as error:  # a receiver that nobody can call must not stop the others
            return _Outcome(cause=_cause_of(error), body=_text_of(error))
        try:
            return await self._send(callback, {**headers, "Connection": "close"}, SimpleNamespace())
        except Exception as error:
            return _Outcome(cause=_cause_of(error), body=_text_of(error))

    async def _send(self, callback: Callback, headers: dict[str, str], connection: SimpleNamespace) -> _Outcome:
        outcome = _Outcome()
        try:
            async with (
                asyncio.timeout(self._settings.callback_timeout),
                self._client().post(
                    callback.url,
                    data=callback.body,
                    headers=headers,
                    allow_redirects=False,
                    trace_request_ctx=connection,
                ) as response,
            ):
                shown = tuple((_clean(name), _clean(value)) for name, value in response.headers.items())
                outcome = _Outcome(response.status, "timeout", shown)
                body = b""
                while len(body) < BODY_LIMIT and (part := await response.content.read(BODY_LIMIT - len(body))):
                    body += part
        except TimeoutError:
            if not outcome.status:
                raise
            return outcome
        return _Outcome(response.status, _cause_of_status(response.status), shown, body)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            tracing = aiohttp.TraceConfig()
            tracing.on_connection_reuseconn.append(_note_reuse)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=ALL_CONNECTIONS, ssl=trusting(self._settings), keepalive_timeout=IDLE_SECONDS
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
                trace_configs=[tracing],
            )
        return self._session

    async def settled(self, app: Application) -> None:
        """Wait until what is ready in an application's outbox by now has been attempted.

        Receivers that have not answered since `begin` are not waited for again.
        """
        post = self._posts.get(app.outbox)
        if post is not None and (waits := [each.done for each in post.deliveries.values() if not each.done.done()]):
            await asyncio.wait(waits)
        await self._store.wait_for_peers(app, self._is_waited_for(app))

    def begin(self, app: Application) -> None:
        """Wait for every receiver again: time begins to be advanced."""
        self._silence_of(app.outbox).forget()

    def _is_waited_for(self, app: Application) -> Callable[[Iterable[Callback]], bool]:
        """Return what tells whether any callback is waited for, of those that other processes are to send."""
        silence, since = self._silence_of(app.outbox), app.clock.now()

        def is_waited_for(others: Iterable[Callback]) -> bool:
            urls = {callback.url for callback in others}
            for each in app.outbox if urls else ():  # what others noted meanwhile
                if each.attempts and each.attempts[-1].cause == "timeout" and each.attempts[-1].at >= since:
                    silence.begin(each.url)
            return any(url not in silence for url in urls)

        return is_waited_for

    async def close(self) -> None:
        """Stop: what is under way is given up, and stays pending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


def _lose_patience(silence: Silence, delivery: _Delivery) -> None:
    """Let a callback to a silent receiver be waited for a moment only."""

    def give_up() -> None:
        if not delivery.done.done():
            silence.wear_out(delivery.callback.url)
            delivery.end()

    if delivery.done.done():
        return
    grace = silence.grace(delivery.callback.url)
    if grace:
        asyncio.get_running_loop().call_later(grace, give_up)
    else:
        delivery.end()


def _tell(app: Application, callback: Callback, outcome: _Outcome) -> None:
    """Write the line of an attempt."""
    level, why = logging.INFO, ""
    if outcome.cause:
        level = logging.WARNING
        text = "" if outcome.status else outcome.body.decode("utf-8", "replace")
        why = f": failed ({outcome.cause}) {text}".rstrip()
    log.log(
        level,
        "callback %s to %s %s attempt=%d application=%s%s",
        callback.event,
        callback.url,
        outcome.status or "no response",
        len(callback.attempts) + 1,
        app.id,
        why,
    )


async def _note_reuse(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    context.trace_request_ctx.reused = True


def _headers(app: Application, callback: Callback) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    kind = callback.distortion.signature
    if kind != "none":
        secret = callback.secret if kind == "valid" else f"not {callback.secret}"
        token = sign(secret, callback.body, jti=callback.jti, application_id=app.id, api_key=app.credentials.api_key)
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _cause_of(error: Exception) -> str:
    """Say in a word why there was no response."""
    import aiohttp

    causes: tuple[tuple[type[Exception], str], ...] = (
        (TimeoutError, "timeout"),
        (aiohttp.ClientSSLError, "tls"),
        (aiohttp.ClientConnectorDNSError, "dns"),
        (aiohttp.ClientConnectorError, "refused"),
        (aiohttp.ClientResponseError, "invalidAnswer"),
        (aiohttp.InvalidURL, "invalid"),
        (aiohttp.ClientError, "reset"),
        (OSError, "reset"),
    )
    return next((cause for kind, cause in causes if isinstance(error, kind)), "invalid")


def _cause_of_status(status: int) -> str:
    """Say in a word why a response does not count as delivered; redirects are not followed."""
    if 200 <= status < 300:
        return ""
    return "redirect" if 300 <= status < 400 else "status"


def _text_of(error: Exception) -> bytes:
    return str(error).encode("utf-8", "replace")[:BODY_LIMIT]


def _clean(text: str) -> str:
    """Return a header as text that can be written again, whatever bytes the receiver sent."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
