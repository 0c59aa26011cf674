"""How a line of the log looks: what clients sent is escaped, so that nobody forges a line or moves the cursor."""

from __future__ import annotations

import logging
from types import TracebackType

FORMAT = "%(levelname)s %(name)s: %(message)s"

_Caught = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """One line a record, with every character that is not printed escaped; a traceback stands indented below it."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei: _Caught) -> str:
        """Return a traceback whose lines cannot be taken for records."""
        return "\n".join(f"  {escaped(line)}" for line in super().formatException(ei).split("\n"))


def escaped(text: str) -> str:
    """Return the text with every character that is not printed as Python writes it (`\\n`, `\\x1b`)."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def set_up(level: str) -> None:
    """Log what is of at least this level on standard error, unless the process has set up its own log."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
