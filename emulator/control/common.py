"""What control endpoints share: bodies, the application of the path, errors."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, get_type_hints

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse

from emulator.context import context_of
from emulator.services import services_of
from emulator.settings import of_choice
from emulator.spec import errors
from emulator.spec.errors import InvalidRequestError, NotAllowedError
from emulator.store.base import Store
from state import nesting, places, spelling
from state.application import Application
from state.errors import (
    ApplicationExistsError,
    MalformedIdError,
    NotConnectedError,
    UnknownResourceError,
    UnknownStreamError,
    WrongStatusError,
)
from state.event_types import TYPES
from state.nesting import UnwritableError
from state.world import World

READS_BODY = "x-reads-body"
"""Marks, in `openapi_extra`, a call that reads its body itself."""


class ControlBody(BaseModel):
    """A body of the control API: camelCase, unknown fields refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class ControlError(Exception):
    """A control request that cannot be served."""

    def __init__(self, status: int, message: str, field: str = "", suggestion: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.suggestion = suggestion

    def response(self) -> JSONResponse:
        """Return the HTTP response."""
        error = {"message": self.message, "field": self.field, "suggestion": self.suggestion}
        return JSONResponse({"error": {key: value for key, value in error.items() if value}}, self.status)


async def world_of(request: Request) -> World:
    """Return the world."""
    return services_of(request).world


async def named(request: Request, application: str) -> Application:
    """Return the application that the path names by its id or api key. Raises `ControlError` (404)."""
    found = await store_of(request).find(await world_of(request), application)
    if found is None:
        raise _unknown(application)
    return found


def _unknown(application: str) -> ControlError:
    return ControlError(
        404, f"there is no application {application}", "application", "GET /_emulator/applications lists them"
    )


async def held(request: Request, application: str) -> AsyncIterator[Application]:
    """Hold the application that the path names until it is answered."""
    async with store_of(request).transaction_for(await world_of(request), application) as app:
        if app is None:
            raise _unknown(application)
        yield app


@contextlib.asynccontextmanager
async def unit(request: Request, app: Application) -> AsyncIterator[Application]:
    """Hold the application for one unit of work: for endpoints that wait between."""
    world = await world_of(request)
    async with store_of(request).transaction(app):
        if world.find(app.id) is not app:
            raise ControlError(404, f"there is no application {app.id} any more", "application")
        with world.unit(app):
            yield app


def store_of(request: Request) -> Store:
    """Return what keeps the world."""
    return services_of(request).store


CurrentWorld = Annotated[World, Depends(world_of)]
CurrentApplication = Annotated[Application, Depends(held, scope="function")]
"""The application of the path, for endpoints that do not wait for anything."""

NamedApplication = Annotated[Application, Depends(named)]
"""The application of the path, for endpoints that wait, and hold it (`unit`) only for what they do."""


async def check_request(request: Request) -> None:
    """Refuse what nobody would read: query parameters that there are not, a body of a call that takes none.

    Refuses a JSON body too that could not be shown or stored. Raises `ControlError` (400).
    """
    route, body = request.scope.get("route"), context_of(request).body
    if not isinstance(route, APIRoute) or not route.include_in_schema:
        return  # the page has addresses of its own
    if request.scope["query_string"]:
        known = _parameters(route)
        for name in request.query_params:
            if name not in known:
                allowed = spelling.did_you_mean(name, known) or spelling.listed(known) or "this call takes none"
                raise ControlError(400, "there is no such query parameter", name, allowed)
    if not body or READS_BODY in (route.openapi_extra or {}):
        return
    if route.body_field is None:
        _refuse_body(body)
        return
    try:
        nesting.check(await request.json())  # it has been read: what is no JSON was refused
    except UnwritableError as error:
        raise ControlError(400, str(error), ".".join(map(str, error.path))) from None
    except ValueError:
        return  # of another content type: refused where the fields are read


def _parameters(route: APIRoute) -> tuple[str, ...]:
    """Return the query parameters that a call takes, those of what it depends on included."""

    def of(dependant: Dependant) -> Iterator[str]:
        yield from (field.alias for field in dependant.query_params)
        for below in dependant.dependencies:
            yield from of(below)

    return tuple(of(route.dependant))


def _refuse_body(body: bytes) -> None:
    """Refuse the body of a call that takes none; an empty object says nothing."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = body
    if content != {}:
        field = next(iter(content)) if isinstance(content, dict) else ""
        raise ControlError(400, "this call takes no body", field)


def of_validation(
    error: RequestValidationError, endpoint: Callable[..., Any] | None = None, body: bytes = b""
) -> ControlError:
    """Return the first problem of a request, with what to write instead; an unknown field goes before one that lacks.

    `endpoint` has the model of the body, `body` is what could not be read.
    """
    problems: Sequence[Mapping[str, Any]] = error.errors()
    problem = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
    path = problem["loc"][1:]
    field = ".".join(str(part) for part in path if part != "[key]")
    if problem["type"] == "json_invalid":
        return ControlError(400, f"the body is not JSON: {problem['ctx']['error']} at {_position(body, path[-1])}")
    model = _body_of(endpoint) if endpoint and problem["loc"][0] == "body" else None
    if problem["type"] == "extra_forbidden":
        place = places.model_at(model, path[:-1])
        return ControlError(400, "there is no such field", field, _advice(place, problem, problems))
    if problem["type"] == "missing" and not path:
        wanted = places.model_at(model, path)
        return ControlError(400, "a JSON body is required", "", places.listed(wanted) if wanted else "")
    if problem["type"] == "missing":
        return ControlError(400, "is required", field)
    if problem["type"] in ("model_attributes_type", "model_type"):
        wanted = places.model_at(model, path)
        form = places.form(wanted, path[-1] if path else None, problem["input"]) if wanted else ""
        return ControlError(400, "must be a JSON object", field, form)
    words = str(problem["msg"]).removeprefix("Value error, ")
    return ControlError(400, words, field, of_choice(problem))


def _advice(place: type[BaseModel] | None, problem: Mapping[str, Any], problems: Sequence[Mapping[str, Any]]) -> str:
    """Return what to write instead of an unknown field: the one field that lacks beside it, or what is near."""
    if place is None:
        return ""
    beside = problem["loc"][:-1]
    lacking = [str(each["loc"][-1]) for each in problems if each["type"] == "missing" and each["loc"][:-1] == beside]
    name = str(problem["loc"][-1])
    return spelling.asked(lacking) if len(lacking) == 1 else places.advice(place, name)


def _position(body: bytes, at: Any) -> str:
    """Return where a character of a body is, in words."""
    before = body.decode("utf-8", "replace")[: at if isinstance(at, int) else 0]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def error_of(error: Exception) -> ControlError:
    """Return what the control API answers to a refusal of the rules, of the service's fields, or of a token."""
    if isinstance(error, InvalidRequestError):
        return ControlError(400, error.problem, error.field)
    if isinstance(error, ApplicationExistsError):
        return ControlError(409, str(error), error.field)
    if isinstance(error, NotAllowedError):
        return ControlError(400, error.body.message, "token")
    if isinstance(error, WrongStatusError):
        return ControlError(409, str(error))
    if isinstance(error, MalformedIdError):
        return ControlError(400, f"{error}: expected a UUID")
    if isinstance(error, UnknownResourceError | UnknownStreamError | NotConnectedError):
        return ControlError(404, str(error) or "not found")
    body = errors.of_exception(error, None)
    return ControlError(body.status, body.message)


def check_type(type_: str | None) -> None:
    """Raise `ControlError` (400) for a type of events that there is not; `*`, types and kinds are."""
    kinds = {known.partition(".")[0] for known in TYPES}
    if type_ is not None and type_ != "*" and type_ not in TYPES and type_ not in kinds:
        raise ControlError(400, f"there is no event {type_}", "event", spelling.did_you_mean(type_, TYPES | kinds))


def _body_of(endpoint: Callable[..., Any]) -> Any:
    """Return how the body of an endpoint is annotated."""
    return get_type_hints(endpoint).get("body")
