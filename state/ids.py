"""Ids as the service makes them, from a seed for each application, so that a run can be repeated."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import uuid
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz

MAX_SESSION_ID = 255
RELAYED = "P"


@dataclass(frozen=True, slots=True)
class SessionIdParts:
    """What a session id says of its session."""

    project: str
    relayed: bool
    created_at: int


class Ids:
    """Makes the ids of one application: each is drawn from the seed and from how many were made before.

    Without a seed one is drawn, different each time.
    """

    __slots__ = ("_key", "made", "seed")

    def __init__(self, seed: int | str | None = None, made: int = 0) -> None:
        self.seed = os.urandom(16).hex() if seed is None else str(seed)
        self.made = made
        self._key = hashlib.blake2b(self.seed.encode(), digest_size=32).digest()

    def uuid(self) -> str:
        """Return a lower-case UUID version 4."""
        text = self._draw(16).hex()
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def _draw(self, size: int) -> bytes:
        self.made += 1
        return hashlib.blake2b(self.made.to_bytes(8, "big"), digest_size=size, key=self._key).digest()

    def session_id(self, project: str, *, location: str, created_at: int, relayed: bool) -> str:
        """Return a session id that SDKs can decode (fidelity/rest-and-archives.md 5.1)."""
        noise = base64.b64encode(self._draw(18)).decode()
        payload = f"1~{project}~{location}~{created_at}~{noise}~{RELAYED if relayed else ''}~~"
        return "2_" + base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")


def decode_session_id(session_id: str) -> SessionIdParts | None:
    """Return what `session_id` says, or None when it is not a session id at all."""
    if len(session_id) > MAX_SESSION_ID or session_id[:2] not in ("1_", "2_"):
        return None
    encoded = session_id[2:]
    try:
        if "=" in encoded:  # it is written without padding (fidelity/rest-and-archives.md 5.1)
            return None
        payload = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    fields = payload.split("~")
    created_at = _created_at(fields[3]) if len(fields) >= 6 else None
    if created_at is None or not fields[1]:
        return None
    return SessionIdParts(project=fields[1], relayed=fields[5] == RELAYED, created_at=created_at)


def _created_at(text: str) -> int | None:
    """Return when a session was made, ms: written so, or, until 2014, as a date (fidelity/rest-and-archives.md 5.1)."""
    if text.isascii() and text.isdigit():
        return int(text[:15])
    date = parsedate_tz(text)
    return mktime_tz(date) * 1000 if date is not None and _DATE.fullmatch(text) else None


_DATE = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [A-Z]{3} \d{4}", re.ASCII)


def is_uuid(text: str) -> bool:
    """Tell whether `text` is written as a UUID, in either case."""
    if len(text) != 36:
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
