"""The answers of faults: for each operation the status with the body and code that are documented for it.

Where an operation documents none for a status, the usual shape with a plain text (fidelity/rest-and-archives.md 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from emulator import errors
from emulator.answers import Answer
from emulator.contract import CONTRACTS
from emulator.errors import Invalid
from emulator.operations import BY_ID
from state import errors as refused
from state.errors import Refused

_GENERIC: Mapping[int, Answer] = MappingProxyType(
    {
        400: Answer(400, "Invalid request."),
        401: Answer(401, "Invalid token format"),
        403: Answer(403, "Unauthorized token", code=10002),
        404: Answer(404, "Not found."),
        405: Answer(405, "Method not allowed.", code=405),
        408: Answer(408, "Request timed out."),
        409: Answer(409, "Conflict."),
        413: Answer(413, "The request body is too large."),
        429: Answer(429, "Too many requests."),
        500: Answer(500, body={"message": "Internal server error", "code": -1}),
        502: Answer(502, "Bad gateway."),
        503: Answer(503, "Service unavailable."),
        504: Answer(504, "Gateway timeout."),
    }
)

_OWN: Mapping[tuple[str, int], Answer] = MappingProxyType(
    {("startRender", 429): Answer(429, "Experienced Composer API Usage Exceeded", code=50004)}
)
"""What an operation is documented to answer where nothing here is refused so."""

_CONFLICTS: Mapping[str, Refused] = MappingProxyType(
    {
        "migrateSession": refused.MigrationInProgress(),
        "startArchive": refused.AlreadyRunning("archive"),
        "stopArchive": refused.WrongStatus("archive", "stop", "available"),
        "deleteArchive": refused.WrongStatus("archive", "delete", "started"),
        "setArchiveLayout": refused.WrongStatus("archive", "change the layout of", "stopped"),
        "selectArchiveStreams": refused.WrongStatus("archive", "select streams of", "stopped"),
        "startBroadcast": refused.AlreadyRunning("broadcast"),
        "dial": refused.NotRouted("SIP call"),
        "startCaptions": refused.AlreadyRunning("captions"),
        "startRender": refused.NotRouted("render"),
        "connectAudio": refused.NotRouted("audio connector"),
    }
)

_KINDS: Mapping[str, str] = MappingProxyType(
    {"Archives": "archive", "Broadcasts": "broadcast", "Captions": "captions", "Render": "render"}
)


def answer(status: int, operation: str, contract: str) -> Answer:
    """Return what the operation is documented to answer with this status."""
    error = _error(status, operation)
    if isinstance(error, Invalid):
        return errors.of_invalid(error, operation)
    if error is not None:
        found = errors.of_refusal(error, operation, CONTRACTS[contract], opentok=status == 405)
        if found.status == status:
            return found
    return _OWN.get((operation, status)) or _GENERIC[status]


def _error(status: int, operation: str) -> Refused | Invalid | None:
    """Return what would be refused with this status, where the operation documents it."""
    if status == 400:
        return _bad_request(operation)
    if status == 404:
        return _not_found(operation)
    if status == 405 and operation == "selectBroadcastStreams":
        return refused.SelectsItself("broadcast")
    if status == 409:
        return _CONFLICTS.get(operation)
    if status == 413 and operation.startswith("signal"):
        return Invalid("", status=413)
    return None


def _bad_request(operation: str) -> Refused | Invalid:
    if operation.startswith("playDtmf"):
        return Invalid("must match ^[0-9*#p]+$", "digits")
    if operation == "startRender":
        return Invalid("must be between 60 and 36000", "maxDuration")
    if BY_ID[operation].tag == "Callbacks":
        return Invalid("is required", "url")
    if operation in ("signalConnection", "signalSession", "forceDisconnect"):
        return refused.MalformedId("connection")
    kind = _kind(operation)
    return refused.MalformedId(kind) if kind and "Id}" in BY_ID[operation].path else refused.InvalidSessionId()


def _not_found(operation: str) -> Refused | None:
    path = BY_ID[operation].path
    if BY_ID[operation].tag == "Callbacks":
        return refused.Unknown("registration")
    if operation in ("listStreams", "getStream", "setStreamClassLists", "muteStream", "setStreamClassList"):
        return refused.NoStreamsYet()
    if operation.startswith("playDtmf"):
        return refused.NoCall()
    if "{connectionId}" in path:
        return refused.NotConnected()
    kind = "connector" if operation == "disconnectAudio" else _kind(operation)
    if kind and "Id}" in path:
        return refused.Unknown(kind)
    return refused.NoClients() if operation != "createSession" else None


def _kind(operation: str) -> str:
    return _KINDS.get(BY_ID[operation].tag, "")


def with_text(found: Answer, message: str | None, code: int | None) -> Answer:
    """Return the answer with another message or code."""
    if message is not None:
        found = replace(found, message=message, body=None)
    if code is None:
        return found
    return replace(found, code=code, bare=False, body=None, message=found.message or _text(found))


def _text(found: Answer) -> str:
    return str((found.body or {}).get("message", ""))
