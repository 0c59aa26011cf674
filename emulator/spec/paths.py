"""Paths as SDKs write them, folded into one form.

`//` becomes `/`, a trailing slash goes, `/v2` is optional, `partner` is an old word for `project`,
`projects` what Vonage's OpenAPI document writes for DTMF (fidelity/rest-and-archives.md 1, sdk-wire.md 4A.1, 4A.15).
"""

from __future__ import annotations

CONTROL = "/_emulator"

_OLD = ("/partner/", "/projects/")

LINKED = (f"{CONTROL}/files/", f"{CONTROL}/hls/")
"""What responses of the service link to, so it is asked for under the same names, and from anywhere."""

DOCS = ("/docs", "/openapi.json")
"""What describes the emulator, outside of the control API."""


def fold(path: str) -> str:
    """Return the one form of `path`: `/session/create` or `/v2/project/{id}/…`; control paths stay as they are."""
    while "//" in path:
        path = path.replace("//", "/")
    if path.startswith(CONTROL):
        return path
    if len(path) > 1 and path[-1] == "/":
        path = path[:-1]
    if path.startswith("/v2/project/"):
        return path
    if path.startswith("/v2/"):
        path = path[3:]
    if path.startswith("/project/"):
        return "/v2" + path
    for old in _OLD:
        if path.startswith(old):
            return "/v2/project/" + path[len(old) :]
    return path
