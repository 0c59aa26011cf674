"""Where callbacks may go."""

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


Address = Annotated[str, Field(max_length=2048), AfterValidator(_address)]
"""Where callbacks go."""
