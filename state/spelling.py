"""The known name that somebody probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

SAME, CLOSE, FAR = 0.85, 0.75, 0.6
"""How alike two names are that differ by a slip; short ones, and longer ones, that may be meant for each other."""
SHORT = 4
"""Letters of a name that has no room for more than a slip."""
MOST = 3
"""How many names are suggested at once."""
LISTED = 16
"""How many names are listed where none is near."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to a misspelt one, whatever its case, or nothing."""
    return next(iter(near(name, known)), "")


def near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that may have been meant: one that is alike, or those of which it is a word."""
    known = sorted(known)
    return alike(name, known, SAME) or having(name, known) or alike(name, known, CLOSE if len(name) <= SHORT else FAR)


def alike(name: str, known: Iterable[str], least: float = SAME) -> list[str]:
    """Return the one known name that is most alike, whatever its case; nothing when none is as alike as that."""
    lower = {each.lower(): each for each in known}
    return [lower[each] for each in difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=least)]


def having(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names of which this one is a word (`secret` of `apiSecret`), or the beginning (`op`)."""
    wanted = name.lower()
    found = [each for each in known if wanted in _words(each) or (len(name) > 1 and each.lower().startswith(wanted))]
    return sorted(found, key=lambda each: (len(each), each)) if len(found) <= MOST else []


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question for the name that was probably meant, or nothing."""
    return asked(near(name, known))


def asked(names: Collection[str]) -> str:
    """Return the question whether one of these was meant; nothing for none."""
    return f"did you mean {' or '.join(names)}?" if names else ""


def listed(known: Iterable[str]) -> str:
    """Return what is allowed, as a suggestion where no name is near; the first of many."""
    names = list(known)
    more = ", …" if len(names) > LISTED else ""
    return f"allowed: {', '.join(names[:LISTED])}{more}" if names else ""
