"""The responses of faults: for each operation the status with the body and code that are documented for it.

Where an operation documents none for a status, the usual shape with a plain text (fidelity/rest-and-archives.md 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from emulator.resources.registry import PARAMETERS
from emulator.spec import errors
from emulator.spec.contract import CONTRACTS
from emulator.spec.errors import InvalidRequestError
from emulator.spec.operations import BY_ID
from emulator.spec.responses import ErrorBody
from state import errors as refused
from state.errors import ServiceError

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

_OWN: Mapping[tuple[str, int], ErrorBody] = MappingProxyType(
    {("startRender", 429): ErrorBody(429, "Experienced Composer API Usage Exceeded", code=50004)}
)
"""What an operation is documented to answer where nothing here is refused so."""

_CONFLICTS: Mapping[str, ServiceError] = MappingProxyType(
    {
        "migrateSession": refused.MigrationInProgressError(),
        "startArchive": refused.AlreadyRunningError("archive"),
        "stopArchive": refused.WrongStatusError("archive", "stop", "available"),
        "deleteArchive": refused.WrongStatusError("archive", "delete", "started"),
        "setArchiveLayout": refused.WrongStatusError("archive", "change the layout of", "stopped"),
        "selectArchiveStreams": refused.WrongStatusError("archive", "select streams of", "stopped"),
        "startBroadcast": refused.AlreadyRunningError("broadcast"),
        "dial": refused.NotRoutedError("SIP call"),
        "startCaptions": refused.AlreadyRunningError("captions"),
        "startRender": refused.NotRoutedError("render"),
        "connectAudio": refused.NotRoutedError("audio connector"),
    }
)


def error_body(status: int, operation: str, contract: str) -> ErrorBody:
    """Return what the operation is documented to answer with this status."""
    error = _error(status, operation)
    if isinstance(error, InvalidRequestError):
        return errors.of_invalid(error, operation)
    if error is not None:
        found = errors.of_service_error(error, operation, CONTRACTS[contract], opentok=status == 405)
        if found.status == status:
            return found
    return _OWN.get((operation, status)) or _GENERIC[status]


def _error(status: int, operation: str) -> ServiceError | InvalidRequestError | None:
    """Return what would be refused with this status, where the operation documents it."""
    if status == 400:
        return _bad_request(operation)
    if status == 404:
        return _not_found(operation)
    if status == 405 and operation == "selectBroadcastStreams":
        return refused.SelectsItselfError("broadcast")
    if status == 409:
        return _CONFLICTS.get(operation)
    if status == 413 and operation.startswith("signal"):
        return InvalidRequestError("", status=413)
    return None


def _bad_request(operation: str) -> ServiceError | InvalidRequestError:
    if operation.startswith("playDtmf"):
        return InvalidRequestError("must match ^[0-9*#p]+$", "digits")
    if operation == "startRender":
        return InvalidRequestError("must be between 60 and 36000", "maxDuration")
    if BY_ID[operation].tag == "Callbacks":
        return InvalidRequestError("is required", "url")
    if operation in ("signalConnection", "signalSession", "forceDisconnect"):
        return refused.MalformedIdError("connection")
    kind = _kind(operation)
    return refused.MalformedIdError(kind) if kind else refused.InvalidSessionIdError()


def _not_found(operation: str) -> ServiceError | None:
    path = BY_ID[operation].path
    if BY_ID[operation].tag == "Callbacks":
        return refused.UnknownResourceError("registration")
    if operation in ("listStreams", "getStream", "setStreamClassLists", "muteStream", "setStreamClassList"):
        return refused.NoStreamsYetError()
    if operation.startswith("playDtmf"):
        return refused.NoCallError()
    if "{connectionId}" in path:
        return refused.NotConnectedError()
    if kind := _kind(operation):
        return refused.UnknownResourceError(kind)
    return refused.NoClientsError() if operation != "createSession" else None


def _kind(operation: str) -> str:
    """Return the kind of resource that an operation's path names, or an empty text."""
    path = BY_ID[operation].path
    return next((each.kind.name for parameter, each in PARAMETERS.items() if f"{{{parameter}}}" in path), "")


def with_text(found: ErrorBody, message: str | None, code: int | None) -> ErrorBody:
    """Return the response with another message or code."""
    if message is not None:
        found = replace(found, message=message, body=None)
    if code is None:
        return found
    return replace(found, code=code, bare=False, body=None, message=found.message or _text(found))


def _text(found: ErrorBody) -> str:
    return str((found.body or {}).get("message", ""))
