"""Reading a large JSON text value by value: no more than one is in memory besides what is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json.scanner import make_scanner
from typing import Any

import orjson

from state import nesting
from state.documents import refuse
from state.nesting import SNAPSHOT_DEPTH, UnwritableError, may_be_deep

WINDOW = 65_536
"""Characters that are looked at together; more where one value is longer."""

LARGEST_VALUE = 16 * 1024 * 1024
"""Bytes of one value: of a record, or of all failure rules."""

MAX_PARTS = 250_000
"""Brackets and commas of one value."""

MAX_PARTS_OF_RULES = 600_000
"""Brackets and commas of all failure rules: an application has up to 10,000 of them."""

MAX_BLANKS = 1024 * 1024
"""Blanks between two values."""

_NEAR = 16
"""Characters before the end of a window in which a mistake, or the end of a number, may be but a cut."""

_BLANKS = re.compile(r"[ \t\n\r]*")
_TEXTS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""Texts, one without an end too: else it is looked for again and again."""


# Where a value ends is all that is wanted: numbers are not made.
_scan: Callable[[str, int], tuple[Any, int]] = make_scanner(
    json.JSONDecoder(parse_int=len, parse_float=len)  # type: ignore[arg-type]
)


class Reader:
    """Reads JSON from its beginning to its end; what is wrong raises `DocumentError`.

    (orjson reads what it is given as a whole, and 45 MB of `[],` become 1.5 GB.)
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._start = 0
        self._at = 0
        self._text = ""
        self._slide(WINDOW)

    @property
    def position(self) -> int:
        """Where it reads, in bytes from the beginning."""
        return self._start + self._at

    def peek(self) -> str:
        """Return the first character of what follows, blanks aside; "" at the end."""
        begun = self.position
        while True:
            found = _BLANKS.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if self._whole:
                return ""
            if self.position - begun > MAX_BLANKS:
                refuse("", f"there are more than {MAX_BLANKS} blanks at byte {begun}")
            self._slide(WINDOW)

    def value(self, field: str, most: int = MAX_PARTS) -> Any:
        """Read a whole value of `most` parts; `field` is what it is called where it cannot be read."""
        self.peek()
        size = WINDOW
        while (end := self._end(field)) is None:
            if self._at:
                self._slide(size)
                continue
            size *= 4
            if size > 4 * LARGEST_VALUE:
                refuse(field, f"is larger than {LARGEST_VALUE} bytes")
            self._slide(min(size, LARGEST_VALUE + 1))
            if size > 4 * WINDOW:
                self._require_few_parts(field, most)
        value = self._content[self.position : self._start + end]
        self._at = end
        if len(value) > LARGEST_VALUE:
            refuse(field, f"is larger than {LARGEST_VALUE} bytes")
        try:
            read = orjson.loads(value)
            if may_be_deep(value, SNAPSHOT_DEPTH):
                nesting.check(read, SNAPSHOT_DEPTH)
        except orjson.JSONDecodeError as error:
            refuse(field, f"the body is not JSON: {error}")
        except UnwritableError as error:
            refuse(".".join(map(str, (field, *error.path) if field else error.path)), str(error))
        return read

    def members(self) -> Iterator[str]:
        """Yield the names of an object's members; whoever asks reads the value of each before the next."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        seen: set[str] = set()
        while True:
            if self.peek() != '"':
                self._fail()
            name = str(self.value(""))
            if name in seen:
                refuse(name[:100], "comes twice")
            seen.add(name)
            self._take(":")
            yield name
            if self._take(",}") == "}":
                return

    def elements(self) -> Iterator[int]:
        """Yield the places of a list's elements, from 0; whoever asks reads each before the next."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        index = 0
        while True:
            yield index
            index += 1
            if self._take(",]") == "]":
                return

    def end(self) -> None:
        """Refuse what follows the value."""
        if self.peek():
            self._fail()

    @property
    def _whole(self) -> bool:
        """Whether the window reaches to the end."""
        return self._start + len(self._text) >= len(self._content)

    def _slide(self, size: int) -> None:
        """Let the window begin where it is read; one character is one byte in it."""
        self._start, self._at = self.position, 0
        self._text = str(memoryview(self._content)[self._start : self._start + size], "latin-1")

    def _end(self, field: str) -> int | None:
        """Return where the value ends in the window, None when that has to be larger to know."""
        try:
            end = _scan(self._text, self._at)[1]
        except json.JSONDecodeError as error:
            problem, wrong = error.msg, error.pos
            cut = wrong >= len(self._text) - _NEAR or problem.startswith("Unterminated")
        except StopIteration as error:
            problem, wrong = "expecting a value", error.value
            cut = wrong >= len(self._text) - _NEAR
        except RecursionError:
            refuse(field, "is nested too deeply")
        else:
            # "1.5" that is cut behind the point reads as 1
            return end if end + _NEAR < len(self._text) or self._whole else None
        if self._whole or not cut:
            refuse(field, f"the body is not JSON: {problem} at byte {self._start + wrong}")
        return None

    def _require_few_parts(self, field: str, most: int) -> None:
        without_texts = _TEXTS.sub("", self._text)
        if sum(map(without_texts.count, "[{,")) > most:
            refuse(field, f"has more than {most} brackets and commas")

    def _take(self, wanted: str) -> str:
        found = self.peek()
        if not found or found not in wanted:
            self._fail()
        self._at += 1
        return found

    def _fail(self) -> None:
        found = self.peek()
        what = f"{found!r} is not expected" if found else "it ends too early"
        refuse("", f"the body is not JSON: {what} at byte {self.position}")
