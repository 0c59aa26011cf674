"""The client tokens inside dial, captions, render and connect bodies: three kinds, one meaning.

RS256 (application key), HS256 (api secret) and the older `T1==` form: fidelity/rest-and-archives.md 4.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs

from emulator.auth.rest_tokens import CLIENT_SCOPE, Authenticator, check_not_before, read
from emulator.spec.client_token import ClientToken
from emulator.spec.errors import NotAllowedError
from emulator.spec.responses import ErrorBody
from state.application import Application

ROLES = ("subscriber", "publisher", "moderator", "publisheronly")
MAX_LIFE = 30 * 24 * 3600
MAX_TEXT = 1000
"""Characters of connection data, and of layout classes joined by spaces (fidelity/rest-and-archives.md 14)."""
MAX_TOKEN = 40_000
"""Characters of a token with as much of both, each character of which may take twelve in JSON, then base64."""
T1 = "T1=="


def _refuse(problem: str, about: str = "unreadable") -> NotAllowedError:
    return NotAllowedError(ErrorBody(403, f"Invalid token. {problem}"), about)


def check(
    app: Application,
    authenticator: Authenticator,
    token: str,
    session_id: str,
    *,
    roles: Collection[str] = ROLES,
    lax: bool = False,
) -> ClientToken:
    """Return what the client token says, verified against the application, the session and the roles allowed.

    `lax` believes any readable token, and takes an unreadable one for a publisher's.
    Raises `NotAllowedError` (403) for a token that is forged, expired, of another session or of another role.
    """
    try:
        found = _read_t1(app, token) if token.startswith(T1) else _read_jwt(app, authenticator, token, lax)
    except NotAllowedError:
        if lax:
            return ClientToken(session_id, "publisher", "", ())
        raise
    if lax:
        return found
    if found.session_id != session_id:
        raise _refuse("The token is for another session.", "session")
    if found.role not in roles:
        raise _refuse(f"The role of the token is {found.role}; needed: {' or '.join(roles)}.", "role")
    return found


def _read_jwt(app: Application, authenticator: Authenticator, token: str, lax: bool) -> ClientToken:
    try:
        algorithm, claims = read(token, MAX_TOKEN)
        if not lax:
            if (claims.get("application_id") or claims.get("iss")) not in (app.id, app.credentials.api_key):
                raise _refuse("The token is for another application.")
            authenticator.verify_signature(app, token, algorithm)
    except NotAllowedError as error:
        raise NotAllowedError(error.body, "unreadable") from None
    if not lax:
        if claims.get("scope", CLIENT_SCOPE) != CLIENT_SCOPE:
            raise _refuse(f"Its scope must be {CLIENT_SCOPE}.")
        check_not_before(claims.get("nbf"), time.time())
        _check_times(claims.get("iat"), claims.get("exp"))
    return _client_token(claims)


def _read_t1(app: Application, token: str) -> ClientToken:
    try:
        head, _, payload = base64.b64decode(token[len(T1) :], validate=True).decode().partition(":")
    except ValueError:
        raise _refuse("It cannot be decoded.") from None
    signature = parse_qs(head).get("sig", [""])[0]
    expected = hmac.new(app.credentials.api_secret.encode(), payload.encode(), hashlib.sha1).hexdigest()
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        raise _refuse("Its signature is wrong.")
    fields = {name: values[0] for name, values in parse_qs(payload).items()}
    for name in ("create_time", "expire_time"):
        if name in fields and not (fields[name].isascii() and fields[name].isdigit()):
            raise _refuse(f"Its {name} must be a whole number of s.")  # so SDKs round it (opentok-node#71, #76, #91)
    _check_times(fields.get("create_time"), fields.get("expire_time"))
    return _client_token(fields)


def _check_times(issued: Any, expires: Any) -> None:
    try:
        start, end = float(issued or 0), float(expires or 0)
    except (TypeError, ValueError, OverflowError):
        raise _refuse("Its times are not numbers.") from None
    if not (math.isfinite(start) and math.isfinite(end) and (start or end)):
        raise _refuse("It has neither iat nor exp.")
    if end and end <= time.time():
        raise _refuse("It has expired.", "expired")
    if start and end - start > MAX_LIFE:
        raise _refuse("It is valid for longer than 30 days.")


def _client_token(claims: Mapping[str, Any]) -> ClientToken:
    """Take the claims in the variants that SDKs write (4.1)."""
    classes = claims.get("initial_layout_class_list") or []
    if isinstance(classes, str):
        classes = classes.split()
    if not isinstance(classes, list):
        raise _refuse("Its initial_layout_class_list must be text, or a list of texts.")
    names = tuple(str(name) for name in classes)
    data = str(claims.get("connection_data") or claims.get("data") or "")
    for claim, text in (("connection_data", data), ("initial_layout_class_list", " ".join(names))):
        if len(text) > MAX_TEXT:
            raise _refuse(f"Its {claim} has {len(text)} characters; at most {MAX_TEXT} are allowed.")
    role = str(claims.get("role") or "publisher")
    if role not in ROLES:
        raise _refuse(f"Its role must be one of {', '.join(ROLES)}.")
    return ClientToken(
        session_id=str(claims.get("session_id", "")),
        role=role,
        data=data,
        layout_classes=names,
    )
