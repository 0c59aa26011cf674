"""Headers that keep responses from becoming pages with scripts in the emulator's name, whatever a rule puts there."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from emulator.spec.paths import CONTROL, DOCS, LINKED

RawHeaders = tuple[tuple[bytes, bytes], ...]

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page: no scripts, nothing loaded, an origin of its own, in nobody's frame."""

_COMMON: RawHeaders = ((b"x-content-type-options", b"nosniff"), (b"content-security-policy", SANDBOX.encode()))
SANDBOXED: RawHeaders = (*_COMMON, (b"cross-origin-resource-policy", b"same-origin"))
LINKED_FILE: RawHeaders = (*_COMMON, (b"cross-origin-resource-policy", b"cross-origin"))
"""Recordings and playlists are shown by other sites' pages, as those of the service are."""


def of(path: str, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Return what goes before the headers of a response, so that it counts where a rule wrote others.

    A page of ours has a policy of its own.
    """
    if not path.startswith(CONTROL) and path not in DOCS:
        return SANDBOXED
    if path.startswith(LINKED):
        return LINKED_FILE
    return () if any(name == b"content-security-policy" for name, _ in headers) else SANDBOXED


def page_policy(style: str, script: str = "") -> dict[str, str]:
    """Return the headers of a page of ours that has this text as its only style, and this one as its only script.

    The script may ask the emulator, and nobody else.
    """
    scripts = f"script-src {_digest(script)}; connect-src 'self'; " if script else ""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src {_digest(style)}; {scripts}base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
