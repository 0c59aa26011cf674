"""A receiver of callbacks for tests: a real HTTP server in a thread, which keeps what it got and can misbehave.

Like the client it imports nothing of the emulator itself.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from ..client.errors import WaitTimeoutError
from .received import Received, fits

IDLE_SECONDS = 30.0


@dataclass
class Reply:
    """How to answer: `status` after `delay` s, for callbacks of `event` (or all), `times` times (or always)."""

    status: int = 200
    times: int | None = None
    delay: float = 0.0
    event: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver:
    """Keeps every callback that arrives at `url`, and answers 200 unless `reply` said otherwise.

    Use it in a `with` block. `host` is the address to listen on, `port` 0 takes a free one, `name` is the host name in
    `url`; `tls` makes it HTTPS; `secret` is the default of `verify`.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "localhost",
        tls: ssl.SSLContext | None = None,
        secret: str = "",
    ) -> None:
        self.secret = secret
        self._host, self._port, self._name, self._tls = host, port, name, tls
        self._arrived: list[Received] = []
        self._replies: list[Reply] = []
        self._changed = threading.Condition()
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Where callbacks are to be sent."""
        return f"{'https' if self._tls else 'http'}://{self._name}:{self._port}/callbacks"

    def start(self) -> None:
        """Listen (again), on the same port as before."""
        self._server = _Server((self._host, self._port), self, self._tls)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Be down: connections are cut and refused until `start`. What arrived is kept."""
        server, self._server = self._server, None
        if server is not None:
            with self._changed:
                self._changed.notify_all()  # nobody goes on being slow
            server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def reply(
        self,
        status: int = 200,
        *,
        times: int | None = None,
        delay: float = 0.0,
        event: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `times` callbacks of `event` with `status` after `delay` s; without `times` all from now on.

        Of several that fit, the one given first is used up first. `event` is `archive.available`, or `archive`.
        """
        with self._changed:
            self._replies.append(Reply(status, times, delay, event, headers or {}))

    def received(self, event: str | None = None) -> list[Received]:
        """Return what arrived, oldest first, of one event (`archive.available`), of a kind (`archive`), or all."""
        with self._changed:
            return [one for one in self._arrived if event is None or fits(one.event, event)]

    def clear(self) -> None:
        """Forget what arrived and how to answer."""
        with self._changed:
            self._arrived.clear()
            self._replies.clear()

    def wait_for(
        self,
        event: str | None = None,
        *,
        timeout: float = 10.0,
        status: int | None = None,
        where: Callable[[Any], bool] | None = None,
    ) -> Received:
        """Return the first callback of an event or kind, as soon as it is there; one that arrived already counts.

        `status` asks for one that was answered so, `where` for one whose decoded body it accepts. Raises
        `WaitTimeoutError` after `timeout` s, with what did arrive in its message.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for one in self._arrived:
                    if (
                        (event is None or fits(one.event, event))
                        and (status is None or one.status == status)
                        and (where is None or where(one.json))
                    ):
                        return one
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            arrived = "\n".join(f"  {one.event or one.path} (answered {one.status})" for one in self._arrived[-10:])
        raise WaitTimeoutError(f"no {event or 'callback'} within {timeout:g} s; arrived:\n{arrived or '  nothing'}")

    def verify(self, callback: Received, secret: str | None = None) -> dict[str, Any]:
        """Return the claims of a callback's token, checked: HS256 by `secret`, and the SHA-256 of the body.

        Raises `SignatureError`.
        """
        return callback.verify(self.secret if secret is None else secret)

    def _take(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Keep a callback and return how to answer it."""
        unanswered = Received(time.time(), path, headers, body, 0)
        with self._changed:
            reply = self._next_reply(unanswered.event)
            self._arrived.append(replace(unanswered, status=reply.status))
            self._changed.notify_all()
            if reply.delay:
                server = self._server
                self._changed.wait_for(lambda: self._server is not server, reply.delay)
        return reply

    def _next_reply(self, event: str) -> Reply:
        for reply in self._replies:
            if reply.event is None or fits(event, reply.event):
                if reply.times is not None:
                    reply.times -= 1
                    if not reply.times:
                        self._replies.remove(reply)
                return reply
        return Reply()


class _Server(ThreadingHTTPServer):
    """The listener of a receiver, which can cut the connections it has."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], receiver: Receiver, tls: ssl.SSLContext | None) -> None:
        self.receiver = receiver
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the look-up of this machine's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection in its thread, the handshake included: a slow client must not stop the others."""
        with self._lock:
            self._open.add(request)
        try:
            request.settimeout(IDLE_SECONDS)
            if self._tls is not None:
                plain, request = request, self._tls.wrap_socket(request, server_side=True)
                with self._lock:
                    self._open.discard(plain)
                    self._open.add(request)
            self.finish_request(request, client_address)
        except OSError:
            pass  # the sender went away, does not trust the certificate, or this was stopped
        finally:
            with self._lock:
                self._open.discard(request)
            self.shutdown_request(request)

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply: Reply = server.receiver._take(self.path, headers, body)
        self.send_response(reply.status)
        for name, value in {"Content-Length": "0", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
