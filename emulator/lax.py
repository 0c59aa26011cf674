"""The lax mode: any caller is believed, and an application is made the first time it is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request

from emulator import auth, dialect
from emulator.auth import Caller
from emulator.errors import NotAllowed
from emulator.gate import Passing
from emulator.routes import Authenticate
from state.application import Application
from state.world import World


def lax(world: World, make: Callable[[str], Application], default: str) -> Authenticate:
    """Return how callers are taken: for the project in the path, else in the token, else `default`."""

    def authenticate(request: Request, passing: Passing) -> Caller:
        claims = _claims(request.headers)
        issuer = claims.get("application_id") or claims.get("iss")
        project = passing.params.get("applicationId") or (issuer if isinstance(issuer, str) else default)
        return Caller(world.find(project) or make(project), claims)

    return authenticate


def _claims(headers: Headers) -> Mapping[str, Any]:
    partner = headers.get(dialect.PARTNER_AUTH)
    if partner is not None:
        return {"iss": partner.strip().partition(":")[0]}
    token = headers.get(dialect.AUTH) or headers.get("authorization", "")[7:]
    try:
        return auth.read(token)[1]
    except NotAllowed:
        return {}
