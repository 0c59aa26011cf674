"""What many operations refuse: of a session, of a resource that a path names, of a client token."""

from __future__ import annotations

from emulator.spec.errors import NotAllowedError
from emulator.spec.responses import ErrorBody
from state import errors as refused
from state.errors import ServiceError

SESSION: tuple[ServiceError, ...] = (refused.InvalidSessionIdError(), refused.UnknownSessionError())
"""Of a session that the path or the body names."""

TOKEN = NotAllowedError(ErrorBody(403, "Invalid token. The token is for another session."), "session")
"""Of the client token in a body."""


def resource(kind: str) -> tuple[ServiceError, ...]:
    """Return what is refused of a resource of this kind that the path names."""
    return refused.UnknownResourceError(kind), refused.MalformedIdError(kind)
