"""From a request that is resolved to its operation's handler, and back: authentication and failure rules on the way."""

from __future__ import annotations

from contextlib import AsyncExitStack

from starlette.responses import Response

from emulator.auth.rest_tokens import Caller
from emulator.auth.strict import Authenticate
from emulator.context import RequestContext
from emulator.service import room
from emulator.service.invocation import Invocation
from emulator.service.operations import OPERATIONS
from emulator.services import Services
from emulator.spec import errors, opentok
from emulator.spec.errors import REFUSALS, NotAllowedError
from emulator.spec.operations import Operation, OperationTable
from emulator.spec.responses import ErrorBody, ErrorResponse
from emulator.store.base import StoreUnavailableError


class OperationDispatcher:
    """Finds the operation of a path and serves it, without a router and its exception handlers."""

    def __init__(self, services: Services, authenticate: Authenticate) -> None:
        self._services = services
        self._world = services.world
        self._store = services.store
        self._injector = services.injector
        self._authenticate = authenticate
        self.find = OperationTable(OPERATIONS).find

    async def respond(self, context: RequestContext, operation: Operation) -> Response:
        """Return the response to a request of an operation, while its application is held where the store saves it.

        A refusal is in XML where the caller reads nothing else.
        """
        context.held = context.app
        try:
            if (refusal := self._injector.read_header(context)) is not None:
                response = refusal
            elif self._store.keeps:
                async with AsyncExitStack() as context.holds:
                    await self._hold(context, operation, context.holds)
                    response = await self._serve(context, operation)
            else:
                if "applicationId" not in context.params:
                    context.held = self._injector.claimed(context)
                response = await self._serve(context, operation)
        except StoreUnavailableError as error:
            response = ErrorBody(503, str(error)).response()
        if not isinstance(response, ErrorResponse) or response.status_code < 400:  # the specification has 200 too
            return response
        in_xml = opentok.wants_xml(context.headers, operation)
        return opentok.refusal(response) if in_xml else response

    async def _hold(self, context: RequestContext, operation: Operation, holds: AsyncExitStack) -> None:
        """Hold the application of the path, or the one that the token claims, as the store has it by now."""
        project, app = context.params.get("applicationId"), context.app
        if app is not None and operation.method == "GET":
            context.reads = context.wanted is None and await self._store.is_current(app)
            if context.reads:
                return
        claimed = self._injector.claimed(context) if project is None else None
        name = claimed.id if claimed is not None else project
        if name is not None:
            context.held = await holds.enter_async_context(self._store.transaction_for(self._world, name))
        if project is not None:
            context.app = context.held

    async def _serve(self, context: RequestContext, operation: Operation) -> Response:
        """Authenticate, handle, respond; rules of failures have their say before and after each."""
        injector = self._injector
        try:
            arrival = injector.before_auth(context)
            if arrival is not None and (response := await arrival.ahead()) is not None:
                return arrival.named(response)

            try:
                caller = await self._caller(context)
            except REFUSALS as error:
                contract = context.app.options.contract if context.app else "service"
                response = errors.of_exception(error, operation, contract).response()
                return response if arrival is None else arrival.named(response)
            context.app = app = caller.app
            context.exchange.claims = caller.claims
            if caller.noted:
                context.exchange.undocumented += caller.noted
            if context.holds is not None and context.held is not app:
                await context.holds.enter_async_context(self._store.transaction(app))

            rules = injector.around_handler(context, app)
            if rules is None:
                response = await self._handle(Invocation(context, operation, caller, self._services))
                response = injector.after_handler(context, app, response)
            else:
                response = await rules.before()
                if response is None:
                    response = await self._handle(Invocation(context, operation, caller, self._services))
                    response = await rules.after(response)
                response = rules.named(response)
            return response if arrival is None else arrival.named(response)
        finally:
            for execution in context.executions:
                execution.close()

    async def _caller(self, context: RequestContext) -> Caller:
        """Return the caller; another process may have made its application."""
        try:
            return self._authenticate(context)
        except NotAllowedError:
            if not self._store.shared:
                raise
        await self._store.refresh()
        if context.reads:  # what was to be looked at may have changed meanwhile
            context.reads, context.held = False, None
        return self._authenticate(context)

    async def _handle(self, invocation: Invocation) -> Response:
        """Return the response of the handler, or that to what it refused."""
        try:
            if invocation.operation.adds and (full := room.refusal(invocation.app, self._services.settings.live_bytes)):
                raise NotAllowedError(ErrorBody(room.TOO_MUCH, full))
            invocation.require_known()
            response = await invocation.operation.handler(invocation)
            invocation.note_rest()
            return response
        except REFUSALS as error:
            invocation.note_rest_of_refused()
            contract, dialect = invocation.contract.name, invocation.audience.opentok
            return errors.of_exception(error, invocation.operation, contract, opentok=dialect).response()
