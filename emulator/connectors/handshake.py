"""Opening a WebSocket as the service does (1, 2)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from emulator.connectors.destinations import DestinationError, Destinations, PrivateResolver
from emulator.settings import Settings
from emulator.tls.trust import trusting
from state.connectors import ConnectorSettings, Opened

HANDSHAKE_SECONDS = 6.0
"""After which connecting has failed (1)."""

SUBPROTOCOL = "WSBRIDGE"

LARGEST = 1_048_576
"""Bytes of a message from the other side; ours."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = re.compile(r"(host|connection|upgrade|origin|content-length|transfer-encoding|sec-websocket-.*)", re.IGNORECASE)


class HandshakeError(Exception):
    """No WebSocket was opened; the text says why."""


class Handshakes:
    """Opens WebSockets; those of all connectors have one client, with nothing kept between them."""

    def __init__(self, settings: Settings) -> None:
        self._destinations = Destinations(settings.real_hosts)
        self._settings = settings
        self._client = self._make_client()

    def _make_client(self) -> aiohttp.ClientSession:
        tracing = aiohttp.TraceConfig()
        tracing.on_request_redirect.append(_refuse_redirect)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, resolver=PrivateResolver(self._destinations), use_dns_cache=False, force_close=True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            trace_configs=[tracing],
        )

    async def open(
        self, new: ConnectorSettings, opened: Opened, session_id: str, *, trusted: bool
    ) -> aiohttp.ClientWebSocketResponse:
        """Return an open WebSocket; `trusted`: the certificate of a `wss:` server has to be.

        Raises `HandshakeError`.
        """
        try:
            self._destinations.check(new.uri)
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                return await self._client.ws_connect(
                    new.uri,
                    protocols=(SUBPROTOCOL,),
                    origin=urlsplit(new.uri).netloc.rpartition("@")[2],
                    headers=_headers(new.headers, opened, session_id),
                    compress=0,
                    autoclose=True,
                    max_msg_size=LARGEST,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                    ssl=trusting(self._settings) if trusted else False,
                )
        except TimeoutError:
            raise HandshakeError(f"no WebSocket was opened within {HANDSHAKE_SECONDS:g} s") from None
        except DestinationError as error:
            raise HandshakeError(str(error)) from None
        except aiohttp.WSServerHandshakeError as error:
            raise HandshakeError(f"the handshake was refused: {error.status} {error.message}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise HandshakeError(f"no WebSocket was opened: {error or type(error).__name__}") from None

    async def close(self) -> None:
        """End, with every WebSocket."""
        await self._client.close()


async def _refuse_redirect(session: aiohttp.ClientSession, context: object, params: object) -> None:
    raise HandshakeError("the handshake was refused: the server redirects")


def _headers(custom: Mapping[str, str], opened: Opened, session_id: str) -> dict[str, str]:
    """Return the headers of the upgrade: the custom ones, where HTTP can have them, and the ids (2)."""
    possible = {
        name: value
        for name, value in custom.items()
        if _TOKEN.fullmatch(name) and not _OURS.fullmatch(name) and value.isascii() and value.isprintable()
    }
    return {
        "User-Agent": "vonage-video-emulator",
        **possible,
        "x-opentok-ws-sessionid": session_id,
        "x-opentok-ws-connectionid": opened.connection_id,
        "x-opentok-ws-conferenceid": opened.id,
    }
