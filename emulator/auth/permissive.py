"""The lax mode: any caller of an application is believed, and one that is not known is made when it is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.auth import rest_tokens
from emulator.auth.rest_tokens import Caller
from emulator.auth.strict import Authenticate
from emulator.context import RequestContext
from emulator.spec import opentok
from emulator.spec.errors import NotAllowedError
from emulator.spec.request_headers import RequestHeaders
from state.application import Application
from state.world import World


def believing(strict: Authenticate, world: World) -> Authenticate:
    """Return how callers are taken: as they say for applications whose option `auth` is `lax`, else by `strict`.

    Who names no project in the path is of the application that the token names.
    """

    def authenticate(context: RequestContext) -> Caller:
        app = context.app
        if app is not None:
            return Caller(app, _claims(context.headers)) if app.options.auth == "lax" else strict(context)
        try:
            return strict(context)
        except NotAllowedError:
            claims = _claims(context.headers)
            app = world.find(issuer) if (issuer := _issuer(claims)) and "applicationId" not in context.params else None
            if app is None or app.options.auth != "lax":
                raise
            return Caller(app, claims)

    return authenticate


def making(known: Authenticate, world: World, make: Callable[[str], Application], default: str) -> Authenticate:
    """Return how callers are taken where anybody may come: who is not `known` is of the project that they name.

    It is that of the path, else of the token, else `default`; it is made where there is none.
    """

    def authenticate(context: RequestContext) -> Caller:
        claims = _claims(context.headers)
        project = context.params.get("applicationId") or _issuer(claims) or default
        app = world.find(project) or make(project)
        return Caller(app, claims) if app.options.auth == "lax" else known(context)

    return authenticate


def _issuer(claims: Mapping[str, Any]) -> str:
    issuer = claims.get("application_id") or claims.get("iss")
    return issuer if isinstance(issuer, str) else ""


def _claims(headers: RequestHeaders) -> Mapping[str, Any]:
    partner = headers.get(opentok.PARTNER_AUTH)
    if partner is not None:
        return {"iss": partner.strip().partition(":")[0]}
    token = headers.get(opentok.AUTH) or (headers.get("authorization") or "")[7:]
    try:
        return rest_tokens.read(token)[1]
    except NotAllowedError:
        return {}
