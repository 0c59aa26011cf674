"""The application: the world, the middleware, the service's routes and the control API, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator import __version__, wellknown
from emulator.adapters import Adapters
from emulator.auth.permissive import believing, making
from emulator.auth.rest_tokens import Authenticator
from emulator.auth.strict import strict
from emulator.callbacks.bodies import CallbackWriter
from emulator.callbacks.dispatcher import CallbackDispatcher
from emulator.context import context_of
from emulator.control import ControlRoutes
from emulator.control.common import ControlError, error_of, of_validation
from emulator.control.token import ControlToken
from emulator.faults.injector import FaultInjector
from emulator.logs.calls import CallLog
from emulator.runtime.clock_controller import ClockController
from emulator.runtime.notifier import ChangeNotifier
from emulator.runtime.ticker import Ticker
from emulator.security.cross_site import CrossSite
from emulator.security.hosts import Hosts
from emulator.service.dispatch import OperationDispatcher
from emulator.service.middleware import ServiceMiddleware, internal_error
from emulator.service.routes import routes
from emulator.services import Services, services_of
from emulator.settings import Settings
from emulator.spec.errors import REFUSALS
from emulator.spec.paths import CONTROL
from emulator.spec.responses import ErrorBody
from emulator.store.base import Store, StoreError, StoreUnavailableError
from emulator.store.opening import open_store
from emulator.tenants.applications import Applications
from emulator.tenants.restoring import SnapshotRestorer
from state.contents import Sizes
from state.journal import Journal
from state.world import World

if TYPE_CHECKING:
    from scenarios.targets import Names


class EmulatorApp(FastAPI):
    """FastAPI for the control API and the pages. `front` comes before all of it, and serves the operations itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.front: ASGIApp = super().__call__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self.front(scope, receive, send)


NOT_FOUND = ErrorBody(404, "Not found. There is no such path.", code=404)


def create_app(settings: Settings) -> EmulatorApp:
    """Put the emulator together.

    Raises `SettingsError` when an application of the settings cannot be made, `StoreError` when what is kept cannot be
    read.

    `app.state.services` is what it is made of; its `urls` are to be set to those that are listened on.
    """
    sizes = Sizes(settings.journal_size, settings.event_size, settings.callback_size, settings.record_size)
    world = World(sizes=sizes, defaults=settings.options, most=settings.application_size)
    store = open_store(settings)
    stopping = asyncio.Event()
    lenient = settings.auth == "lax"
    injector = FaultInjector(world, store, stopping, _known_names, wellknown.APPLICATION_ID if lenient else "")
    if store.name != "memory":
        injector.prepare()  # timers of what is kept may be theirs
    store.load(world, injector.restore)
    applications = Applications(world, settings)
    _populate(world, injector, applications, settings)
    authenticator = Authenticator(world, status=settings.unauthorized_status)
    authenticate = believing(strict(authenticator), world)
    if lenient:
        authenticate = making(authenticate, world, applications.make_named, wellknown.APPLICATION_ID)
    dispatcher = CallbackDispatcher(world, store, settings)
    adapters = Adapters(world, store, settings)
    services = Services(
        settings=settings,
        world=world,
        store=store,
        applications=applications,
        authenticator=authenticator,
        injector=injector,
        notifier=ChangeNotifier(world, stopping),
        clock_controller=ClockController(world, store, dispatcher),
        stopping=stopping,
        journal=Journal(settings.journal_size),
        call_log=CallLog(settings.log_format),
        restorer=SnapshotRestorer(world, store, injector),
        adapters=adapters,
    )
    webhooks = CallbackWriter(lambda: settings.public_url or _own_url(services), injector.distortion)
    world.watchers.append(webhooks.on_event)
    control = ControlRoutes()
    app = _fastapi(store, Ticker(world, store), dispatcher, adapters)
    app.state.services = services
    app.router.routes.append(control)
    _translate_errors(app, control)
    if settings.control_token is not None:
        app.add_middleware(ControlToken, token=settings.control_token)
    operations = OperationDispatcher(services, authenticate)
    app.front = ServiceMiddleware(app.front, services, operations, CrossSite(Hosts(settings), lax=lenient))
    service = routes(operations)
    app.router.routes.extend(service)
    app.openapi = lambda: _openapi(app, service, control)  # type: ignore[method-assign]
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.add_api_route("/", _root, include_in_schema=False)
    app.add_api_route("/favicon.ico", _icon, include_in_schema=False)
    return app


def _known_names() -> Names:
    """Return what failure rules may name; imported when the first one is written."""
    from emulator.service.names import known_names

    return known_names()


def _populate(world: World, injector: FaultInjector, applications: Applications, settings: Settings) -> None:
    """Make the applications of the seed file and of the settings; what a store has kept stays, as each of them says."""
    if settings.seed_file is None:
        applications.from_settings(settings)
        return
    from emulator.tenants import snapshots

    before = [app.id for app in world]
    seeded = snapshots.load_seed(world, injector, settings.seed_file)
    applications.from_settings(settings)
    snapshots.save_seed_checkpoint(world, seeded, before)


def _fastapi(store: Store, ticker: Ticker, dispatcher: CallbackDispatcher, adapters: Adapters) -> EmulatorApp:
    """Return an application without routes, which keeps, ticks and delivers while it runs."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await store.start()
        except StoreUnavailableError as error:
            await store.stop()
            raise StoreError(str(error)) from None
        await adapters.start()
        ticking = asyncio.create_task(ticker.run())
        yield
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        await adapters.close()
        await dispatcher.close()
        await store.stop()

    return EmulatorApp(
        title="Vonage Video API emulator",
        version=__version__,
        description="A local emulator of the Vonage Video API. Unofficial: not affiliated with Vonage.",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )


async def _root(request: Request) -> Response:
    """Lead a browser to the live page; to a program it is a path like others that there are not."""
    context = context_of(request)
    if "text/html" not in request.headers.get("accept", ""):
        return NOT_FOUND.response()
    context.looked = True
    return RedirectResponse(f"{CONTROL}/", 307)


async def _icon(request: Request) -> Response:
    """Return nothing, of which a browser makes no second request; the live page has an icon of its own."""
    context_of(request).looked = True
    return Response(status_code=204, headers={"Cache-Control": "max-age=86400"})


async def _docs(request: Request) -> Response:
    from emulator.auth.minting import CLIENT_SECONDS, rest_token
    from emulator.openapi import page
    from emulator.security import safe_headers

    context_of(request).looked = True
    known = services_of(request).world.find(wellknown.APPLICATION_ID)
    credentials = known.credentials if known is not None else None
    token = ""
    if credentials is not None and credentials.private_key == wellknown.PRIVATE_KEY:  # which is no secret
        token = rest_token(wellknown.APPLICATION_ID, wellknown.PRIVATE_KEY, ttl=CLIENT_SECONDS)
    content = page.render(request.app.openapi(), token)
    return HTMLResponse(content, headers=safe_headers.page_policy(page.STYLE, page.SCRIPT))


def _own_url(services: Services) -> str:
    """Return the base of links in callbacks: there is no request to take it from."""
    return services.urls.get("http") or f"http://localhost:{services.settings.http_port}"


def _openapi(app: FastAPI, service: list[APIRoute], control: ControlRoutes) -> dict[str, Any]:
    from emulator.openapi.document import describe

    if app.openapi_schema is None:
        app.openapi_schema = describe(app, service, control.router.routes)
    return app.openapi_schema


def _is_control(request: Request) -> bool:
    return request.url.path.startswith(CONTROL)


def _translate_errors(app: FastAPI, control: ControlRoutes) -> None:
    """Give every error a JSON body: of the service's shape, or of the control API's."""

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        context = context_of(request)
        if _is_control(request):
            allow = ", ".join(control.methods_of(request.url.path)) if error.status_code == 405 else ""
            near = control.nearest(request.url.path) if error.status_code == 404 else ""
            suggestion = f"allowed: {allow}" if allow else near and f"did you mean {near}?"
            response = ControlError(error.status_code, str(error.detail), suggestion=suggestion).response()
            if allow:
                response.headers["Allow"] = allow
            return response
        if context.allowed:
            allowed = ", ".join(sorted(context.allowed))
            body = ErrorBody(405, f"Method not allowed. Allowed: {allowed}", code=405)
            return body.response({"allow": allowed})
        return NOT_FOUND.response()

    async def of_control(request: Request, error: Exception) -> Response:
        assert isinstance(error, ControlError)
        return error.response()

    async def of_body(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return of_validation(error, request.scope.get("endpoint"), context_of(request).body).response()

    async def of_rule(request: Request, error: Exception) -> Response:
        return error_of(error).response()

    async def of_store(request: Request, error: Exception) -> Response:
        return (ControlError(503, str(error)) if _is_control(request) else ErrorBody(503, str(error))).response()

    async def of_failure(request: Request, error: Exception) -> Response:
        return internal_error(_is_control(request))

    app.add_exception_handler(Exception, of_failure)
    app.add_exception_handler(StoreUnavailableError, of_store)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(ControlError, of_control)
    app.add_exception_handler(RequestValidationError, of_body)
    for kind in REFUSALS:
        app.add_exception_handler(kind, of_rule)
