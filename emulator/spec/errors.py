"""The one place where refusals become responses: of the rules, of authentication, of validation, of the path."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emulator.spec.contract import CONTRACTS, SERVICE, Contract
from emulator.spec.operations import Operation
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

LAYOUT = "Invalid request. The layout options are invalid."
NO_DATA = "Signal payload 'data' must be set."
SIGNAL_SIZE = (
    "The type string exceeds the maximum length (128 bytes), or the data string exceeds the maximum size (8 kB)."
)
_CODES: Mapping[str, int] = MappingProxyType(
    {
        "Invalid DTMF Digits": 400,
        "Invalid application URL structure.": 50001,
        "Invalid maxDuration provided.": 50005,
        "Invalid resolution provided.": 50006,
        "Invalid stream name provided.": 50007,
        "Invalid sessionId provided.": 50008,
        NO_DATA: 15202,
    }
)
"""The codes of documented texts of a wrong field, where they have one."""


def of_service_error(
    error: ServiceError, operation: Operation | None, contract: Contract = SERVICE, *, opentok: bool = False
) -> ErrorBody:
    """Return the response to a refusal: the operation's own, or that of the kind and action, of the kind, or of any.

    `opentok`: a project that was called by its api key; the entry for its kind comes first.
    """
    kind = getattr(error, "kind", "")
    if opentok and (found := contract.errors.get((type(error), f"opentok.{kind}"))) is not None:
        return found
    if operation is not None and (found := operation.answer(type(error), contract.name)) is not None:
        return found
    for key in (f"{kind}.{getattr(error, 'action', '')}", kind, ""):
        if (found := contract.errors.get((type(error), key))) is not None:
            return found
    raise error


def of_invalid(error: InvalidRequestError, operation: Operation | None) -> ErrorBody:
    """Return the response to a request that breaks a rule: the documented text, then the field and what was allowed."""
    if error.whole:
        return ErrorBody(error.status, error.problem)
    first = error.field.partition(".")[0]
    texts: Mapping[str, str] = operation.texts if operation is not None else {}
    missing = operation.missing.get(first, "") if operation is not None and error.problem == REQUIRED else ""
    text = error.text or missing or texts.get(first) or texts.get("") or "Invalid request."
    where = f"{error.field}: {error.problem}" if error.field else error.problem
    return ErrorBody(error.status, f"{text.removesuffix('.')}. {where}", code=_CODES.get(text, -1))


def of_exception(
    error: Exception, operation: Operation | None, contract_name: str = "service", *, opentok: bool = False
) -> ErrorBody:
    """Return the response to anything that was refused; other exceptions are raised again."""
    if isinstance(error, NotAllowedError):
        return operation.tokens.get(error.about, error.body) if operation is not None else error.body
    if isinstance(error, InvalidRequestError):
        return of_invalid(error, operation)
    if isinstance(error, ServiceError):
        return of_service_error(error, operation, CONTRACTS[contract_name], opentok=opentok)
    raise error
