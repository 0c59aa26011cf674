"""Signing callbacks, as the service signs its webhooks (fidelity/broadcasts-sip-captions-renders-callbacks.md 6.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import orjson

_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


def sign(secret: str, body: bytes, *, jti: str, application_id: str, api_key: str) -> str:
    """Return the JWT (HS256) of a callback: it holds the SHA-256 of the body, in hex.

    `iat` is the time of the machine, whatever the application's clock shows: receivers check it by theirs. The token is
    put together here because the JWT library warns of every secret that is shorter than it likes.
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
