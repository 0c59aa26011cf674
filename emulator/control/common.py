"""What control endpoints share: bodies, the application of the path, errors."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse

from emulator.answers import JSON
from state.application import Application
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


def world_of(request: Request) -> World:
    """Return the world."""
    world: World = request.app.state.world
    return world


def application_of(request: Request, application: str) -> Application:
    """Return the application that the path names by its id or api key. Raises `ControlError` (404)."""
    found = world_of(request).find(application)
    if found is None:
        raise ControlError(404, f"there is no application {application}", "application")
    return found


CurrentWorld = Annotated[World, Depends(world_of)]
CurrentApplication = Annotated[Application, Depends(application_of)]


def of_validation(error: RequestValidationError) -> ControlError:
    """Return the first problem of a request body or query, with the nearest known name where one is misspelt."""
    problem: Mapping[str, Any] = error.errors()[0]
    parts = [str(part) for part in problem["loc"][1:]]
    message = "is required" if problem["type"] == "missing" else str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "json_invalid":
        return ControlError(400, f"the body is not JSON: {problem['ctx']['error']}")
    if problem["type"] == "extra_forbidden":
        return ControlError(400, "there is no such field", ".".join(parts), _nearest(error, parts[-1]))
    return ControlError(400, message, ".".join(parts))


def _nearest(error: RequestValidationError, name: str) -> str:
    from emulator.control import models

    known: Sequence[str] = sorted(models.field_names())
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


__all__ = ["JSON", "ControlBody", "ControlError", "CurrentApplication", "CurrentWorld"]
