"""The responses of faults: for each operation the status with the body and code that are documented for it.

Where an operation documents none for a status, the usual shape with a plain text (fidelity/rest-and-archives.md 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from emulator.spec import errors
from emulator.spec.errors import NotAllowedError
from emulator.spec.operations import Operation
from emulator.spec.responses import ErrorBody

_GENERIC: Mapping[int, ErrorBody] = MappingProxyType(
    {
        400: ErrorBody(400, "Invalid request."),
        401: ErrorBody(401, "Invalid token format"),
        403: ErrorBody(403, "Unauthorized token", code=10002),
        404: ErrorBody(404, "Not found."),
        405: ErrorBody(405, "Method not allowed.", code=405),
        408: ErrorBody(408, "Request timed out."),
        409: ErrorBody(409, "Conflict."),
        413: ErrorBody(413, "The request body is too large."),
        429: ErrorBody(429, "Too many requests."),
        500: ErrorBody(500, body={"message": "Internal server error", "code": -1}),
        502: ErrorBody(502, "Bad gateway."),
        503: ErrorBody(503, "Service unavailable."),
        504: ErrorBody(504, "Gateway timeout."),
    }
)


def error_body(status: int, operation: Operation | None, contract: str) -> ErrorBody:
    """Return what the operation is documented to answer with this status: the first of its refusals that has it."""
    if operation is None:
        return _GENERIC[status]
    for error in operation.refusals:
        if isinstance(error, NotAllowedError):
            continue  # of a client token; a caller is refused the same everywhere
        found = errors.of_exception(error, operation, contract, opentok=status == 405)
        if found.status == status:
            return found
    return next((each for each in operation.documented if each.status == status), _GENERIC[status])


def with_text(found: ErrorBody, message: str | None, code: int | None) -> ErrorBody:
    """Return the response with another message or code."""
    if message is not None:
        found = replace(found, message=message, body=None)
    if code is None:
        return found
    return replace(found, code=code, bare=False, body=None, message=found.message or _text(found))


def _text(found: ErrorBody) -> str:
    return str((found.body or {}).get("message", ""))
