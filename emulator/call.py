"""One call of an operation, as its handler sees it: who calls, what for, and how to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator import client_tokens
from emulator.answers import JSON
from emulator.auth import Authenticator, Caller
from emulator.client_tokens import ClientToken
from emulator.contract import CONTRACTS, Contract
from emulator.errors import Invalid
from emulator.gate import Passing
from emulator.schemas.absent import is_absent
from emulator.schemas.common import Body, names_of, parse, unread
from emulator.schemas.reading import Reading
from emulator.store import Store
from emulator.wire import Json, Speaker
from state import sessions
from state.application import Application
from state.records import Collection as Records
from state.sessions import Session
from state.world import Unit, World

B = TypeVar("B", bound=Body)

DEFAULT_COUNT = 50
MAX_COUNT = 1000
PAGING = {"offset", "count", "sessionId", "session_id"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call needs: the world and its store, who verifies tokens, and the settings that matter to handlers."""

    world: World
    store: Store
    authenticator: Authenticator
    public_url: str | None


class Call:
    """A call by a verified caller. Handlers parse, act in one unit, and answer."""

    __slots__ = (
        "_around",
        "_asked_for",
        "_read",
        "_reading",
        "app",
        "caller",
        "contract",
        "operation",
        "params",
        "passing",
        "request",
        "speaker",
    )

    def __init__(
        self, request: Request, operation: str, passing: Passing, caller: Caller, around: Surroundings
    ) -> None:
        self.request = request
        self.operation = operation
        self.passing = passing
        self.params: Mapping[str, str] = passing.params
        self.caller = caller
        self.app: Application = caller.app
        self.contract: Contract = CONTRACTS[caller.app.options.contract]
        self.speaker = Speaker(caller.app, self._project(), around.public_url or base_url(request))
        self._around = around
        self._asked_for: set[str] = set()
        self._read = False
        self._reading: Reading | None = None

    def _project(self) -> str:
        """The project as it was called; a new session is named after the dialect of the token."""
        project = self.params.get("applicationId")
        return project if project is not None else self.caller.project

    def unit(self) -> Unit:
        """Return a unit of work on the caller's application."""
        return self._around.world.unit(self.app)

    def body(self, model: type[B]) -> B:
        """Read the body; fields that nothing reads are noted in the journal, of a refused one too. Raises `Invalid`."""
        try:
            body = parse(model, self.passing.body, self.reading)
        except Invalid:
            known = {field.alias or name for name, field in model.model_fields.items()} | model.model_fields.keys()
            self._read = True
            self.passing.exchange.unread = tuple(name for name in names_of(self.passing.body) if name not in known)
            raise
        self.note_unread(body)
        return body

    @property
    def reading(self) -> Reading:
        """How the request is read: by the contract and the options of the application."""
        if self._reading is None:
            self._reading = Reading(self.app.options)
        return self._reading

    def note_unread(self, body: Body) -> None:
        """Note the fields of the body that were sent and that nothing reads."""
        self._read = True
        self.passing.exchange.unread = unread(body)

    def note_rest(self) -> None:
        """Note what else was sent and read by nothing, once the work is done: of the query, or a body as a whole."""
        exchange, body = self.passing.exchange, self.passing.body
        if self._reading is not None and self._reading.noted:
            exchange.undocumented += tuple(self._reading.noted)
        if body and not self._read:
            exchange.unread += names_of(body)
        if exchange.query:
            given = dict.fromkeys(self.request.query_params)
            exchange.unread += tuple(f"?{name}" for name in given if name and name not in self._asked_for)

    def note_rest_of_refused(self) -> None:
        """Note what a refused call sent and no call reads of a query; its handler may not have come to reading it."""
        self._asked_for |= PAGING
        self._read = True  # its handler would have
        self.note_rest()

    def session(self, app: Application, session_id: str | None = None) -> Session:
        """Return the session of the path, or that with the id given. Raises as `sessions.find`."""
        return sessions.find(app, session_id if session_id is not None else self.params["sessionId"])

    def client_token(self, token: str, session_id: str, roles: Collection[str] = client_tokens.ROLES) -> ClientToken:
        """Check the client token inside the body. Raises `NotAllowed`."""
        authenticator, lax = self._around.authenticator, self.app.options.auth == "lax"
        return client_tokens.check(self.app, authenticator, token, session_id, roles=roles, lax=lax)

    def page(self, records: Records[Any], write: Callable[[Any], Json], *, by_session: bool = False) -> Response:
        """Answer one page of a list: `offset`, `count` and, `by_session`, `sessionId` (some SDKs: `session_id`)."""
        session_id = (self._asked("sessionId", "session_id") or None) if by_session else None
        offset, count = self.bounds(DEFAULT_COUNT)
        if count > MAX_COUNT and not self.reading.lets("pageSize", count, "?count"):
            raise Invalid(f"must be at most {MAX_COUNT}", "count")
        total, items = records.page(offset, min(count, MAX_COUNT), session_id)
        return self.answer(self.listed(total, [write(item) for item in items]))

    def bounds(self, default_count: int) -> tuple[int, int]:
        """Return `offset` and `count` of the query. Raises `Invalid`."""
        return (
            self._number("offset", 0),
            self._number("count", default_count),
        )

    def _number(self, field: str, default: int) -> int:
        """Return a parameter of the query that is a whole number. Raises `Invalid`."""
        text = self._asked(field)
        if text is None:
            return default
        if text.isascii() and text.isdigit():
            return min(int(text[:12]), 10**9)
        if self.reading.lets("pageAbsent" if is_absent(text) else "page", text, f"?{field}"):
            return default
        raise Invalid(f"must be a whole number from 0 on (got {text[:50]!r})", field)

    def part(self, items: Sequence[Any], write: Callable[[Any], Json], **more: Any) -> Response:
        """Answer all the items, or the part that `offset` and `count` name: some SDKs page through what has no pages.

        They ask on until a page is empty (fidelity/sdk-wire.md 4B.9).
        """
        offset, count = self.bounds(len(items))
        found = [write(item) for item in items[offset : offset + count]]
        return self.answer(self.listed(len(items), found, **more))

    def listed(self, total: int, items: list[Json], **more: Any) -> Json:
        """Return the body of a list; what its `count` means is an option."""
        return {"count": len(items) if self.app.options.list_count == "page" else total, **more, "items": items}

    def _asked(self, *names: str) -> str | None:
        """Return a parameter of the query by the first of its names, and note that it was read."""
        self._asked_for.update(names)
        query = self.request.query_params
        return next((value for name in names if (value := query.get(name))), None)

    def shape(self, schema: str, body: Json) -> Json:
        """Return a body with the keys that the contract documents for it."""
        return self.contract.shape(schema, body)

    def answer(self, body: Any = None) -> Response:
        """Return the answer of success, with the contract's status; without a body where the contract has none."""
        status = self.contract.status(self.operation)
        if body is None or self.operation in self.contract.empty:
            return Response(status_code=status)
        return Response(orjson.dumps(body), status, media_type=JSON)


Handler = Callable[[Call], Awaitable[Response]]


def base_url(request: Request) -> str:
    """Return scheme and host as the caller wrote them."""
    scope = request.scope
    host = request.headers.get("host") or "{}:{}".format(*(scope.get("server") or ("localhost", 80)))
    return f"{scope['scheme']}://{host}"
