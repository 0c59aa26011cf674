"""The one place where refusals become responses: of the rules, of authentication, of validation, of the path."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.spec.contract import CONTRACTS, SERVICE, Contract
from emulator.spec.responses import ErrorBody
from state.errors import ServiceError

TOO_LARGE = 413

REQUIRED = "is required"
"""The problem of a field that is not there."""


class NotAllowedError(Exception):
    """The caller did not prove who it is, or may not do this. `body` is given by who raised it.

    `about` says what is wrong with a client token: it is `unreadable`, of another `session`, or `expired`.
    """

    def __init__(self, body: ErrorBody, about: str = "") -> None:
        super().__init__(body.message)
        self.body = body
        self.about = about


class InvalidRequestError(Exception):
    """A request that breaks a rule; `problem` says which, and what was allowed, `field` where (empty: the body).

    `text` is the documented text, where it is not that of every wrong value of the field; `whole` says that `problem`
    is a text as it was recorded, to which nothing is added.
    """

    def __init__(
        self, problem: str, field: str = "", *, status: int = 400, text: str = "", whole: bool = False
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.field = field
        self.status = status
        self.text = text
        self.whole = whole


REFUSALS = (ServiceError, InvalidRequestError, NotAllowedError)
"""What says that a request is refused, and why."""

# The documented texts of a wrong field, by operation and first part of the field; other fields have none.
_SESSION = "You do not pass in a session ID or you pass in an invalid session ID."
_LAYOUT = "Invalid request. The layout options are invalid."
_SIGNAL = "One of the signal properties, data, type, sessionId or connectionId, is invalid."
_BITRATE = (
    "You specify an invalid maxBitrate value or you specify a maxBitrate value for an individual stream archive. "
    "maxBitrate is only supported for composed archives."
)
NO_DATA = "Signal payload 'data' must be set."
_TEXTS: Mapping[tuple[str, str], str] = {
    ("startArchive", "sessionId"): _SESSION,
    ("startArchive", "resolution"): "You specify an invalid resolution value.",
    ("startArchive", "maxBitrate"): _BITRATE,
    ("startArchive", "layout"): _LAYOUT,
    ("startBroadcast", "sessionId"): _SESSION,
    ("startBroadcast", "layout"): _LAYOUT,
    ("setArchiveLayout", ""): _LAYOUT,
    ("setBroadcastLayout", ""): _LAYOUT,
    ("setStreamClassLists", ""): _LAYOUT,
    ("signalSession", ""): _SIGNAL,
    ("signalConnection", ""): _SIGNAL,
    ("playDtmfAll", "digits"): "Invalid DTMF Digits",
    ("playDtmfConnection", "digits"): "Invalid DTMF Digits",
    ("startRender", "maxDuration"): "Invalid maxDuration provided.",
    ("startRender", "url"): "Invalid application URL structure.",
    ("startRender", "resolution"): "Invalid resolution provided.",
    ("startRender", "properties"): "Invalid stream name provided.",
    ("startRender", "sessionId"): "Invalid sessionId provided.",
}
_MISSING: Mapping[tuple[str, str], str] = {
    ("signalSession", "data"): NO_DATA,
    ("signalConnection", "data"): NO_DATA,
}
"""The documented texts of a field that is not there, where they are not those of a wrong one."""
_SIGNAL_SIZE = (
    "The type string exceeds the maximum length (128 bytes), or the data string exceeds the maximum size (8 kB)."
)
_CODES: Mapping[str, int] = {
    "Invalid DTMF Digits": 400,
    "Invalid application URL structure.": 50001,
    "Invalid maxDuration provided.": 50005,
    "Invalid resolution provided.": 50006,
    "Invalid stream name provided.": 50007,
    "Invalid sessionId provided.": 50008,
    NO_DATA: 15202,
}
_TOKENS: Mapping[tuple[str, str], ErrorBody] = {
    ("startRender", "unreadable"): ErrorBody(403, "Invalid token format or signature.", code=10001),
    ("startRender", "session"): ErrorBody(403, "The token does not match the session ID.", code=10007),
    ("startRender", "expired"): ErrorBody(403, "Expired token.", code=10012),
}
"""The documented responses to a client token, by operation and what is wrong with it."""


def of_service_error(
    error: ServiceError, operation: str, contract: Contract = SERVICE, *, opentok: bool = False
) -> ErrorBody:
    """Return the response to a refusal: its entry for the operation, the kind and action, the kind, or any.

    `opentok`: a project that was called by its api key; the entry for its kind comes first.
    """
    kind = getattr(error, "kind", "")
    keys: tuple[str, ...] = (operation, f"{kind}.{getattr(error, 'action', '')}", kind, "")
    if opentok:
        keys = (f"opentok.{kind}", *keys)
    for key in keys:
        body = contract.errors.get((type(error), key))
        if body is not None:
            return body
    raise error


def of_invalid(error: InvalidRequestError, operation: str) -> ErrorBody:
    """Return the response to a request that breaks a rule: the documented text, then the field and what was allowed."""
    if error.status == TOO_LARGE and operation.startswith("signal"):
        return ErrorBody(TOO_LARGE, _SIGNAL_SIZE)
    if error.whole:
        return ErrorBody(error.status, error.problem)
    first = error.field.partition(".")[0]
    missing = _MISSING.get((operation, first), "") if error.problem == REQUIRED else ""
    text = error.text or missing or _TEXTS.get((operation, first)) or _TEXTS.get((operation, "")) or "Invalid request."
    where = f"{error.field}: {error.problem}" if error.field else error.problem
    return ErrorBody(error.status, f"{text.removesuffix('.')}. {where}", code=_CODES.get(text, -1))


def of_exception(
    error: Exception, operation: str, contract_name: str = "service", *, opentok: bool = False
) -> ErrorBody:
    """Return the response to anything that was refused; other exceptions are raised again."""
    if isinstance(error, NotAllowedError):
        return _TOKENS.get((operation, error.about), error.body)
    if isinstance(error, InvalidRequestError):
        return of_invalid(error, operation)
    if isinstance(error, ServiceError):
        return of_service_error(error, operation, CONTRACTS[contract_name], opentok=opentok)
    raise error
