"""The service's routes: FastAPI's own, but found by the operation that the gate has resolved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from emulator import dialect, errors
from emulator.answers import Answer, Refusal
from emulator.api import archives, broadcasts, callbacks, media, sessions, storages, streams
from emulator.auth import Authenticator, Caller
from emulator.call import Call, Handler, Surroundings
from emulator.errors import Invalid, NotAllowed
from emulator.faults.faulting import Faulting
from emulator.gate import KEY, Passing
from emulator.operations import OPERATIONS, Operation
from state.errors import Refused

WRONG_PROJECT = NotAllowed(Answer(403, "Id in the token does not match the id provided in the url", code=None))

Authenticate = Callable[[Request, Passing], Caller]


def handlers() -> Mapping[str, Handler]:
    """Return the handler of each operation."""
    found: dict[str, Handler] = {}
    for module in (sessions, streams, archives, broadcasts, media, callbacks, storages):
        found.update(module.HANDLERS)
    return found


class ServiceRoutes(BaseRoute):
    """All operations as one route, so that a request is not matched against them one after the other."""

    def __init__(self, around: Surroundings, authenticate: Authenticate, faulting: Faulting) -> None:
        found = handlers()
        self.routes = {
            operation.id: _route(
                operation, _Service(operation.id, found[operation.id], around, authenticate, faulting).answer
            )
            for operation in OPERATIONS
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what the gate has found to be an operation."""
        passing = scope.get(KEY)
        if passing is None or passing.operation is None:
            return Match.NONE, {}
        return Match.FULL, {"path_params": passing.params, "endpoint": self.routes[passing.operation.id].endpoint}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the operation."""
        await self.routes[scope[KEY].operation.id].handle(scope, receive, send)


def _route(operation: Operation, answer: Callable[[Request], Awaitable[Response]]) -> APIRoute:
    async def endpoint(request: Request) -> Response:
        return await answer(request)

    name = endpoint.__name__ = operation.id
    methods = sorted({method for method, _ in operation.routes})
    return APIRoute(operation.full_path, endpoint, methods=methods, operation_id=name, response_model=None, name=name)


class _Service:
    """One operation: finds out who calls, holds their application, and lets failure rules have their say."""

    def __init__(
        self, name: str, handler: Handler, around: Surroundings, authenticate: Authenticate, faulting: Faulting
    ) -> None:
        self._name = name
        self._handler = handler
        self._around = around
        self._world = around.world
        self._store = around.store
        self._authenticate = authenticate
        self._faulting = faulting

    async def answer(self, request: Request) -> Response:
        """Answer a request that the gate has found to be of the operation."""
        response = await self._held(request)
        if isinstance(response, Refusal) and response.status_code >= 400:  # the specification answers some with 200
            return dialect.refusal(response) if dialect.wants_xml(request.headers, self._name) else response
        return response

    async def _held(self, request: Request) -> Response:
        """Serve while the application is held that the path names, or the caller claims to be."""
        passing = request.scope[KEY]
        project = passing.params.get("applicationId")
        claimed = self._faulting.claimed(request) if project is None else None
        name = claimed.id if claimed is not None else project
        if name is None:
            return await self._faulting.gate(request, passing, self._serve)
        async with self._store.holding_named(self._world, name) as held:
            passing.held = held
            if project is not None:
                passing.app = held
            return await self._faulting.gate(request, passing, self._serve)

    async def _serve(self, request: Request, passing: Passing) -> Response:
        try:
            caller = await self._caller(request, passing)
        except (Refused, Invalid, NotAllowed) as error:
            contract = passing.app.options.contract if passing.app else "service"
            return errors.of_exception(error, self._name, contract).response()
        passing.app = caller.app
        passing.exchange.claims = caller.claims
        if caller.noted:
            passing.exchange.undocumented += caller.noted
        call = Call(request, self._name, passing, caller, self._around)
        if passing.held is caller.app:
            return await self._faulting.around(call, self._work)
        async with self._store.holding(caller.app):
            return await self._faulting.around(call, self._work)

    async def _caller(self, request: Request, passing: Passing) -> Caller:
        """Return the caller; another process may have made its application."""
        try:
            return self._authenticate(request, passing)
        except NotAllowed:
            if not self._store.shared:
                raise
        await self._store.look()
        return self._authenticate(request, passing)

    async def _work(self, call: Call) -> Response:
        try:
            response = await self._handler(call)
            call.note_rest()
            return response
        except (Refused, Invalid, NotAllowed) as error:
            call.note_rest_of_refused()
            refused = errors.of_exception(error, self._name, call.app.options.contract, opentok=call.speaker.opentok)
            return refused.response()


def strict(authenticator: Authenticator) -> Authenticate:
    """Return how callers are verified: by their token, which must be for the project in the path."""

    def authenticate(request: Request, passing: Passing) -> Caller:
        headers = request.headers
        caller = authenticator.check(
            headers.get("authorization"), headers.get(dialect.AUTH), headers.get(dialect.PARTNER_AUTH)
        )
        project = passing.params.get("applicationId")
        if project is not None and passing.app is not caller.app:
            raise authenticator.refused(WRONG_PROJECT)
        return caller

    return authenticate
