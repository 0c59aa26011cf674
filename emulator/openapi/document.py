"""The OpenAPI description of the service and the control API: FastAPI's own, with what the declarations know too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute

from emulator.auth.rest_tokens import NO_TOKEN
from emulator.openapi.examples import example_of
from emulator.service.operations import BY_ID
from emulator.spec import errors
from emulator.spec.errors import InvalidRequestError
from emulator.spec.operations import SESSION_CREATE, Operation
from emulator.spec.paths import CONTROL
from emulator.spec.responses import ErrorBody
from emulator.spec.schemas.responses import ErrorContent, model_of

Json = dict[str, Any]

REF = "#/components/schemas/{model}"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

DESCRIPTION = """\
{description}

Operations are described as they respond with the contract `service`, the default. Who calls as OpenTok SDKs do gets
refusals in XML where these SDKs read nothing else.
"""

TEXTS: Mapping[int, str] = {
    400: "The request is wrong.",
    403: "The caller, or its client token, is not allowed to do this; a missing or wrong token may be 401 by setting.",
    404: "There is no such thing.",
    405: "It cannot be done to this one (OpenTok).",
    408: "There is no such stream.",
    409: "It cannot be done now.",
    413: "The body, or a text in it, is too large.",
    429: "Documented by the service; the emulator answers so only where a failure rule says it.",
    503: "The store cannot be reached, or too many bodies are being read.",
}

COMMON = (ErrorBody(503, "the store cannot be written"),)
TOO_LARGE = ErrorBody(413, "The request body is larger than 1048576 bytes.")

CONTROL_REFUSALS: Mapping[str, tuple[str, str]] = {
    "400": ("The request is wrong: which field, and what was probably meant.", "there is no such field"),
    "401": ("The control API is closed with a token, and this is not it.", "the control API asks for a token"),
    "404": ("There is no such thing.", "there is no application 7"),
    "409": ("It cannot be done in this state, or is taken.", "cannot move to started archive in status stopped"),
    "413": ("The body is too large.", "The request body is larger than 1048576 bytes."),
    "503": ("The store cannot be reached.", "the store cannot be written"),
}
"""What control calls refuse, by status, with an example of the message."""

CONTROL_ERROR: Json = {
    "type": "object",
    "title": "ControlError",
    "description": "A control request that was refused.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {"type": "string", "description": "what is wrong"},
                "field": {"type": "string", "description": "where, with dots into objects"},
                "suggestion": {"type": "string", "description": "what was probably meant"},
            },
        }
    },
}


def describe(app: FastAPI, service: Sequence[APIRoute], control: Sequence[BaseRoute]) -> Json:
    """Return the description: the service's operations in the contract `service`, then the control API."""
    schemas: Json = {"ControlError": CONTROL_ERROR}
    for route in service:
        route.openapi_extra = _extra(BY_ID[route.name], route.path, schemas)
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION.format(description=app.description),
        routes=[*service, *control],
    )
    components = document.setdefault("components", {})
    known = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        known.pop(unused, None)
    known.update(schemas)
    components["securitySchemes"] = {
        "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "a REST token"},
        "opentokAuth": {
            "type": "apiKey", "in": "header", "name": "X-OPENTOK-AUTH", "description": "a token of an OpenTok project",
        },
        "opentokPartnerAuth": {
            "type": "apiKey", "in": "header", "name": "X-TB-PARTNER-AUTH", "description": "`<apiKey>:<apiSecret>`",
        },
        "controlToken": {"type": "http", "scheme": "bearer", "description": "the control token, where there is one"},
    }  # fmt: skip
    for path, methods in document["paths"].items():
        if path.startswith(CONTROL):
            for method, operation in methods.items():
                _control(path, method, operation)
    return document


# Operations of the service


def _extra(operation: Operation, path: str, schemas: Json) -> Json:
    described: Json = {
        "security": [{"bearerAuth": []}, {"opentokAuth": []}, {"opentokPartnerAuth": []}],
        "parameters": [*_path_parameters(path), *_query_parameters(operation)],
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        form = operation.path == SESSION_CREATE
        schema = _reference(operation.body, schemas)
        content: Json = {"schema": schema}
        if not form:
            content["example"] = {**example_of(schema, schemas), **operation.example}
        described["requestBody"] = {"required": not form, "content": {FORM if form else JSON: content}}
    return described


def _path_parameters(path: str) -> list[Json]:
    names = re.findall(r"{(\w+)}", path)
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": f"{_words(name)}"}
        for name in names
    ]


def _query_parameters(operation: Operation) -> list[Json]:
    return [
        {"name": each.name, "in": "query", "schema": dict(each.schema), "description": each.description}
        for each in operation.query
    ]


def _responses(operation: Operation, schemas: Json) -> Json:
    success: Json = {"description": f"Success. {operation.description.partition(chr(10))[0]}"}
    if operation.response and "service" not in operation.empty:
        schema = _reference(model_of(operation.response), schemas)
        if operation.array:
            schema = {"type": "array", "items": schema}
        if operation.path == SESSION_CREATE:
            schema |= {"minItems": 1, "maxItems": 1}
        success["content"] = {JSON: {"schema": schema, "example": example_of(schema, schemas)}}
    responses: Json = {str(operation.status): success}
    for body, name in sorted(refusals(operation), key=lambda each: each[0].status):
        found = responses.setdefault(
            str(body.status),
            {
                "description": TEXTS[body.status],
                "content": {JSON: {"schema": _reference(ErrorContent, schemas), "examples": {}}},
            },
        )
        examples = found["content"][JSON]["examples"]
        value = dict(body.content())
        if value not in [each["value"] for each in examples.values()]:
            key = name if name not in examples else f"{name}{len(examples) + 1}"
            examples[key] = {"summary": _words(name), "value": value}
    return responses


def refusals(operation: Operation) -> Iterator[tuple[ErrorBody, str]]:
    """Yield what an operation may be refused with, with the name of the reason."""
    yield NO_TOKEN.body, "noToken"
    for error in operation.refusals:
        name = type(error).__name__.removesuffix("Error")
        for opentok in (False, True):
            yield errors.of_exception(error, operation, opentok=opentok), name[:1].lower() + name[1:]
    if operation.body is not None:
        if operation.path != SESSION_CREATE:
            empty = InvalidRequestError("the body is empty; expected a JSON object")
            yield errors.of_exception(empty, operation), "noBody"
        yield TOO_LARGE, "tooLarge"
    for body in operation.documented:
        yield body, "documented"
    for body in COMMON:
        yield body, "unavailable"


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _reference(model: type[BaseModel], schemas: Json) -> Json:
    """Add the model's schema, with those it refers to, and return a reference to it."""
    name = model.__name__
    if name not in schemas:
        schema = model.model_json_schema(ref_template=REF)
        for inner, definition in schema.pop("$defs", {}).items():
            schemas[inner] = definition
        schemas[name] = schema
    return {"$ref": REF.format(model=name)}


# The control API


def _control(path: str, method: str, operation: Json) -> None:
    """Document what a control call refuses, as it is refused: what all of them do, and what its endpoint declares.

    It has no 422.
    """
    responses: Json = operation["responses"]
    responses.pop("422", None)
    operation["security"] = [{"controlToken": []}, {}]
    declared = [status for status in responses if status in CONTROL_REFUSALS]
    for status in sorted({*_statuses(path, method), *declared}):
        text, message = CONTROL_REFUSALS[status]
        example = {"error": {"message": message}}
        responses[status] = {
            "description": text,
            "content": {JSON: {"schema": {"$ref": REF.format(model="ControlError")}, "example": example}},
        }


def _statuses(path: str, method: str) -> Iterable[str]:
    yield "400"  # a query parameter that there is not is refused everywhere
    yield "401"
    if "{" in path:
        yield "404"
    if method != "get":
        yield "409"
        yield "413"
    yield "503"
