"""What the clients raise."""

from __future__ import annotations


class EmulatorError(Exception):
    """The emulator did not do what was asked."""


class NotReachableError(EmulatorError):
    """Nothing answers, or not in time."""


class WaitTimeoutError(EmulatorError, TimeoutError):
    """What was waited for did not happen; the message says what happened instead."""


class VerificationError(EmulatorError, AssertionError):
    """The service was asked something else than was to be verified; the message explains the nearest miss."""


class RequestRefusedError(EmulatorError):
    """The control API refused a request.

    `status` is the HTTP status, `field` the field of the request that is wrong (or empty), `suggestion` what would have
    been right (or empty).
    """

    def __init__(self, status: int, message: str, field: str = "", suggestion: str = "") -> None:
        super().__init__(status, message, field, suggestion)
        self.status = status
        self.message = message
        self.field = field
        self.suggestion = suggestion

    def __str__(self) -> str:
        subject = f"{self.field}: " if self.field else ""
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{subject}{self.message}{hint} [{self.status}]"
