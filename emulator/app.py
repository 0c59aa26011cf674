"""The application: the world, the gate, the service's routes and the control API, put together."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

import emulator
from emulator import errors, wellknown
from emulator.answers import Answer
from emulator.applications import Applications
from emulator.auth import Authenticator
from emulator.call import Surroundings
from emulator.callbacks import Deliveries
from emulator.control import ControlRoutes
from emulator.control.common import ControlError, of_validation
from emulator.errors import Invalid, NotAllowed
from emulator.events import Waiting
from emulator.faults.faulting import Faulting
from emulator.gate import KEY, Gate
from emulator.lax import lax
from emulator.paths import CONTROL
from emulator.routes import ServiceRoutes, strict
from emulator.settings import Settings
from emulator.store import Store, StoreError, Unavailable, open_store
from emulator.ticker import Ticker
from emulator.timelapse import Timelapse
from emulator.webhooks import Webhooks
from state.errors import ApplicationExists, MalformedId, NotConnected, Refused, Unknown, UnknownStream, WrongStatus
from state.journal import Journal
from state.world import World

OPEN_PATHS = tuple(f"{CONTROL}/{name}" for name in ("health", "ready", "ca.pem", "files/", "hls/", "assets/"))
"""What needs no control token: probes, the certificate authority, links in answers of the service, the live page."""
PAGE_PATHS = (CONTROL, f"{CONTROL}/")

NOT_FOUND = Answer(404, "Not found. There is no such path.", code=404)


def create_app(settings: Settings, world: World | None = None) -> FastAPI:
    """Put the emulator together.

    Raises `SettingsError` when an application of the settings cannot be made, `StoreError` when what is kept cannot be
    read.

    `app.state.urls` may be set to the URLs that are listened on, by scheme.
    """
    world = world or World(
        journal_size=settings.journal_size,
        event_size=settings.event_size,
        callback_size=settings.callback_size,
        record_size=settings.record_size,
    )
    store = open_store(settings)
    faulting = Faulting(world, store, default=wellknown.APPLICATION_ID if settings.auth == "lax" else "")
    store.load(world, faulting)
    made = Applications(world, settings)
    if settings.seed_file is None:
        made.from_settings(settings)
    else:
        from emulator import snapshots

        before = [app.id for app in world]
        planted = snapshots.plant(world, faulting, settings.seed_file)
        made.from_settings(settings)
        snapshots.root(world, planted, before)
    authenticator = Authenticator(world, status=settings.unauthorized_status)
    ticker = Ticker(world, store)
    deliveries = Deliveries(world, store, settings)
    waiting = Waiting(world)
    journal = Journal(settings.journal_size)
    around = Surroundings(world, store, authenticator, settings.auth == "lax", settings.public_url)
    app = _fastapi(store, ticker, deliveries)
    authenticate = strict(authenticator)
    if settings.auth == "lax":
        authenticate = lax(world, made.make_named, wellknown.APPLICATION_ID)
    service = ServiceRoutes(around, authenticate, faulting)
    app.router.routes.insert(0, service)
    control = ControlRoutes()
    app.router.routes.append(control)
    app.state.world = world
    app.state.store = store
    app.state.settings = settings
    app.state.applications = made
    app.state.authenticator = authenticator
    app.state.ticker = ticker
    app.state.journal = journal
    app.state.timelapse = Timelapse(world, store, deliveries)
    app.state.waiting = waiting
    app.state.faulting = faulting
    app.state.urls = {}
    world.watchers.append(
        Webhooks(lambda: settings.public_url or _own_url(app, settings), faulting.distortion).on_event
    )
    _translate_errors(app)
    if settings.control_token is not None:
        app.add_middleware(ControlToken, token=settings.control_token)
    app.add_middleware(Gate, world=world, store=store, journal=journal, max_body=settings.max_body_bytes)
    app.openapi = lambda: _openapi(app, control)  # type: ignore[method-assign]
    app.add_api_route("/docs", _docs, include_in_schema=False)
    return app


def _fastapi(store: Store, ticker: Ticker, deliveries: Deliveries) -> FastAPI:
    """Return an application without routes, which keeps, ticks and delivers while it runs."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await store.start()
        except Unavailable as error:
            raise StoreError(str(error)) from None
        ticking = asyncio.create_task(ticker.run())
        yield
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        await deliveries.close()
        await store.stop()

    return FastAPI(
        title="Vonage Video API emulator",
        version=emulator.__version__,
        description="A local emulator of the Vonage Video API. Unofficial: not affiliated with Vonage.",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )


async def _docs(request: Request) -> Response:
    from emulator.docs_page import render

    return HTMLResponse(render(request.app.openapi()))


def _own_url(app: FastAPI, settings: Settings) -> str:
    """Return the base of links in callbacks: there is no request to take it from."""
    urls: dict[str, str] = app.state.urls
    return urls.get("http") or f"http://localhost:{settings.http_port}"


def _openapi(app: FastAPI, control: ControlRoutes) -> dict[str, Any]:
    from emulator.openapi import describe

    if app.openapi_schema is None:
        app.openapi_schema = describe(app, control.router.routes)
    return app.openapi_schema


def _is_open(path: str) -> bool:
    return path in PAGE_PATHS or path.startswith(OPEN_PATHS)


class ControlToken:
    """ASGI middleware: asks for the control token on every control path but those of health."""

    def __init__(self, app: Any, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on, or refuse it."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(CONTROL) and not _is_open(path):
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(given, self._expected):
                refusal = ControlError(401, "the control API asks for a token: Authorization: Bearer …")
                await refusal.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_control(request: Request) -> bool:
    return request.url.path.startswith(CONTROL)


def _translate_errors(app: FastAPI) -> None:
    """Give every error a JSON body: of the service's shape, or of the control API's."""

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        passing = request.scope[KEY]
        if _is_control(request):
            allow = (error.headers or {}).get("Allow", "")
            suggestion = f"allowed: {allow}" if allow else ""
            response = ControlError(error.status_code, str(error.detail), suggestion=suggestion).response()
            if allow:
                response.headers["Allow"] = allow
            return response
        if passing.allowed:
            allowed = ", ".join(sorted(passing.allowed))
            answer = Answer(405, f"Method not allowed. Allowed: {allowed}", code=405)
            return answer.response({"allow": allowed})
        return NOT_FOUND.response()

    async def of_control(request: Request, error: Exception) -> Response:
        assert isinstance(error, ControlError)
        return error.response()

    async def of_body(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return of_validation(error, request.scope.get("endpoint")).response()

    async def of_rule(request: Request, error: Exception) -> Response:
        return _control_refusal(error).response()

    async def of_store(request: Request, error: Exception) -> Response:
        return (ControlError(503, str(error)) if _is_control(request) else Answer(503, str(error))).response()

    app.add_exception_handler(Unavailable, of_store)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(ControlError, of_control)
    app.add_exception_handler(RequestValidationError, of_body)
    for kind in (Refused, Invalid, NotAllowed):
        app.add_exception_handler(kind, of_rule)


def _control_refusal(error: Exception) -> ControlError:
    if isinstance(error, Invalid):
        return ControlError(400, error.problem, error.field)
    if isinstance(error, ApplicationExists):
        return ControlError(409, str(error), error.field)
    if isinstance(error, NotAllowed):
        return ControlError(400, error.answer.message, "token")
    if isinstance(error, WrongStatus):
        return ControlError(409, str(error))
    if isinstance(error, MalformedId):
        return ControlError(400, f"{error}: expected a UUID")
    if isinstance(error, Unknown | UnknownStream | NotConnected):
        return ControlError(404, str(error) or "not found")
    answer = errors.of_exception(error, "")
    return ControlError(answer.status, answer.message)
