"""The live page at `/_emulator/` and its files. They need no control token: the page asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from emulator.control.common import ControlError
from emulator.dashboard.assets import PAGE, Asset, assets

router = APIRouter(include_in_schema=False)

SAFE: Mapping[str, str] = {
    # Scripts and styles from here only, nothing inline, nothing from strings, nothing from or to another host.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

FOREVER = "public, max-age=31536000, immutable"


@router.get("/")
async def page(request: Request) -> Response:
    """Return the page."""
    return _send(request, assets().files[PAGE], "no-cache")


@router.get("/assets/{version}/{name:path}")
async def asset(request: Request, version: str, name: str) -> Response:
    """Return a file of the page; under an old version, what is there now, and not to be kept."""
    found = assets().files.get(name)
    if found is None or name == PAGE:
        raise ControlError(404, f"the page has no file {name}", "name")
    return _send(request, found, FOREVER if version == assets().version else "no-cache")


def _send(request: Request, found: Asset, caching: str) -> Response:
    headers = {**SAFE, "ETag": found.etag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = found.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = found.compressed, "gzip"
    return Response(content, media_type=found.media_type, headers=headers)
