"""The service's routes: FastAPI's own, but found by the operation that the gate has resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from emulator import dialect, errors
from emulator.answers import Answer, Refusal
from emulator.api import archives, broadcasts, callbacks, media, sessions, streams
from emulator.auth import Authenticator, Caller
from emulator.call import Call, Handler, Surroundings
from emulator.errors import Invalid, NotAllowed
from emulator.faults.faulting import Faulting
from emulator.gate import KEY, Passing
from emulator.operations import OPERATIONS, Operation
from emulator.store import LOOKS
from state.errors import Refused

WRONG_PROJECT = NotAllowed(Answer(403, "Id in the token does not match the id provided in the url", code=None))

Authenticate = Callable[[Request, Passing], Caller]


def handlers() -> Mapping[str, Handler]:
    """Return the handler of each operation."""
    found: dict[str, Handler] = {}
    for module in (sessions, streams, archives, broadcasts, media, callbacks):
        found.update(module.HANDLERS)
    return found


class ServiceRoutes(BaseRoute):
    """All operations as one route, so that a request is not matched against them one after the other."""

    def __init__(self, around: Surroundings, authenticate: Authenticate, faulting: Faulting) -> None:
        found = handlers()
        self.routes = {
            operation.id: _route(operation, found[operation.id], around, authenticate, faulting)
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


def _route(
    operation: Operation, handler: Handler, around: Surroundings, authenticate: Authenticate, faulting: Faulting
) -> APIRoute:
    name, store = operation.id, around.store

    async def work(call: Call) -> Response:
        try:
            response = await handler(call)
            call.note_rest()
            return response
        except (Refused, Invalid, NotAllowed) as error:
            call.note_rest_of_refused()
            return errors.of_exception(error, name, call.app.options.contract).response()

    async def known(request: Request, passing: Passing) -> Caller:
        """Return the caller; another process may have made its application."""
        try:
            return authenticate(request, passing)
        except NotAllowed:
            if not store.shared:
                raise
        await store.look()
        return authenticate(request, passing)

    async def serve(request: Request, passing: Passing) -> Response:
        try:
            caller = await known(request, passing)
        except (Refused, Invalid, NotAllowed) as error:
            contract = passing.app.options.contract if passing.app else "service"
            return errors.of_exception(error, name, contract).response()
        passing.app = caller.app
        passing.exchange.claims = caller.claims
        call = Call(request, name, passing, caller, around)
        if passing.held is caller.app:
            return await faulting.around(call, work)
        async with store.holding(caller.app):
            return await faulting.around(call, work)

    async def answer(request: Request) -> Response:
        passing = request.scope[KEY]
        project = passing.params.get("applicationId")
        for _ in range(LOOKS):
            if passing.app is None and project is not None and store.shared:
                await store.look()
                passing.app = around.world.find(project)
            passing.held = passing.app if project is not None else faulting.claimed(request)
            if passing.held is None:
                break
            async with store.holding(passing.held):
                if around.world.find(project or passing.held.id) is passing.held:
                    return await faulting.gate(request, passing, serve)
            passing.app = passing.held = None  # another process deleted it, made it anew, or gave its api key away
        return await faulting.gate(request, passing, serve)

    async def endpoint(request: Request) -> Response:
        response = await answer(request)
        if isinstance(response, Refusal) and response.status_code >= 400:  # the specification answers some with 200
            return dialect.refusal(response) if dialect.wants_xml(request.headers, name) else response
        return response

    endpoint.__name__ = name
    methods = sorted({method for method, _ in operation.routes})
    return APIRoute(operation.full_path, endpoint, methods=methods, operation_id=name, response_model=None, name=name)


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
