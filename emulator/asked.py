"""What rules are asked about, read from a request only as far as a rule wants to know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator import auth
from emulator.errors import NotAllowed
from emulator.gate import Passing
from scenarios.predicates import MISSING
from state.application import Application

_PLACES: Mapping[str, str] = {
    "archiveId": "archives",
    "broadcastId": "broadcasts",
    "renderId": "renders",
    "captionsId": "captions",
    "connectorId": "connectors",
}

_NAMES = ("name", "multiArchiveTag", "multiBroadcastTag", "properties.name")
"""Fields of a request that name what it starts."""


def content_of(operation: str, raw: bytes) -> Any:
    """Return what a request's body says: JSON, or the form of `createSession`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return dict(parse_qsl(raw.decode("utf-8", "replace"))) if operation == "createSession" else {}


def look_up(content: Any, path: str) -> Any:
    """Return the field at a dotted path, or `MISSING`; numbers are indexes into lists."""
    if isinstance(content, dict) and path in content:
        return content[path]
    for part in path.split("."):
        if isinstance(content, dict) and part in content:
            content = content[part]
        elif isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            return MISSING
    return content


class AskedCall:
    """One call of an operation, as `scenarios.predicates.Asked`."""

    def __init__(self, app: Application, passing: Passing, query: Mapping[str, str]) -> None:
        self._app = app
        self._passing = passing
        self._query = query
        self.operation = passing.exchange.operation
        self.now = app.now

    @cached_property
    def session(self) -> str:
        """The session of the path, of the body, of the query, or of the resource."""
        session = self._passing.params.get("sessionId") or self.field("sessionId")
        if not isinstance(session, str) or not session:
            session = self._query.get("sessionId") or self._query.get("session_id")
        if not session and self._record is not None:
            session = self._record.session_id
        return session or ""

    @cached_property
    def resources(self) -> Collection[str]:
        """Ids of the path, and names and tags of what is there or is to be started."""
        found = {value for name, value in self._passing.params.items() if name not in ("applicationId", "sessionId")}
        if self._passing.body:
            found.update(value for path in _NAMES if isinstance(value := self.field(path), str))
        if self._record is not None:
            new = self._record.new
            found.update(value for word in ("name", "tag") if (value := getattr(new, word, "")))
        return found

    @property
    def state(self) -> str:
        """The status of the archive, broadcast, render, captions or connector of the path."""
        return self._record.status if self._record is not None else ""

    @cached_property
    def role(self) -> str:
        """The role of the client token in the body."""
        token = self.field("token")
        if not isinstance(token, str):
            return ""
        try:
            return str(auth.read(token)[1].get("role", "publisher"))
        except NotAllowed:
            return ""

    def field(self, path: str) -> Any:
        """Return a field of the body by its dotted path; numbers are indexes into lists."""
        return look_up(self._body, path)

    def header(self, name: str) -> str | None:
        """Return a header of the request."""
        wanted = name.lower().encode("latin-1", "replace")
        for key, value in self._passing.exchange.headers:
            if key == wanted:
                return value.decode("latin-1")
        return None

    @cached_property
    def _body(self) -> Any:
        return content_of(self.operation, self._passing.body)

    @cached_property
    def _record(self) -> Any:
        for parameter, place in _PLACES.items():
            record_id = self._passing.params.get(parameter)
            if record_id is not None:
                records = getattr(self._app, place)
                return records.get(record_id) if records.has(record_id) else None
        return None


class AskedCallback:
    """One callback, as `scenarios.predicates.Asked`; its body is that of the callback."""

    def __init__(self, app: Application, kind: str, session: str, body: bytes) -> None:
        self.operation = kind
        self.now = app.now
        self.session = session
        self.role = ""
        self._body = orjson.loads(body)

    @property
    def resources(self) -> Collection[str]:
        """Ids and names in the body."""
        call = self._body.get("call", {})
        values = (self._body.get("id"), self._body.get("name"), self._body.get("multiArchiveTag"), call.get("id"))
        return [value for value in values if isinstance(value, str) and value]

    @property
    def state(self) -> str:
        """The status that the callback tells."""
        return str(self._body.get("status") or self._body.get("state") or "")

    def field(self, path: str) -> Any:
        """Return a field of the callback's body by its dotted path."""
        return look_up(self._body, path)

    def header(self, name: str) -> str | None:
        """Return None: the headers are made later."""
        return None
