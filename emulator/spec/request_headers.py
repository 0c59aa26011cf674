"""The headers of a request, read by name."""

from __future__ import annotations

from collections.abc import Sequence


class RequestHeaders:
    """The headers of one request by their names in lower case; of several with one name the `first`."""

    __slots__ = ("first",)

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self.first = dict(reversed(pairs))

    def __contains__(self, name: str) -> bool:
        return name.encode("latin-1", "replace") in self.first

    def get(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        value = self.first.get(name.encode("latin-1", "replace"))
        return None if value is None else value.decode("latin-1")
