"""The known name that somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to a misspelt one, whatever its case, or nothing."""
    lower = {each.lower(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.lower(), list(lower), n=1)
    return lower[near[0]] if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question for the name that was probably meant, or nothing."""
    found = nearest(name, known)
    return f"did you mean {found}?" if found else ""
