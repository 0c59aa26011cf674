"""One request as its handler sees it: the caller, the parameters, the body, and how a response is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import orjson
from starlette.responses import Response

from emulator.adapters import Adapters
from emulator.auth import client_tokens
from emulator.auth.rest_tokens import Caller
from emulator.context import RequestContext
from emulator.services import Services
from emulator.spec.client_token import ClientToken
from emulator.spec.contract import CONTRACTS, Contract
from emulator.spec.errors import InvalidRequestError
from emulator.spec.operations import Operation
from emulator.spec.responses import JsonResponse
from emulator.spec.schemas.absent import is_absent
from emulator.spec.schemas.bodies import siblings
from emulator.spec.schemas.common import Body, names_of, parse, unread
from emulator.spec.schemas.reading import Reading
from emulator.spec.wire import Audience, Json
from state import sessions, spelling
from state.application import Application
from state.records import Collection as Records
from state.session_records import Session
from state.world import Unit, View

B = TypeVar("B", bound=Body)

DEFAULT_COUNT = 50
MAX_COUNT = 1000
PAGING = frozenset({"offset", "count", "sessionId", "session_id"})


class Invocation:
    """One request of an authenticated caller, for its handler: to read the body, act in one unit and respond."""

    __slots__ = (
        "_queried",
        "_read",
        "_reading",
        "_services",
        "app",
        "audience",
        "caller",
        "context",
        "contract",
        "operation",
        "params",
    )

    def __init__(self, context: RequestContext, operation: Operation, caller: Caller, services: Services) -> None:
        self.operation = operation
        self.context = context
        self.params: Mapping[str, str] = context.params
        self.caller = caller
        self.app: Application = caller.app
        self.contract: Contract = CONTRACTS[caller.app.options.contract]
        url = services.settings.public_url or context.base_url
        self.audience = Audience(caller.app, self._project(), url)
        self._services = services
        self._queried: set[str] = set()
        self._read = False
        self._reading: Reading | None = None

    def _project(self) -> str:
        """The project as it was called; a new session is named after the dialect of the token."""
        project = self.params.get("applicationId")
        return project if project is not None else self.caller.project

    def unit(self) -> Unit | View:
        """Return a unit of work on the caller's application."""
        world = self._services.world
        return world.view(self.app) if self.context.reads else world.unit(self.app)

    @property
    def adapters(self) -> Adapters:
        """What is real."""
        return self._services.adapters

    def waiting(self) -> AbstractAsyncContextManager[None]:
        """Return a context for what takes time outside of any unit: others may work on the application meanwhile."""
        return self._services.store.release(self.app)

    def body(self, model: type[B]) -> B:
        """Read the body; fields that nothing reads are noted in the journal, of a refused one too.

        Raises `InvalidRequestError`.
        """
        try:
            body = parse(model, self.context.body, self.reading)
        except InvalidRequestError:
            known = {field.alias or name for name, field in model.model_fields.items()} | model.model_fields.keys()
            self._read = True
            self.context.exchange.unread = tuple(name for name in names_of(self.context.body) if name not in known)
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
        """Note the fields of the body that were sent and that nothing reads. Raises `InvalidRequestError`."""
        self._read = True
        self.context.exchange.unread = names = unread(body)
        if names and self._refuses_unknown:
            raise _unknown(names[0], siblings(type(body), names[0]))

    def require_known(self) -> None:
        """Refuse what nothing will read of the query, or of a body where none is read, if the application wants that.

        Raises `InvalidRequestError`.
        """
        if not self._refuses_unknown:
            return
        known = {parameter.name for parameter in self.operation.query}
        known |= {"session_id"} if "sessionId" in known else set()
        for name in filter(None, self.context.query):
            if name not in known:
                raise _unknown(f"?{name}", known)
        if self.operation.body is None:
            self.context.exchange.unread = names = names_of(self.context.body)
            if names:
                raise _unknown(names[0], ())

    @property
    def _refuses_unknown(self) -> bool:
        return self.app.options.unknown_fields == "refuse"

    def note_rest(self) -> None:
        """Note what else was sent and read by nothing, once the work is done: of the query, or a body as a whole."""
        exchange, body = self.context.exchange, self.context.body
        if self._reading is not None and self._reading.noted:
            exchange.undocumented += tuple(self._reading.noted)
        if body and not self._read:
            exchange.unread += names_of(body)
        if exchange.query:
            given = dict.fromkeys(self.context.query)
            exchange.unread += tuple(f"?{name}" for name in given if name and name not in self._queried)

    def note_rest_of_refused(self) -> None:
        """Note what a refused call sent and no call reads of a query; its handler may not have come to reading it."""
        self._queried |= PAGING
        self._read = True  # its handler would have
        self.note_rest()

    def session(self, app: Application, session_id: str | None = None) -> Session:
        """Return the session of the path, or that with the id given. Raises as `sessions.find`."""
        return sessions.find(app, session_id if session_id is not None else self.params["sessionId"])

    def read_session(self, app: Application) -> Session:
        """Return the session of the path for a call that changes nothing. Raises as `sessions.look_up`."""
        return sessions.look_up(app, self.params["sessionId"])

    def client_token(self, token: str, session_id: str, roles: Collection[str] = client_tokens.ROLES) -> ClientToken:
        """Check the client token inside the body. Raises `NotAllowedError`."""
        authenticator, lax = self._services.authenticator, self.app.options.auth == "lax"
        return client_tokens.check(self.app, authenticator, token, session_id, roles=roles, lax=lax)

    def page(self, records: Records[Any], write: Callable[[Any], Json], *, by_session: bool = False) -> Response:
        """Return one page of a list as the response: `offset`, `count` and, `by_session`, `sessionId` (some SDKs.

        `session_id`).
        """
        session_id = self._filter("sessionId", "session_id") if by_session else None
        offset, count = self.bounds(DEFAULT_COUNT)
        if count > MAX_COUNT and not self.reading.lets("pageSize", count, "?count"):
            raise InvalidRequestError(f"must be at most {MAX_COUNT}", "count")
        total, items = records.page(offset, min(count, MAX_COUNT), session_id)
        return self.response(self.listed(total, [write(item) for item in items]))

    def bounds(self, default_count: int) -> tuple[int, int]:
        """Return `offset` and `count` of the query. Raises `InvalidRequestError`."""
        return (
            self._number("offset", 0),
            self._number("count", default_count),
        )

    def _number(self, field: str, default: int) -> int:
        """Return a parameter of the query that is a whole number. Raises `InvalidRequestError`."""
        text = self._query_parameter(field)
        if text is None:
            return default
        if text.isascii() and text.isdigit():
            return min(int(text[:12]), 10**9)
        if self.reading.lets("pageAbsent" if is_absent(text) else "page", text, f"?{field}"):
            return default
        raise InvalidRequestError(f"must be a whole number from 0 on (got {text[:50]!r})", field)

    def _filter(self, *names: str) -> str | None:
        """Return what a list is filtered by, if by anything. Raises `InvalidRequestError`."""
        text = self._query_parameter(*names)
        if text is None or not is_absent(text):
            return text
        if self.reading.lets("pageAbsent", text, f"?{names[0]}"):
            return None
        raise InvalidRequestError(f"must be left out where there is none (got {text[:50]!r})", names[0])

    def part(self, items: Sequence[Any], write: Callable[[Any], Json], **more: Any) -> Response:
        """Return all the items as the response, or the part that `offset` and `count` name: some SDKs page through what
        has no pages.

        They ask on until a page is empty (fidelity/sdk-wire.md 4B.9).
        """
        offset, count = self.bounds(len(items))
        found = [write(item) for item in items[offset : offset + count]]
        return self.response(self.listed(len(items), found, **more))

    def listed(self, total: int, items: list[Json], **more: Any) -> Json:
        """Return the body of a list; what its `count` means is an option."""
        return {"count": len(items) if self.app.options.list_count == "page" else total, **more, "items": items}

    def _query_parameter(self, *names: str) -> str | None:
        """Return a parameter of the query by the first of its names, and note that it was read."""
        self._queried.update(names)
        query = self.context.query
        return next((value for name in names if (value := query.get(name))), None)

    def shape(self, schema: str, body: Json) -> Json:
        """Return a body with the keys that the contract documents for it."""
        return self.contract.shape(schema, body)

    def response(self, body: Any = None) -> Response:
        """Return the response of success, with the contract's status; without a body where the contract has none."""
        operation, contract = self.operation, self.contract.name
        status = operation.status_in(contract)
        if body is None or contract in operation.empty:
            return Response(status_code=status)
        return JsonResponse(orjson.dumps(body), status)


def _unknown(name: str, known: Collection[str]) -> InvalidRequestError:
    """Return the refusal of a field that nothing reads, where there are those that are `known`."""
    meant = spelling.did_you_mean(name.rpartition(".")[2].lstrip("?"), known)
    there_are = f"there are: {', '.join(sorted(known))}" if known else "there are none"
    return InvalidRequestError(f"nothing reads this (unknownFields is refuse); {meant or there_are}", name)
