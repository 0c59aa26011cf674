"""What a JSON document may hold so that it can be stored, shown and read back: one limit for every door.

Readers and writers of JSON give up at different depths (orjson writes 254 levels and reads 1,024, Python's own end with
the stack, pydantic's models at 255), and at different numbers and texts. What is let in here passes all of them, inside
the documents that it becomes a part of, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 64
"""Levels of objects and lists in a document that somebody writes: a rule, a pack, a body, the claims of a token."""

SNAPSHOT_DEPTH = MAX_DEPTH + 16
"""Levels of a snapshot, which has such documents inside."""

MAX_VALUES = 100_000
"""Values in such a document, those in its objects and lists: each takes memory, however short it is written."""

SMALLEST, LARGEST = -(2**63), 2**64 - 1
"""Whole numbers beyond these have more than 64 bits."""

Path = tuple[str | int, ...]

_Link = tuple[Any, str | int] | None
"""Where a value stands: the link of what holds it, and its key or index in there."""


class UnwritableError(ValueError):
    """A document that could not be written again; `path` leads to what is wrong with it, the text says what."""

    def __init__(self, problem: str, path: Path = ()) -> None:
        super().__init__(problem)
        self.path = path


def check(document: Any, most: int = MAX_DEPTH, values: int = MAX_VALUES) -> int:
    """Return how many values a document has. Raise `UnwritableError` unless it can be stored and shown.

    It must be of at most so many levels and values, its whole numbers of 64 bits, its other numbers finite, its texts
    Unicode.
    """
    pending: list[tuple[Any, int, _Link]] = [(document, 0, None)]
    seen = 1
    while pending:
        value, depth, link = pending.pop()
        if isinstance(value, str):
            _check_text(value, link)
        elif isinstance(value, int):
            if not SMALLEST <= value <= LARGEST:
                raise UnwritableError("is a number of more than 64 bits", _path(link))
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise UnwritableError("input should be a finite number", _path(link))
        elif isinstance(value, Mapping | list | tuple):
            if depth == most:
                raise UnwritableError(f"is nested too deeply: {most} levels are allowed", _path(link)[:8])
            seen += len(value)
            if seen > values:
                raise UnwritableError(f"has more than {values} values", _path(link)[:8])
            if isinstance(value, Mapping):
                for key in value:
                    _check_text(key, link)
                pending += [(each, depth + 1, (link, key)) for key, each in value.items()]
            else:
                pending += [(each, depth + 1, (link, index)) for index, each in enumerate(value)]
    return seen


def may_be_too_much(written: bytes) -> bool:
    """Tell whether JSON can have more levels or values than allowed: it is quick, and True for other documents too."""
    return may_be_deep(written) or written.count(b",") >= MAX_VALUES // 2


def may_be_deep(written: bytes, most: int = MAX_DEPTH) -> bool:
    """Tell whether JSON can be nested more deeply than allowed: it is quick, and True for long documents too."""
    return written.count(b"{") + written.count(b"[") > most


def count(document: Any) -> int:
    """Return how many values a document has, itself and all that are in it."""
    pending, seen = [document], 1
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            seen += len(value)
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            seen += len(value)
            pending.extend(value)
    return seen


def _check_text(text: Any, link: _Link) -> None:
    if isinstance(text, str) and not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UnwritableError(f"has half a character (U+{ord(text[error.start]):04X})", _path(link)) from None


def _path(link: _Link) -> Path:
    path: list[str | int] = []
    while link is not None:
        link, key = link
        path.append(key.encode("ascii", "backslashreplace").decode() if isinstance(key, str) else key)
    return tuple(reversed(path))
