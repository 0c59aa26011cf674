"""The token that the control API may ask for."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.control.common import ControlError
from emulator.spec.paths import CONTROL

OPEN_PATHS = tuple(f"{CONTROL}/{name}" for name in ("health", "ready", "ca.pem", "files/", "hls/", "assets/"))
"""What needs no control token: probes, the certificate authority, links in responses of the service, the live page."""
PAGE_PATHS = (CONTROL, f"{CONTROL}/")


def _is_open(path: str) -> bool:
    return path in PAGE_PATHS or path.startswith(OPEN_PATHS)


class ControlToken:
    """ASGI middleware: asks for the control token on every control path that is not open."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(CONTROL) and not _is_open(path):
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            scheme, _, credentials = given.partition(b" ")  # the scheme's case does not matter (RFC 9110, 11.1)
            if scheme.lower() != b"bearer" or not hmac.compare_digest(credentials.strip(b" "), self._expected):
                refusal = ControlError(401, "the control API asks for a token: Authorization: Bearer …")
                await refusal.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)
