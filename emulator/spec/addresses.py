"""Where callbacks may go, and what a browser may be sent to."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        usable = False
    if not usable or any(character.isspace() or not character.isprintable() for character in value):
        raise ValueError("must be an http:// or https:// URL, without a user, that can be called")
    return value


def with_host(value: str) -> str:
    """Return a URL that names a host. Raises `ValueError`."""
    try:
        parts = urlsplit(value)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise ValueError("must be an http:// or https:// URL with a host")
    return value


Address = Annotated[str, Field(max_length=2048), AfterValidator(_address)]
"""Where callbacks go."""
