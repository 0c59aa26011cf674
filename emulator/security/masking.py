"""Credentials of other people's services are not shown: what calls say of those is masked in the journal and the log.

What the emulator gives out itself (tokens, secrets of its applications) is for tests, and shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "********"

_HEADERS = ("authorization", "proxy-authorization", "x-api-key")

_MEMBER = re.compile(
    r'("(?:password|secretKey|accountKey|streamName|(?:proxy-)?authorization|x-api-key)"\s*:\s*")(?:[^"\\]|\\.)+',
    re.IGNORECASE,
)
"""A member of JSON that is one: of a SIP trunk, a storage, an RTMP server (a stream's name is its key), a WebSocket."""

_USERINFO = re.compile(r'\b((?:sips?|rtmps?|wss?|https?):(?:\\?/\\?/)?[^\s/@:"\\]*:)[^\s/@"\\]+@', re.IGNORECASE)
"""What stands before the host in a URL, with a password."""


def masked(text: str) -> str:
    """Return a text, JSON for the most part, without the credentials in it."""
    if '"' not in text and "@" not in text:
        return text
    # What cannot match is most of what is shown, as the path of a call in the log: 10 µs each.
    shown = _MEMBER.sub(rf"\1{MASK}", text) if '"' in text else text
    return _USERINFO.sub(rf"\1{MASK}@", shown) if "@" in shown else shown


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers for a server, without the credentials among them."""
    return {name: MASK if name.lower() in _HEADERS and value else value for name, value in headers.items()}
