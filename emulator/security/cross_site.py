"""Keeps pages of other sites out: a browser on this machine runs theirs, and reaches everything on localhost.

`Host` tells under which name the emulator was asked, `Origin` and `Sec-Fetch-Site` from which site. Programs that are
no browsers send neither of the latter, and SDKs ask the service under any name.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import Scope

from emulator.security.hosts import Hosts, is_same
from emulator.spec.paths import CONTROL, DOCS, LINKED
from emulator.spec.request_headers import RequestHeaders
from emulator.spec.responses import ErrorBody
from emulator.tls.prepare import VENDOR_HOSTS

SETTING = "allow it with --allowed-host or VONAGE_EMULATOR_ALLOWED_HOSTS"

VISITED = frozenset((CONTROL, f"{CONTROL}/", f"{CONTROL}/evidence", f"{CONTROL}/ca.pem", "/", "/favicon.ico", *DOCS))
"""What a link on another site may lead to: it changes nothing, and whoever links to it cannot read it."""


class CrossSite:
    """Tells which requests come from a foreign site. `lax`: for the service, too, nobody needs a token."""

    def __init__(self, hosts: Hosts, *, lax: bool = False) -> None:
        self._hosts = hosts
        self._lax = lax

    def refusal(self, scope: Scope, sent: RequestHeaders) -> ErrorBody | None:
        """Return the response to a request of a foreign site (403), or for a foreign name (421); None for others."""
        path: str = scope["path"]
        control = path.startswith(CONTROL) or path in DOCS
        browser = b"origin" in sent.first or b"sec-fetch-site" in sent.first
        if not (browser or control or self._lax):
            return None
        if path.startswith(LINKED):
            return None
        headers = Headers(scope=scope)
        foreign = self._foreign_host(scope, headers, () if control else VENDOR_HOSTS)
        if foreign is not None and (control or self._lax):
            return ErrorBody(421, f"Host {_shown(foreign)} is not one of the emulator's: {SETTING}", code=421)
        return self._of_site(scope, headers, known=foreign is None) if browser else None

    def _foreign_host(self, scope: Scope, headers: Headers, others: Collection[str]) -> str | None:
        address = (scope.get("server") or ("",))[0]
        hosts = headers.getlist("host")
        return next((host for host in hosts if not self._hosts.takes(host, address, others)), None)

    def _of_site(self, scope: Scope, headers: Headers, *, known: bool) -> ErrorBody | None:
        """Judge by what browsers say of the page that asks; `known`: the request's own `Host` is one of ours."""
        origins = headers.getlist("origin")
        host = headers.get("host", "")
        for origin in origins:
            same = known and is_same(origin, host, scope.get("scheme", "http"))
            if not same and not self._hosts.trusts(origin):
                return ErrorBody(403, f"Origin {_shown(origin)} is another site than the emulator: {SETTING}", code=403)
        if origins or _is_visit(scope, headers):
            return None
        for site in headers.getlist("sec-fetch-site"):
            if site.strip().lower() not in ("same-origin", "none"):
                message = f"Sec-Fetch-Site {_shown(site)}: the request is that of another site's page"
                return ErrorBody(403, f"{message}: {SETTING}", code=403)
        return None


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Whether somebody follows a link: a whole page, not a frame in another one."""
    return (
        scope["method"] in ("GET", "HEAD")
        and scope["path"] in VISITED
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _shown(value: str) -> str:
    """Return a header's value as a message may have it."""
    return repr(value[:100])
