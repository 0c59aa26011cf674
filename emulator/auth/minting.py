"""Minting the tokens that SDKs make: for REST requests and for clients that connect to a session."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, get_args

from emulator.auth.short_secrets import short_secrets

Role = Literal["subscriber", "publisher", "publisheronly", "moderator"]
ROLES: tuple[str, ...] = get_args(Role)

REST_SECONDS = 900
"""Life of a REST token in the Vonage SDKs."""

OPENTOK_SECONDS = 300
"""Life of a REST token in the OpenTok SDKs (180 in some)."""

CLIENT_SECONDS = 86_400
"""Life of a client token in most SDKs."""


class TokenError(Exception):
    """A token cannot be made; the message says what is wrong with the key."""


def rest_token(application_id: str, private_key: str, *, ttl: int = REST_SECONDS, now: float | None = None) -> str:
    """Return the JWT of `Authorization: Bearer`, RS256, as the Vonage SDKs make it.

    `ttl` and `now` are in seconds; a negative `ttl` makes an expired token. Raises `TokenError`.
    """
    return _sign(_times(ttl, now) | {"application_id": application_id, "jti": str(uuid.uuid4())}, private_key, "RS256")


def opentok_rest_token(api_key: str, api_secret: str, *, ttl: int = OPENTOK_SECONDS, now: float | None = None) -> str:
    """Return the JWT of `X-OPENTOK-AUTH`, HS256, as the OpenTok SDKs make it.

    `ttl` and `now` are in seconds; a negative `ttl` makes an expired token. Raises `TokenError`.
    """
    return _sign(_times(ttl, now) | {"iss": api_key, "ist": "project", "jti": str(uuid.uuid4())}, api_secret, "HS256")


def client_token(
    application_id: str,
    private_key: str,
    session_id: str,
    *,
    role: Role = "publisher",
    data: str = "",
    layout_classes: Sequence[str] = (),
    ttl: int = CLIENT_SECONDS,
    now: float | None = None,
) -> str:
    """Return the JWT with which a client connects to a session, RS256, as the Vonage SDKs make it.

    `ttl` and `now` are in seconds; a negative `ttl` makes an expired token. Raises `TokenError`.
    """
    claims = _times(ttl, now) | _connect(session_id, role, data, layout_classes)
    claims |= {
        "application_id": application_id,
        "jti": str(uuid.uuid4()),
        "sub": "video",
        "acl": {"paths": {"/session/**": {}}},
    }
    return _sign(claims, private_key, "RS256")


def opentok_client_token(
    api_key: str,
    api_secret: str,
    session_id: str,
    *,
    role: Role = "publisher",
    data: str = "",
    layout_classes: Sequence[str] = (),
    ttl: int = CLIENT_SECONDS,
    now: float | None = None,
) -> str:
    """Return the JWT with which a client connects to a session, HS256, as the OpenTok SDKs make it.

    `ttl` and `now` are in seconds; a negative `ttl` makes an expired token. Raises `TokenError`.
    """
    claims = _times(ttl, now) | _connect(session_id, role, data, layout_classes)
    claims |= {"iss": api_key, "ist": "project", "nonce": random.randint(0, 999_999)}
    return _sign(claims, api_secret, "HS256")


def _times(ttl: int, now: float | None) -> dict[str, Any]:
    issued = int(time.time() if now is None else now)
    return {"iat": issued, "exp": issued + ttl}


def _connect(session_id: str, role: str, data: str, layout_classes: Sequence[str]) -> dict[str, Any]:
    claims: dict[str, Any] = {"scope": "session.connect", "session_id": session_id, "role": role}
    claims["initial_layout_class_list"] = " ".join(layout_classes)
    return claims | ({"connection_data": data} if data else {})


def _sign(claims: dict[str, Any], key: str, algorithm: str) -> str:
    import jwt

    try:
        with short_secrets():
            return jwt.encode(claims, _read(key) if algorithm == "RS256" else key, algorithm=algorithm)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise TokenError(f"the key cannot sign with {algorithm}: {error}") from None


@lru_cache(maxsize=64)
def _read(private_pem: str) -> Any:
    """Return a private key as PyJWT wants it: OpenSSL takes 70 ms to check one, each time that it is read."""
    import jwt

    return jwt.get_algorithm_by_name("RS256").prepare_key(private_pem)
