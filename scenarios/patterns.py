"""Patterns of rules: matched in linear time, and bounded in length, memory and time.

The engine is RE2, which has no look-around and no back-references, and therefore no pattern that runs away. What it
costs is bounded by the size of its program and the length of the text; the size is known when a rule is written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

MAX_PATTERN = 1000
"""Characters of a pattern."""

MAX_PATTERNS = 100
"""Patterns of one rule."""

MAX_RULE_SIZE = 20_000
"""Instructions of the programs of one rule's patterns together."""

MAX_STEPS = 5_000_000
"""Instructions times bytes of a text: at worst each byte costs 15 ns for each (measured; usually a hundredth)."""

MAX_SECONDS = 0.05
"""s of processor time for the patterns of all rules that one call or callback is asked about; then none is found."""

_MEMORY = 131_072
"""Bytes of one pattern's program and of what it remembers of texts; RE2 refuses programs of more than 5,461 steps."""

_KEPT = 512
"""Compiled patterns that are kept: 64 MiB at most."""

_CANNOT = "look-arounds, back-references, atomic groups and possessive repetitions are not possible"


class PatternError(ValueError):
    """A pattern that cannot be used; the text says why."""


@lru_cache(_KEPT)
def _compiled(pattern: str) -> tuple[Any, int]:
    """Return a pattern made ready, and the size of its program. Raises `PatternError`."""
    import re2  # 10 ms: for those who write patterns only

    options = re2.Options()
    options.max_mem, options.log_errors, options.never_capture = _MEMORY, False, True
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else "it cannot be read"
        raise PatternError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None
    return compiled, compiled.programsize


def size_of(pattern: str) -> int:
    """Return the size of a pattern's program, in instructions. Raises `PatternError`."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern has {MAX_PATTERN} characters at most (got {len(pattern)})")
    try:
        return _compiled(pattern)[1]
    except PatternError as error:
        raise PatternError(f"is no regular expression of RE2: {error}; {_CANNOT}") from None


class Search:
    """Searches for patterns on behalf of one call or callback, for so much of the processor's time as it may take.

    `used` tells how much time that is so far, s.
    """

    __slots__ = ("_used", "left")

    def __init__(self, used: Callable[[], float]) -> None:
        self._used = used
        self.left = MAX_SECONDS

    def found(self, pattern: str, text: str) -> bool:
        """Tell whether a pattern is found in a text; a text too long for it, or no time left, counts as not found."""
        if self.left <= 0:
            return False
        compiled, size = _compiled(pattern)
        data = text.encode("utf-8", "replace")
        if size * len(data) > MAX_STEPS:
            return False
        started = self._used()
        found = compiled.search(data) is not None
        self.left -= self._used() - started
        return found
