"""The line of each call: what was asked, by whom, what was answered, how long that took, and why it was refused."""

from __future__ import annotations

import logging
import time
from typing import Any

import orjson

from emulator.context import RequestContext
from emulator.logs.lines import JsonFormatter, LineFormatter
from emulator.logs.writer import LogFormat, LogWriter
from emulator.security.masking import masked
from emulator.spec.paths import CONTROL
from state.journal import Exchange

log = logging.getLogger("emulator")

MAX_TARGET = 500
MAX_REASON = 300
"""Characters of a path with its query, and of a reason, that a line has at most."""

NAMES = {logging.DEBUG: "DEBUG", logging.INFO: "INFO", logging.WARNING: "WARNING"}
READS = ("GET", "HEAD")
NOT_ALLOWED = (401, 403, 421)


class CallLog:
    """Writes a line for each call: to `writer`, which `serve` sets, or to `logging` as it is set up."""

    def __init__(self, format_: LogFormat = "text") -> None:
        self._lines = JsonFormatter() if format_ == "json" else LineFormatter()
        self.writer: LogWriter | None = None

    def note(self, context: RequestContext) -> None:
        """Write the line of a call that was answered, or whose connection was broken."""
        level = _level(context)
        if not log.isEnabledFor(level):
            return
        if self.writer is None:
            log.log(level, "%s", _text(context))
        elif isinstance(self._lines, JsonFormatter):
            self.writer.write(self._lines.line(time.time(), NAMES[level], log.name, _fields(context)))
        else:
            self.writer.write(self._lines.line(time.time(), NAMES[level], log.name, _text(context)))


def _level(context: RequestContext) -> int:
    """Return how much a call matters: who looks on, as the live page and health checks do, matters least."""
    exchange = context.exchange
    status = exchange.status
    if status < 400:
        looks_on = context.looked or (exchange.path.startswith(CONTROL) and exchange.method in READS)
        return logging.DEBUG if looks_on and status else logging.INFO
    if exchange.fault:
        return logging.INFO
    return logging.WARNING if status in NOT_ALLOWED or status >= 500 else logging.INFO


def _fields(context: RequestContext) -> dict[str, Any]:
    """Return what a line tells; what does not apply is left out. Times in ms."""
    exchange = context.exchange
    fields: dict[str, Any] = {
        "method": "HEAD" if context.head_only else exchange.method,
        "path": _target(exchange),
        "operation": exchange.operation,
        "status": exchange.status,
        "ms": round(_milliseconds(context), 1),
        "application": context.app.id if context.app is not None else "",
        "fault": exchange.fault,
        "reason": reason_of(exchange.answer) if exchange.status >= 400 else "",
    }
    return {name: value for name, value in fields.items() if value != ""}


def _text(context: RequestContext) -> str:
    """Return the same as text; written out, for every call has one."""
    exchange, app = context.exchange, context.app
    method = "HEAD" if context.head_only else exchange.method
    operation = f" {exchange.operation}" if exchange.operation else ""
    application = f" application={app.id}" if app is not None else ""
    fault = f" fault={exchange.fault}" if exchange.fault else ""
    reason = f": {reason_of(exchange.answer)}" if exchange.status >= 400 else ""
    status = exchange.status or "no response"
    duration = _milliseconds(context)
    return f"{method} {_target(exchange)}{operation} {status} {duration:.1f} ms{application}{fault}{reason}"


def _target(exchange: Exchange) -> str:
    target = masked(f"{exchange.path}?{exchange.query}" if exchange.query else exchange.path)
    return target if len(target) <= MAX_TARGET else f"{target[:MAX_TARGET]}…"


def _milliseconds(context: RequestContext) -> float:
    return (time.perf_counter() - context.since) * 1000


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
