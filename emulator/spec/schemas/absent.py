"""How clients write that a value is absent, in forms and queries, which have no null."""

from __future__ import annotations

from typing import Any

_WORDS = frozenset({"undefined", "null", "nan", "none", "nil", "[object object]"})
"""In lower case: JavaScript writes `undefined`, `null`, `NaN` and `[object Object]`, Python `None`, Ruby `nil`."""


def is_absent(value: Any) -> bool:
    """Tell whether a value is the word of a language for one that is not there."""
    return isinstance(value, str) and value.strip().lower() in _WORDS
