"""How large the patterns of a rule are together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenarios.predicates import Test, When
    from scenarios.strict import Path
from scenarios.patterns import MAX_PATTERNS, MAX_RULE_SIZE, PatternError, size_of


def size_of_all(when: When) -> int:
    """Return the size of the patterns of a condition together. Raises `RuleError` for the first that cannot be used."""
    from scenarios.strict import RuleError  # here: whoever searches needs no models

    size = count = 0
    for place, test in _tests_of(when, ("when",)):
        if test.matches is None:
            continue
        count += 1
        try:
            if count > MAX_PATTERNS:
                raise PatternError(f"a rule has {MAX_PATTERNS} patterns at most")
            size += size_of(test.matches)
            if size > MAX_RULE_SIZE:
                raise PatternError(f"the patterns of a rule are too large together: {MAX_RULE_SIZE} steps are allowed")
        except PatternError as error:
            raise RuleError(str(error), (*place, "matches")) from None
    return size


def _tests_of(when: When, path: Path) -> Iterator[tuple[Path, Test]]:
    """Yield the comparisons of a condition and of those inside it, with their places."""
    for part, tests in (("body", when.body), ("header", when.header)):
        for name, test in (tests or {}).items():
            yield (*path, part, name), test
    for inner, below in when.inner():
        yield from _tests_of(inner, (*path, *below))
