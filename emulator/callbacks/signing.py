"""Signing callbacks, as the service signs its webhooks (fidelity/broadcasts-sip-captions-renders-callbacks.md 6.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

import orjson

_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


def sign(secret: str, body: bytes, *, jti: str, application_id: str, api_key: str) -> str:
    """Return the JWT (HS256) of a callback: it holds the SHA-256 of the body, in hex.

    `iat` is the time of the machine, whatever the application's clock shows: receivers check it by theirs. The token is
    put together here: the JWT library takes about 18 times as long, and each callback is signed.
    """
    claims = {
        "iat": int(time.time()),
        "jti": jti,
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": api_key,
        "application_id": application_id,
    }
    signed = _HEADER + b"." + base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=")
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def check(secret: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return what a receiver finds that checks a callback: `signed`, `valid` (by the secret), `payloadHash`, `claims`.

    `payloadHash` tells whether the hash in the claims is that of the body.
    """
    token = headers.get("Authorization", "").removeprefix("Bearer ").encode()
    signed, _, mac = token.rpartition(b".")
    if not signed:
        return {"signed": False, "valid": False, "payloadHash": False, "claims": None}
    claims = orjson.loads(_decode(signed.partition(b".")[2]))
    return {
        "signed": True,
        "valid": hmac.compare_digest(hmac.new(secret.encode(), signed, hashlib.sha256).digest(), _decode(mac)),
        "payloadHash": claims.get("payload_hash") == hashlib.sha256(body).hexdigest(),
        "claims": claims,
    }


def _decode(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
