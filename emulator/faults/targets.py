"""What rules are asked about, read from a request only as far as a rule wants to know."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.auth import rest_tokens
from emulator.context import RequestContext
from emulator.resources.registry import PARAMETERS, WIRE_KINDS
from emulator.spec.errors import NotAllowedError
from scenarios.patterns import Search
from scenarios.targets import MISSING
from state import nesting
from state.application import Application
from state.events import Event
from state.nesting import UnwritableError
from state.parsing import loads

_NAMES = tuple(dict.fromkeys(name for each in WIRE_KINDS.values() for name in each.naming))
"""Fields of a request that name what it starts."""


def content_of(operation: str, raw: bytes) -> Any:
    """Return what a request's body says: JSON, or the form of `createSession`."""
    if not raw:
        return {}
    try:
        content = loads(raw)
        if nesting.may_be_too_much(raw):
            nesting.check(content)
        return content
    except UnwritableError:  # the service refuses it
        return {}
    except orjson.JSONDecodeError:
        return dict(parse_qsl(raw.decode("utf-8", "replace"))) if operation == "createSession" else {}


def look_up(content: Any, path: str) -> Any:
    """Return the field at a dotted path, or `MISSING`; numbers are indexes into lists."""
    if isinstance(content, dict) and path in content:
        return content[path]
    for part in path.split("."):
        if isinstance(content, dict) and part in content:
            content = content[part]
        elif isinstance(content, list) and part.isdecimal() and len(part) < 10 and int(part) < len(content):
            content = content[int(part)]
        else:
            return MISSING
    return content


class RequestTarget:
    """One call of an operation, as `scenarios.targets.MatchTarget`; nothing is read before a rule wants to know it."""

    __slots__ = (
        "_app",
        "_body",
        "_context",
        "_record",
        "_resources",
        "_search",
        "_session",
        "operation",
    )  # fmt: skip

    def __init__(self, app: Application, context: RequestContext) -> None:
        self._app = app
        self._context = context
        self.operation = context.exchange.operation
        self._body: Any = MISSING
        self._record: Any = MISSING
        self._session: str | None = None
        self._resources: set[str] | None = None
        self._search: Search | None = None

    @property
    def now(self) -> int:
        """The application's time, ms."""
        return self._app.now

    @property
    def session(self) -> str:
        """The session of the path, of the body, of the query, or of the resource."""
        if self._session is None:
            self._session = self._find_session()
        return self._session

    @property
    def resources(self) -> Collection[str]:
        """Ids of the path, and names and tags of what is there or is to be started."""
        if self._resources is None:
            self._resources = self._find_resources()
        return self._resources

    @property
    def state(self) -> str:
        """The status of the resource of the path."""
        record = self._find_record()
        return record.status if record is not None else ""

    @property
    def role(self) -> str:
        """The role of the client token in the body."""
        token = self.field("token") if self._context.body else None
        if not isinstance(token, str):
            return ""
        try:
            return str(rest_tokens.read(token)[1].get("role", "publisher"))
        except NotAllowedError:
            return ""

    def field(self, path: str) -> Any:
        """Return a field of the body by its dotted path, or `MISSING`; numbers are indexes into lists."""
        if self._body is MISSING:
            self._body = content_of(self.operation, self._context.body)
        return look_up(self._body, path)

    def header(self, name: str) -> Any:
        """Return a header of the request by its name in lower case, or `MISSING`."""
        value = self._context.headers.get(name)
        return MISSING if value is None else value

    @property
    def search(self) -> Search:
        """What looks for the patterns of all rules: together they have their time."""
        if self._search is None:
            self._search = Search(time.thread_time)
        return self._search

    def _find_session(self) -> str:
        session = self._context.params.get("sessionId") or self.field("sessionId")
        if not isinstance(session, str) or not session:
            query = dict(parse_qsl(self._context.exchange.query))
            session = query.get("sessionId") or query.get("session_id")
        record = None if session else self._find_record()
        return session or (record.session_id if record is not None else "")

    def _find_resources(self) -> set[str]:
        params = self._context.params
        found = {params[name] for name in params if name not in ("applicationId", "sessionId")}
        if self._context.body:
            found.update(value for path in _NAMES if isinstance(value := self.field(path), str))
        record = self._find_record()
        if record is not None:
            found.update(record.names)
        return found - {""}

    def _find_record(self) -> Any:
        if self._record is MISSING:
            self._record = None
            for parameter, record_id in self._context.params.items():
                if parameter in PARAMETERS:
                    records = self._app[PARAMETERS[parameter].kind.type]
                    self._record = records.get(record_id) if records.has(record_id) else None
        return self._record


class CallbackTarget:
    """One callback of `kind` that tells an event, as `scenarios.targets.MatchTarget`.

    `body` is that of the callback.
    """

    def __init__(self, app: Application, kind: str, event: Event, body: bytes) -> None:
        self.operation = kind
        self.now = app.now
        self.session = event.session_id
        self.role = ""
        self.search = Search(time.thread_time)
        self._event = event
        self._body = orjson.loads(body)

    @property
    def resources(self) -> Collection[str]:
        """The id of what the event is about, and what it was named, whether the body tells it or not."""
        return {self._event.subject, *getattr(self._event.record, "names", ())} - {""}

    @property
    def state(self) -> str:
        """The status that the callback tells."""
        return str(self._body.get("status") or self._body.get("state") or "")

    def field(self, path: str) -> Any:
        """Return a field of the callback's body by its dotted path."""
        return look_up(self._body, path)

    def header(self, name: str) -> Any:
        """Return `MISSING`: the headers are made later."""
        return MISSING
