"""How a line of the log looks: what clients sent is escaped, so that nobody forges a line or moves the cursor."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

_Caught = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TimeStamps:
    """Writes points of time, s since the epoch, in UTC with milliseconds: `2026-01-31T09:05:07.123Z`."""

    def __init__(self) -> None:
        self._second, self._text = -1, ""

    def __call__(self, at: float) -> str:
        """Return a point of time as text."""
        second = int(at)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{int((at - second) * 1000):03d}Z"


class LineFormatter(logging.Formatter):
    """One line a record, with every character that is not printed escaped; a traceback stands indented below it."""

    def __init__(self) -> None:
        super().__init__()
        self._stamp = TimeStamps()

    def usesTime(self) -> bool:
        """Leave the time to `formatMessage`."""
        return False

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return self.line(record.created, record.levelname, record.name, record.message)

    def line(self, at: float, level: str, name: str, message: str) -> str:
        """Return a line."""
        return f"{self._stamp(at)} {level} {name}: {escaped(message)}"

    def formatException(self, ei: _Caught) -> str:
        """Return a traceback whose lines cannot be taken for records."""
        return "\n".join(f"  {escaped(line)}" for line in super().formatException(ei).split("\n"))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII: `time`, `level`, `logger`, `message`, and `exception` where there was one."""

    def __init__(self) -> None:
        super().__init__()
        self._stamp = TimeStamps()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        more = {"message": record.getMessage()}
        if record.exc_info:
            more["exception"] = self.formatException(record.exc_info)
        return self.line(record.created, record.levelname, record.name, more)

    def line(self, at: float, level: str, name: str, fields: Mapping[str, Any]) -> str:
        """Return a line."""
        return json.dumps({"time": self._stamp(at), "level": level.lower(), "logger": name, **fields}, default=str)


def escaped(text: str) -> str:
    """Return the text with every character that is not printed as Python writes it (`\\n`, `\\x1b`)."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
