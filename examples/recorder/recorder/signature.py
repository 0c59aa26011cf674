"""Whether a callback comes from Vonage."""

from __future__ import annotations

import hashlib
import hmac

import jwt
from vonage_jwt import VonageVerifyJwtError, verify_signature


class NotFromVonageError(Exception):
    """The callback is not signed with our secret, or its body was changed."""


def check(authorization: str, body: bytes, secret: str) -> None:
    """Check the token of a callback, and that it was made for this body. Raises `NotFromVonageError`."""
    token = authorization.removeprefix("Bearer ")
    try:
        if not verify_signature(token, secret):
            raise NotFromVonageError("the signature is wrong")
    except VonageVerifyJwtError as error:
        raise NotFromVonageError(str(error)) from None
    claims = jwt.decode(token, options={"verify_signature": False})  # it was verified above
    if not hmac.compare_digest(str(claims.get("payload_hash")), hashlib.sha256(body).hexdigest()):
        raise NotFromVonageError("the body is not the one that was signed")
