"""What control endpoints share: bodies, the application of the path, errors."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated, Any, get_args, get_type_hints

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse

from emulator.context import KEY
from emulator.spec import errors
from emulator.spec.errors import InvalidRequestError, NotAllowedError
from emulator.store.base import Store
from state import nesting
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
from state.spelling import did_you_mean
from state.world import World


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
    world: World = request.app.state.world
    return world


async def named(request: Request, application: str) -> Application:
    """Return the application that the path names by its id or api key. Raises `ControlError` (404)."""
    found = await store_of(request).find(await world_of(request), application)
    if found is None:
        raise _unknown(application)
    return found


def _unknown(application: str) -> ControlError:
    return ControlError(404, f"there is no application {application}", "application")


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
    store: Store = request.app.state.store
    return store


CurrentWorld = Annotated[World, Depends(world_of)]
CurrentApplication = Annotated[Application, Depends(held, scope="function")]
"""The application of the path, for endpoints that do not wait for anything."""

NamedApplication = Annotated[Application, Depends(named)]
"""The application of the path, for endpoints that wait, and hold it (`unit`) only for what they do."""


async def check_body(request: Request) -> None:
    """Refuse a JSON body that could not be shown or stored. Raises `ControlError` (400)."""
    route = request.scope.get("route")
    if getattr(route, "body_field", None) is None or not request.scope[KEY].body:
        return
    try:
        nesting.check(await request.json())  # it has been read: what is no JSON was refused
    except UnwritableError as error:
        raise ControlError(400, str(error), ".".join(map(str, error.path))) from None
    except ValueError:
        return  # of another content type: refused where the fields are read


def of_validation(error: RequestValidationError, endpoint: Callable[..., Any] | None = None) -> ControlError:
    """Return the first problem of a request body or query, with the nearest known name where one is misspelt."""
    problem: Mapping[str, Any] = error.errors()[0]
    parts = [str(part) for part in problem["loc"][1:]]
    message = "is required" if problem["type"] == "missing" else str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "json_invalid":
        return ControlError(400, f"the body is not JSON: {problem['ctx']['error']}")
    if problem["type"] in ("model_attributes_type", "model_type"):
        message = "must be a JSON object"
    if problem["type"] == "extra_forbidden":
        known = _fields_of(endpoint) if endpoint else set()
        return ControlError(400, "there is no such field", ".".join(parts), did_you_mean(parts[-1], known))
    return ControlError(400, message, ".".join(parts))


def of_refusal(error: Exception) -> ControlError:
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
    body = errors.of_exception(error, "")
    return ControlError(body.status, body.message)


def check_type(type_: str | None) -> None:
    """Raise `ControlError` (400) for a type of events that there is not; `*`, types and kinds are."""
    kinds = {known.partition(".")[0] for known in TYPES}
    if type_ is not None and type_ != "*" and type_ not in TYPES and type_ not in kinds:
        raise ControlError(400, f"there is no event {type_}", "event", did_you_mean(type_, TYPES | kinds))


def _fields_of(endpoint: Callable[..., Any]) -> set[str]:
    """Return the names that the body of an endpoint knows, those inside its fields included."""
    found: set[str] = set()
    pending = list(get_type_hints(endpoint).values())
    seen: set[Any] = set()
    while pending:
        hint = pending.pop()
        pending.extend(get_args(hint))
        if isinstance(hint, type) and issubclass(hint, BaseModel) and hint not in seen:
            seen.add(hint)
            for name, field in hint.model_fields.items():
                found.add(field.alias or name)
                pending.append(field.annotation)
    return found
