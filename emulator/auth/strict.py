"""The strict mode: callers prove who they are with a token of the project in the path."""

from __future__ import annotations

from collections.abc import Callable

from emulator.auth.rest_tokens import Authenticator, Caller
from emulator.context import RequestContext
from emulator.spec import opentok
from emulator.spec.errors import NotAllowedError
from emulator.spec.responses import ErrorBody

WRONG_PROJECT = NotAllowedError(ErrorBody(403, "Id in the token does not match the id provided in the url", code=None))

Authenticate = Callable[[RequestContext], Caller]


def strict(authenticator: Authenticator) -> Authenticate:
    """Return how callers are verified: by their token, which must be for the project in the path."""

    def authenticate(context: RequestContext) -> Caller:
        headers = context.headers
        caller = authenticator.check(
            headers.get("authorization"), headers.get(opentok.AUTH), headers.get(opentok.PARTNER_AUTH), context.app
        )
        project = context.params.get("applicationId")
        if project is not None and context.app is not caller.app:
            raise authenticator.refused(WRONG_PROJECT)
        return caller

    return authenticate
