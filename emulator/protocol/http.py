"""HTTP/1.1 over one connection: uvicorn's protocol, made strict about heads and patient with those who are refused.

What the emulator adds: an offered upgrade is ignored and the body read (RFC 9110 7.8), heads are bounded in bytes and
time, what cannot be read safely is refused in JSON and nothing behind it is read, and a refused client that is still
sending gets its refusal.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from typing import NoReturn

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from emulator.protocol import head
from emulator.protocol.client_connection import CONNECTION, ClientConnection
from emulator.protocol.limits import max_connections
from emulator.protocol.lingering import Lingering
from emulator.spec.responses import ErrorBody

log = logging.getLogger("emulator")

HEAD_SECONDS = 30.0
"""How long a head may take from its first byte to its last."""
FIRST_SECONDS = 60.0
"""How long a new connection may stay silent."""

TOO_SLOW = ErrorBody(408, f"The head of the request did not arrive within {HEAD_SECONDS:.0f} s.")
CROWDED = ErrorBody(503, "Too many connections are open, and all of them are in use.")

BETWEEN, HEAD, BODY = range(3)
"""What of a request is read: nothing yet, its head, its body."""


class _RefusedError(Exception):
    """Ends the reading of what follows on a connection."""


def _parser(protocol: HttpToolsProtocol) -> httptools.HttpRequestParser:
    """Return a parser as uvicorn makes them: a request may come behind one that ends the connection."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class Protocol(HttpToolsProtocol):
    """One connection of a client."""

    _begun: tuple[RequestResponseCycle, ...] = ()
    _stage = BETWEEN
    _lingering: Lingering | None = None
    _offer: list[tuple[bytes, bytes]] | None = None
    """The headers of a head with an upgrade, which is being read again without it."""
    _idle = 0
    """Bytes since the last that began a request or brought something of a body."""
    _head_ends = math.inf
    """When the head that is being read must be complete, s of the loop's clock."""
    _explained = False
    """Whether it is known why no request came: the emulator ends the connection, or it was told."""
    _misled = False
    """Whether it is plain HTTP on the port of HTTPS."""
    silent_since = 0.0
    """When the last response was complete or the connection was made, s of the loop's clock."""

    def of_misled(self) -> Protocol:
        """Return this connection as that of a client that speaks plain HTTP to the port of HTTPS."""
        self._misled = True
        return self

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; where there is no room, the connection that has been silent longest goes."""
        super().connection_made(transport)
        self.silent_since = self.loop.time()
        self._idle_seconds = FIRST_SECONDS
        self._noted: list[tuple[bytes, bytes]] = []
        if len(self.connections) > max_connections() and not self._make_room():
            self._refuse(CROWDED)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request that waits: uvicorn tells the newest one, which is not the one being served."""
        super().connection_lost(exc)
        self._tell_of_silence()
        for cycle in self._begun:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def eof_received(self) -> None:
        """Note that the client hangs up."""
        self._tell_of_silence()

    def _tell_of_silence(self) -> None:
        """Tell of a client that agreed on TLS and went without a word: some look at the certificate only then."""
        if self.scheme == "https" and self.cycle is None and self._stage == BETWEEN and not self._explained:
            self._explained = True
            log.info("%s hung up before its first request: perhaps it does not trust the certificate", self._client)

    @property
    def _client(self) -> str:
        return self.client[0] if self.client else "a client"

    @property
    def _urls(self) -> Mapping[str, str]:
        urls: Mapping[str, str] = getattr(self.config, "urls", {})
        return urls

    # What is read

    def data_received(self, data: bytes) -> None:
        """Read what came; after a refusal it is thrown away."""
        if self._lingering is not None:
            self._lingering.discard(len(data))
            return
        if self._misled:
            self._break_off(head.plain(self._urls))
            return
        self._idle += len(data)
        try:
            self._read(data)
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _RefusedError):
                return
            if isinstance(error, httptools.HttpParserCallbackError):
                log.error("a request could not be read", exc_info=error.__context__)
            tls = self._stage != BODY and data.startswith(head.TLS)
            self._break_off(head.tls(self._urls) if tls else head.unreadable(str(error)))
            return
        if self._idle > head.MAX_HEAD:
            self._break_off(head.FRAMING if self._stage == BODY else head.TOO_LARGE)
        elif self._stage == HEAD and self._head_ends == math.inf:
            self._head_ends = self.loop.time() + HEAD_SECONDS

    def _read(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(memoryview(data)[offer.args[0] :])

    def _decline(self, rest: memoryview) -> None:
        """Go on behind a head that offered another protocol, as if it had not: here every offer is declined.

        The parser takes such a head for the end of HTTP and its body for something else; where the head also says that
        the connection ends with it, it reads nothing more. So another parser reads the head again without the offer,
        and the body belongs to it.
        """
        while True:
            self._offer = self.headers
            declined, self.parser = self.parser, _parser(self)
            self.parser.feed_data(
                head.without_upgrade(declined.get_method(), self.url, declined.get_http_version(), self.headers)
            )
            if not rest:
                return
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
            else:
                return

    # Parser callbacks

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._stage, self._idle = HEAD, 0
        self._noted = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. Trailers are no headers: nobody asked for one."""
        if self._stage == BODY:
            return
        name = name.lower()
        if name in head.NOTED:
            self._noted.append((name, value))
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin a request, or refuse it."""
        parser = self.parser
        method = parser.get_method()
        if parser.should_upgrade():
            if method == b"CONNECT":
                self._stop(head.NOT_A_PROXY)
            return  # `_decline` reads it again
        self._stage, self._head_ends = BODY, math.inf
        version = parser.get_http_version()
        target = head.target(self.url)
        if target is None:
            self._stop(head.unreadable(f"the target {head.shown(self.url)} is neither a path nor a URL with http"))
        refusal = self._finish_headers(version, target)
        scope = self.scope
        scope["method"] = method.decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        scope["path"] = self.root_path + head.decoded(target.path)
        scope["raw_path"] = target.path
        scope["query_string"] = target.query
        line = self._begin()
        if refusal is not None:
            line.refusal = refusal
            self._stop()

    def _finish_headers(self, version: str, target: head.Target) -> ErrorBody | None:
        """Put the headers in order for who reads them; return the refusal where they are not allowed."""
        if self._offer is not None:
            headers, self._offer = self._offer, None
            self.scope["headers"] = self.headers = headers
        refusal = head.refusal(version, self._noted)
        if target.authority is not None and refusal is None:
            self.headers[:] = [pair for pair in self.headers if pair[0] != b"host"] + [(b"host", target.authority)]
        return refusal

    def on_chunk_header(self) -> None:
        """Note that a chunk begins."""
        self._idle = 0

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body."""
        self._idle = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request, unless its head is to be read again."""
        if self._stage == BODY:
            self._stage = BETWEEN
            super().on_message_complete()

    # Requests

    def _begin(self, refusal: ErrorBody | None = None) -> ClientConnection:
        """Begin a request of `scope`, or queue it behind others: for the application, or with the refusal alone."""
        before, version = self.cycle, self.scope["http_version"]
        self.cycle = cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self._expects_continue(version),
            keep_alive=version == "1.1" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self._begun = (*(each for each in self._begun if not each.response_complete), cycle)
        line = ClientConnection(self.transport, cycle, self._linger)
        self.scope["extensions"] = {CONNECTION: line}  # type: ignore[dict-item]
        app = self.app if refusal is None else refusal.response({"connection": "close"})
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, app)  # type: ignore[arg-type]
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))  # type: ignore[arg-type]
        return line

    def _expects_continue(self, version: str) -> bool:
        return version == "1.1" and any(
            name == b"expect" and value.strip().lower() == b"100-continue" for name, value in self._noted
        )

    def on_response_complete(self) -> None:
        """Go on with the request behind, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing() or (self._lingering is not None and self._lingering.is_closing()):
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self.silent_since = self.loop.time()
            self._idle_seconds = self.timeout_keep_alive

    # Refusals

    def _stop(self, refusal: ErrorBody | None = None) -> NoReturn:
        """Read no more of what came; inside a callback of the parser."""
        if refusal is not None:
            self._refuse(refusal)
        else:
            self._linger(self.cycle)
        raise _RefusedError

    def _break_off(self, refusal: ErrorBody) -> None:
        """Refuse what came: the request whose body it belongs to, or what would have been one."""
        if self._stage != BODY or self.cycle.response_complete:
            self._refuse(refusal)
            return
        line = line_of_cycle(self.cycle)
        line.refusal = refusal
        self.cycle.more_body = False
        self.cycle.message_event.set()
        line.linger()

    def _refuse(self, refusal: ErrorBody) -> None:
        """Answer what cannot be passed on to the application, after the responses before it."""
        log.warning("a request of %s was refused with %d: %s", self._client, refusal.status, refusal.message)
        super().on_message_begin()
        self.scope |= {"method": "GET", "path": "", "raw_path": b"", "query_string": b""}
        self._begin(refusal).linger()

    def _linger(self, cycle: RequestResponseCycle) -> None:
        """Close the connection behind the response of `cycle`, but not before the client could read it."""
        if self._lingering is None:
            self._lingering = Lingering(self.transport, self.loop.time)
        cycle.transport = self._lingering
        self.flow.resume_reading()

    # Time and room

    @property
    def responding(self) -> bool:
        """Whether a whole request waits for its response."""
        return self.cycle is not None and not self.cycle.response_complete

    def check(self, now: float) -> None:
        """End what has taken too long; `now` is of the loop's clock, s."""
        if self._lingering is not None:
            self._lingering.check(now)
        elif now >= self._head_ends:
            self._refuse(TOO_SLOW)
        elif self._stage == BETWEEN and not self.responding and now >= self.silent_since + self._idle_seconds:
            self._explained = True
            self.transport.close()

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for a whole request; False when there is none."""
        waiting = [
            each
            for each in self.connections
            if isinstance(each, Protocol) and each is not self and (not each.responding or each._stage == BODY)
        ]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda each: each.silent_since)
        oldest._explained = True
        oldest.transport.abort()
        self.connections.discard(oldest)  # at once: others may come before it is told
        return True

    def drop_if_unread(self) -> None:
        """End the connection of a client that does not read the response that it is being sent."""
        if self.flow.write_paused:
            self.transport.abort()

    def shutdown(self) -> None:
        """End behind the response that is being made: no request behind it is begun, and nobody lingers."""
        self._explained = True
        serving = next((each for each in self._begun if not each.response_complete), None)
        self.pipeline.clear()
        if serving is not None:
            serving.keep_alive = False
        elif self._lingering is not None:
            self.transport.abort()
        else:
            self.transport.close()


def line_of_cycle(cycle: RequestResponseCycle) -> ClientConnection:
    """Return the line of a request that `Protocol` began."""
    line: ClientConnection = cycle.scope["extensions"][CONNECTION]  # type: ignore[assignment]
    return line
