"""Values that select an outcome, and where they are looked for in a new resource.

Names and tags begin with `emulator-fail-`; hosts end with `.emulator.invalid`, a domain that cannot exist (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PREFIX = "emulator-fail-"
DOMAIN = ".emulator.invalid"


@dataclass(frozen=True, slots=True)
class Magic:
    """A value in a place of a request (`archive`, `broadcast`, `rtmp`, `sip`, `render`, `connector`) and its outcome.

    `word` is written as `emulator-fail-{word}` in names and as `{word}.emulator.invalid` in hosts.
    """

    place: str
    word: str
    effect: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The value as a name, tag, user or stream name."""
        return PREFIX + self.word

    @property
    def host(self) -> str:
        """The value as a host."""
        return self.word + DOMAIN


Found = Iterator[tuple[Magic, str]]
"""Magic values, each with the target that it is for, empty where it is for the resource."""


def named(words: tuple[Magic, ...], *names: str) -> Found:
    """Yield the words that are among the names."""
    for name in dict.fromkeys(names):
        if name.startswith(PREFIX):
            yield from ((each, "") for each in words if each.name == name)


def hosted(words: tuple[Magic, ...], url: str) -> Found:
    """Yield the word that is the host of a URL."""
    if DOMAIN in url.lower():
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return
        yield from ((each, "") for each in words if each.host == host)
