"""The service's routes: FastAPI's own, but found by the operation that the middleware has resolved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from emulator.auth.rest_tokens import Caller
from emulator.auth.strict import Authenticate
from emulator.context import KEY, RequestContext
from emulator.faults.injector import FaultInjector
from emulator.service import (
    archives,
    broadcasts,
    callbacks,
    captions,
    connectors,
    renders,
    sessions,
    sip,
    storages,
    streams,
)
from emulator.service.invocation import Handler, Invocation, Services
from emulator.spec import errors, opentok
from emulator.spec.errors import InvalidRequestError, NotAllowedError
from emulator.spec.operations import OPERATIONS, Operation
from emulator.spec.responses import ErrorResponse
from state.errors import ServiceError


def handlers() -> Mapping[str, Handler]:
    """Return the handler of each operation."""
    found: dict[str, Handler] = {}
    for module in (sessions, streams, archives, broadcasts, sip, captions, renders, connectors, callbacks, storages):
        found.update(module.HANDLERS)
    return found


class ServiceRoutes(BaseRoute):
    """All operations as one route, so that a request is not matched against them one after the other."""

    def __init__(self, services: Services, authenticate: Authenticate, injector: FaultInjector) -> None:
        found = handlers()
        self.routes = {
            operation.id: _route(
                operation, _Service(operation.id, found[operation.id], services, authenticate, injector).respond
            )
            for operation in OPERATIONS
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what the middleware has found to be an operation."""
        context = scope.get(KEY)
        if context is None or context.operation is None:
            return Match.NONE, {}
        return Match.FULL, {"path_params": context.params, "endpoint": self.routes[context.operation.id].endpoint}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the operation."""
        await self.routes[scope[KEY].operation.id].handle(scope, receive, send)


def _route(operation: Operation, respond: Callable[[Request], Awaitable[Response]]) -> APIRoute:
    async def endpoint(request: Request) -> Response:
        return await respond(request)

    name = endpoint.__name__ = operation.id
    methods = sorted({method for method, _ in operation.routes})
    return APIRoute(operation.full_path, endpoint, methods=methods, operation_id=name, response_model=None, name=name)


class _Service:
    """One operation: finds out who calls, holds their application, and lets failure rules have their say."""

    def __init__(
        self, name: str, handler: Handler, services: Services, authenticate: Authenticate, injector: FaultInjector
    ) -> None:
        self._name = name
        self._handler = handler
        self._services = services
        self._world = services.world
        self._store = services.store
        self._authenticate = authenticate
        self._injector = injector

    async def respond(self, request: Request) -> Response:
        """Return the response to a request of the operation."""
        response = await self._held(request)
        if (
            isinstance(response, ErrorResponse) and response.status_code >= 400
        ):  # the specification answers some with 200
            return opentok.refusal(response) if opentok.wants_xml(request.headers, self._name) else response
        return response

    async def _held(self, request: Request) -> Response:
        """Serve while the application is held that the path names, or the caller claims to be."""
        context = request.scope[KEY]
        project = context.params.get("applicationId")
        claimed = self._injector.claimed(request) if project is None else None
        name = claimed.id if claimed is not None else project
        if name is None:
            return await self._injector.before_auth(request, context, self._serve)
        async with self._store.transaction_for(self._world, name) as held:
            context.held = held
            if project is not None:
                context.app = held
            return await self._injector.before_auth(request, context, self._serve)

    async def _serve(self, request: Request, context: RequestContext) -> Response:
        try:
            caller = await self._caller(request, context)
        except (ServiceError, InvalidRequestError, NotAllowedError) as error:
            contract = context.app.options.contract if context.app else "service"
            return errors.of_exception(error, self._name, contract).response()
        context.app = caller.app
        context.exchange.claims = caller.claims
        if caller.noted:
            context.exchange.undocumented += caller.noted
        invocation = Invocation(request, self._name, context, caller, self._services)
        if context.held is caller.app:
            return await self._injector.around_handler(invocation.app, context, request, lambda: self._work(invocation))
        async with self._store.transaction(caller.app):
            return await self._injector.around_handler(invocation.app, context, request, lambda: self._work(invocation))

    async def _caller(self, request: Request, context: RequestContext) -> Caller:
        """Return the caller; another process may have made its application."""
        try:
            return self._authenticate(request, context)
        except NotAllowedError:
            if not self._store.shared:
                raise
        await self._store.refresh()
        return self._authenticate(request, context)

    async def _work(self, invocation: Invocation) -> Response:
        try:
            response = await self._handler(invocation)
            invocation.note_rest()
            return response
        except (ServiceError, InvalidRequestError, NotAllowedError) as error:
            invocation.note_rest_of_refused()
            refused = errors.of_exception(
                error, self._name, invocation.app.options.contract, opentok=invocation.audience.opentok
            )
            return refused.response()
