"""Reading a large JSON text value by value: no more than one is in memory besides what is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator
from json.scanner import make_scanner
from typing import Any

import orjson

from state import nesting
from state.documents import refuse
from state.nesting import SNAPSHOT_DEPTH, UnwritableError, may_be_deep
from state.parsing import loads

WINDOW = 65_536
"""Characters that are looked at together; more where one value is longer."""

LARGEST_VALUE = 16 * 1024 * 1024
"""Bytes of one value: of a record, or of a failure rule."""

MAX_PARTS = 250_000
"""Brackets and commas of one value: those of a document of `nesting.MAX_VALUES` in a record, and some more."""

TOGETHER = 500
"""Brackets, commas and texts of a long value that are looked at together."""

MAX_BLANKS = 1024 * 1024
"""Blanks between two values."""

MAX_NAME = 65_536
"""Bytes of the name of a member."""

_NEAR = 16
"""Characters before the end of a window in which a mistake, or the end of a number, may be but a cut."""

_BLANKS = re.compile(r"[ \t\n\r]*")
_TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
"""What is inside of a text."""
_STRUCTURE = re.compile(rb'["{}\[\],]')
_PLAIN_END = re.compile(rb"[\]},\s]")
"""What is of interest outside of texts, and what ends a number or a word."""


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

    def value(self, field: str, levels: int = SNAPSHOT_DEPTH) -> Generator[None, None, Any]:
        """Return a whole value of so many levels, read in steps; `field` is its name where it cannot be read."""
        self.peek()
        end = self._end(field)
        if end is None and self._at:
            self._slide(WINDOW)
            end = self._end(field)
        far = end is None
        begun = self.position
        stop = (yield from self._far_end(field, levels)) if end is None else self._start + end
        if stop - begun > LARGEST_VALUE:
            refuse(field, f"is larger than {LARGEST_VALUE} bytes")
        try:
            read = loads(memoryview(self._content)[begun:stop])
            if not far and may_be_deep(self._content[begun:stop], levels):
                nesting.check(read, levels, MAX_PARTS)
        except orjson.JSONDecodeError as error:
            refuse(field, f"the body is not JSON: {error.msg} at byte {begun + error.pos}")
        except UnwritableError as error:
            refuse(".".join(map(str, (field, *error.path) if field else error.path)), str(error))
        self._at += stop - begun
        if far:
            self._slide(WINDOW)
        return read

    def _far_end(self, field: str, levels: int) -> Generator[None, None, int]:
        """Return the byte at which a value ends that goes beyond the window; a window at a time is looked at."""
        content, begun = self._content, self.position
        at, depth, parts, in_text = begun, 0, 0, False
        plain = content[begun] not in b'"[{'
        while at < len(content):
            if at - begun > LARGEST_VALUE:
                refuse(field, f"is larger than {LARGEST_VALUE} bytes")
            limit = min(at + max(WINDOW, 2), len(content))
            for _ in range(TOGETHER):
                if at >= limit:
                    break
                if in_text:
                    at = _matched(_TEXT, content, at, limit)
                    if content[at : at + 1] != b'"':
                        break  # it goes on behind the limit
                    at, in_text = at + 1, False
                    if not depth:
                        return at
                found = (_PLAIN_END if plain else _STRUCTURE).search(content, at, limit)
                if found is None:
                    at = max(at, limit)  # a text may have ended just behind it
                    break
                if plain:
                    return found.start()
                at, token = found.end(), found[0]
                if token == b'"':
                    in_text = True
                elif token in b"[{,":
                    parts += 1
                    depth += token != b","
                    if depth > levels:
                        refuse(field, f"is nested too deeply: {levels} levels are allowed")
                    if parts > MAX_PARTS:
                        refuse(field, f"has more than {MAX_PARTS} brackets and commas")
                else:
                    depth -= 1
                    if not depth:
                        return at
            yield
        return at

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
            name = self._name()
            if name in seen:
                refuse(name[:100], "comes twice")
            seen.add(name)
            self._take(":")
            yield name
            if self._take(",}") == "}":
                return

    def _name(self) -> str:
        size = WINDOW
        while (end := self._end("")) is None:
            if size > MAX_NAME:
                refuse("", f"a name is longer than {MAX_NAME} bytes at byte {self.position}")
            size *= 4
            self._slide(size)
        try:
            name = str(orjson.loads(self._content[self.position : self._start + end]))
        except orjson.JSONDecodeError as error:
            refuse("", f"the body is not JSON: {error}")
        self._at = end
        return name

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


def _matched(pattern: re.Pattern[bytes], content: bytes, start: int, end: int) -> int:
    found = pattern.match(content, start, end)
    assert found is not None  # it matches nothing, too
    return found.end()
