"""The OpenAPI description of the service and the control API, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.routing import BaseRoute

from emulator.spec.contract import SERVICE
from emulator.spec.operations import OPERATIONS, Operation
from emulator.spec.schemas.bodies import BODIES
from emulator.spec.schemas.responses import RESPONSES, ErrorContent

REF = "#/components/schemas/{model}"

QUERIES: Mapping[str, tuple[str, ...]] = {
    "listArchives": ("offset", "count", "sessionId"),
    "listBroadcasts": ("offset", "count", "sessionId"),
    "listRenders": ("offset", "count"),
    "listStreams": ("offset", "count"),
    "listConnections": ("offset", "count"),
}
_WHOLE = ("listStreams", "listConnections")
"""Lists that are returned whole when no count is given."""


def describe(app: FastAPI, control: Sequence[BaseRoute]) -> dict[str, Any]:
    """Return the description: the service's operations with their bodies in the `service` contract, then control."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=control)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    components["securitySchemes"] = {
        "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "opentokAuth": {"type": "apiKey", "in": "header", "name": "X-OPENTOK-AUTH"},
        "opentokPartnerAuth": {"type": "apiKey", "in": "header", "name": "X-TB-PARTNER-AUTH"},
    }
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        for index, (method, path) in enumerate(operation.routes):
            full = operation.full(path)
            paths.setdefault(full, {})[method.lower()] = _describe(operation, full, schemas, alias=index)
    document["paths"] = paths | document["paths"]
    return document


def _describe(operation: Operation, path: str, schemas: dict[str, Any], *, alias: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id if not alias else f"{operation.id}Alias{alias}",
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": [{"bearerAuth": []}, {"opentokAuth": []}, {"opentokPartnerAuth": []}],
        "parameters": [*_path_parameters(path), *_query_parameters(operation.id)],
        "responses": _responses(operation, schemas),
    }
    model = BODIES.get(operation.id)
    if model is not None:
        form = operation.id == "createSession"
        media_type = "application/x-www-form-urlencoded" if form else "application/json"
        described["requestBody"] = {
            "required": not form,
            "content": {media_type: {"schema": _reference(model, schemas)}},
        }
    if alias:
        described["description"] = f"Another way to write `{operation.id}`, as some SDKs do."
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(operation: str) -> list[dict[str, Any]]:
    number = {"type": "integer", "minimum": 0}
    count: dict[str, Any] = {"schema": {**number, "default": 50}, "description": "at most 1000"}
    if operation in _WHOLE:
        count = {"schema": number, "description": "all when it is not given"}
    known = {
        "offset": {"schema": {**number, "default": 0}},
        "count": count,
        "sessionId": {"schema": {"type": "string"}},
    }
    return [{"name": name, "in": "query", **known[name]} for name in QUERIES.get(operation, ())]


def _responses(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    status = str(SERVICE.status(operation.id))
    success: dict[str, Any] = {"description": "Success."}
    model = RESPONSES.get(operation.id)
    if model is not None:
        schema = _reference(model, schemas)
        if operation.id == "createSession":
            schema = {"type": "array", "items": schema, "minItems": 1, "maxItems": 1}
        if operation.id == "listCallbacks":
            schema = {"type": "array", "items": schema}
        success["content"] = {"application/json": {"schema": schema}}
    error = {"content": {"application/json": {"schema": _reference(ErrorContent, schemas)}}}
    refusals = {"400": "Invalid request.", "403": "Not allowed.", "404": "Not found.", "405": "Not possible here.",
                "408": "No such stream.", "409": "Conflict.", "413": "Too large."}  # fmt: skip
    return {status: success, **{code: {"description": text, **error} for code, text in refusals.items()}}


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    """Add the model's schema, with those it refers to, and return a reference to it."""
    name = model.__name__
    if name not in schemas:
        prefix = REF
        schema = model.model_json_schema(ref_template=prefix)
        for inner, definition in schema.pop("$defs", {}).items():
            schemas[inner] = definition
        schemas[name] = schema
    return {"$ref": REF.format(model=name)}
