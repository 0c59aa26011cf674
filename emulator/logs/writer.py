"""Writing the log: from a thread of its own, so that who reads it slowly, or not at all, does not hold up anybody."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, TextIO, TypeVar

from emulator.logs.lines import JsonFormatter, LineFormatter

LogFormat = Literal["text", "json"]
T = TypeVar("T")

MAX_LINES = 10_000
"""Lines that wait to be written at most; what comes beyond is counted and left out."""
GATHER_SECONDS = 0.05
"""How long lines are gathered before they are written together."""
END_SECONDS = 1.0
"""How long the end waits for a reader."""


class LogWriter(logging.Handler):
    """Writes lines to a stream, in the order in which they came."""

    def __init__(self, stream: TextIO, format_: LogFormat = "text") -> None:
        super().__init__()
        self._stream = stream
        self.setFormatter(JsonFormatter() if format_ == "json" else LineFormatter())
        self._lines: deque[tuple[Callable[[Any], str], Any]] = deque()
        self._lost = 0
        self._come = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record of `logging`."""
        self.write(str, self.format(record))

    def write(self, form: Callable[[T], str], told: T) -> None:
        """Write soon what `form` makes a line of."""
        if len(self._lines) >= MAX_LINES:
            self._lost += 1
            return
        self._lines.append((form, told))
        if not self._come.is_set():
            self._come.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Write what waits, unless nobody reads."""
        if self._writing.acquire(timeout=END_SECONDS):
            try:
                self._write_all()
            finally:
                self._writing.release()

    def _run(self) -> None:
        while True:
            self._come.wait()
            time.sleep(GATHER_SECONDS)
            self._come.clear()
            with self._writing:
                self._write_all()

    def _write_all(self) -> None:
        waiting = [self._lines.popleft() for _ in range(len(self._lines))]
        lines = [form(told) for form, told in waiting]
        lost, self._lost = self._lost, 0
        if lost:
            message = f"{lost} lines are missing here: they came faster than they were read"
            lines.append(self.format(logging.LogRecord("emulator", logging.WARNING, "", 0, message, None, None)))
        if lines:
            with contextlib.suppress(OSError, ValueError):  # nobody reads: there is nobody to tell
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()


def set_up(stream: TextIO, level: str, format_: LogFormat) -> LogWriter | None:
    """Log the emulator's lines of at least this level, and warnings of what it is made of.

    Returns None when the process has set up a log of its own, which then gets all of it.
    """
    logging.getLogger("emulator").setLevel(level.upper())
    if logging.getLogger().handlers:
        return None
    writer = LogWriter(stream, format_)
    logging.basicConfig(level=max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]), handlers=[writer])
    return writer
