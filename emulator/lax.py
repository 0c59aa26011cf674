"""The lax mode: any caller of an application is believed, and one that is not known is made when it is named."""

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


def believing(strict: Authenticate, world: World) -> Authenticate:
    """Return how callers are taken: as they say for applications whose `auth` is `lax`, else by `strict`.

    Who names no project in the path is of the application that the token names.
    """

    def authenticate(request: Request, passing: Passing) -> Caller:
        app = passing.app
        if app is not None:
            return Caller(app, _claims(request.headers)) if app.options.auth == "lax" else strict(request, passing)
        try:
            return strict(request, passing)
        except NotAllowed:
            claims = _claims(request.headers)
            app = world.find(issuer) if (issuer := _issuer(claims)) and "applicationId" not in passing.params else None
            if app is None or app.options.auth != "lax":
                raise
            return Caller(app, claims)

    return authenticate


def making(known: Authenticate, world: World, make: Callable[[str], Application], default: str) -> Authenticate:
    """Return how callers are taken where anybody may come: who is not `known` is of the project that they name.

    It is that of the path, else of the token, else `default`; it is made where there is none.
    """

    def authenticate(request: Request, passing: Passing) -> Caller:
        claims = _claims(request.headers)
        project = passing.params.get("applicationId") or _issuer(claims) or default
        app = world.find(project) or make(project)
        return Caller(app, claims) if app.options.auth == "lax" else known(request, passing)

    return authenticate


def _issuer(claims: Mapping[str, Any]) -> str:
    issuer = claims.get("application_id") or claims.get("iss")
    return issuer if isinstance(issuer, str) else ""


def _claims(headers: Headers) -> Mapping[str, Any]:
    partner = headers.get(dialect.PARTNER_AUTH)
    if partner is not None:
        return {"iss": partner.strip().partition(":")[0]}
    token = headers.get(dialect.AUTH) or headers.get("authorization", "")[7:]
    try:
        return auth.read(token)[1]
    except NotAllowed:
        return {}
