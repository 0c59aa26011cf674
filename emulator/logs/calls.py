"""The line of each call: what was asked, by whom, what was answered, how long that took, and why it was refused."""

from __future__ import annotations

import logging
import time
from logging import DEBUG, INFO, WARNING
from typing import Any

import orjson

from emulator.context import RequestContext
from emulator.logs.lines import JsonFormatter, LineFormatter
from emulator.logs.writer import LogFormat, LogWriter
from emulator.security.masking import masked

log = logging.getLogger("emulator")

MAX_TARGET = 500
MAX_REASON = 300
"""Characters of a path with its query, and of a reason, that a line has at most."""
MAX_KEPT = MAX_ANSWER = 4096
"""Characters of a path, and bytes of a refusal, that wait to be written."""

NAMES = {DEBUG: "DEBUG", INFO: "INFO", WARNING: "WARNING"}
NOT_ALLOWED = (401, 403, 421)


Call = tuple[float, int, str, str, str, int, float, str, str, bytes]
"""What a line tells: time (s), level, method, target, operation, status, duration (ms), application, fault, answer.

It is little, for many may wait to be written, and a plain tuple, for every call makes one.
"""


class CallLog:
    """Writes a line for each call: to `writer`, which `serve` sets, or to `logging` as it is set up.

    A line is made where it is written: that is many at once, which takes half the time of one after each call.
    """

    def __init__(self, format_: LogFormat = "text") -> None:
        self._lines = JsonFormatter() if format_ == "json" else LineFormatter()
        self.writer: LogWriter | None = None

    def note(self, context: RequestContext) -> None:
        """Write the line of a call that was answered, or whose connection was broken."""
        exchange, app = context.exchange, context.app
        status = exchange.status
        if 0 < status < 400:  # who looks on, as the live page and health checks do, matters least
            level = DEBUG if context.looked or (context.control and exchange.method == "GET") else INFO
        else:
            level = _level_of_refusal(status, exchange.fault)
        if not log.isEnabledFor(level):
            return
        target = f"{exchange.path}?{exchange.query}" if exchange.query else exchange.path
        call = (
            time.time(),
            level,
            "HEAD" if context.head_only else exchange.method,
            target[:MAX_KEPT],
            exchange.operation,
            status,
            (time.perf_counter() - context.since) * 1000,
            app.id if app is not None else "",
            exchange.fault,
            exchange.answer[:MAX_ANSWER] if status >= 400 else b"",
        )
        if self.writer is None:
            log.log(level, "%s", _text(call))
        else:
            self.writer.write(self._line, call)

    def _line(self, call: Call) -> str:
        if isinstance(self._lines, JsonFormatter):
            return self._lines.line(call[0], NAMES[call[1]], log.name, _fields(call))
        return self._lines.line(call[0], NAMES[call[1]], log.name, _text(call))


def _level_of_refusal(status: int, fault: str) -> int:
    """Return how much it matters that a call was refused; one that a rule refuses is as somebody wanted it."""
    return WARNING if not fault and (status in NOT_ALLOWED or status >= 500) else INFO


def _fields(call: Call) -> dict[str, Any]:
    """Return what a line tells; what does not apply is left out. Times in ms."""
    _, _, method, target, operation, status, duration, application, fault, answer = call
    fields: dict[str, Any] = {
        "method": method,
        "path": _shown(target),
        "operation": operation,
        "status": status,
        "ms": round(duration, 1),
        "application": application,
        "fault": fault,
        "reason": reason_of(answer) if answer else "",
    }
    return {name: value for name, value in fields.items() if value != ""}


def _text(call: Call) -> str:
    """Return the same as text."""
    _, _, method, target, operation, status, duration, application, fault, answer = call
    target, outcome = _shown(target), status or "no response"
    text = f"{method} {target} {operation} {outcome}" if operation else f"{method} {target} {outcome}"
    text = f"{text} {duration:.1f} ms application={application}" if application else f"{text} {duration:.1f} ms"
    if fault:
        text = f"{text} fault={fault}"
    return f"{text}: {reason_of(answer)}" if answer else text


def _shown(target: str) -> str:
    target = masked(target)
    return target if len(target) <= MAX_TARGET else f"{target[:MAX_TARGET]}…"


def reason_of(answer: bytes) -> str:
    """Return in words why a call was refused: the message of its body, with the field and what was probably meant."""
    try:
        content = orjson.loads(answer)
    except ValueError:
        content = answer.decode("utf-8", "replace")
    if isinstance(content, dict):
        error = content.get("error")
        if isinstance(error, dict):
            said = [error.get("field"), error.get("message")]
            text = ": ".join(str(each) for each in said if each)
            content = f"{text}; {error['suggestion']}" if error.get("suggestion") else text
        else:
            content = content.get("message") or content.get("description") or content.get("error") or content
    text = masked(str(content).strip())
    return text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]}…"
