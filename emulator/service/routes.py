"""Every operation as FastAPI's own routes, for what looks at `app.routes`: requests are served before."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from emulator.context import context_of
from emulator.service.dispatch import OperationDispatcher
from emulator.service.operations import OPERATIONS
from emulator.spec.operations import Operation


def routes(dispatcher: OperationDispatcher) -> list[APIRoute]:
    """Return a route for each operation, and for each of its aliases."""
    return [
        _route(dispatcher, operation, method, operation.full(path), number)
        for operation in OPERATIONS
        for number, (method, path) in enumerate(operation.routes)
    ]


def _route(dispatcher: OperationDispatcher, operation: Operation, method: str, path: str, alias: int) -> APIRoute:
    async def endpoint(request: Request) -> Response:
        return await dispatcher.respond(context_of(request), operation)

    has_body = bool(operation.response) and "service" not in operation.empty
    return APIRoute(
        path,
        endpoint,
        methods=[method],
        name=operation.id,
        operation_id=f"{operation.id}Alias{alias}" if alias else operation.id,
        tags=[operation.tag],
        summary=operation.summary,
        description=f"Another way to write `{operation.id}`, as some SDKs do." if alias else operation.description,
        status_code=operation.status,
        response_model=None,
        response_class=JSONResponse if has_body else Response,
    )
