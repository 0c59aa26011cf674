"""A callback as it arrived: what it tells, and whether its signature is right."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class SignatureError(Exception):
    """A callback is not signed, or not with this secret, or its body is not the one that was signed."""


@dataclass(frozen=True)
class Received:
    """One callback as it arrived: `at` in s of this machine's clock, header names in lower case, `body` as sent.

    `status` is what is answered.
    """

    at: float
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int

    @property
    def json(self) -> Any:
        """The body, decoded; None when it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def event(self) -> str:
        """What it tells: `archive.available`, `connection.created`, `call.updated` …

        The outbox names it so too, but for `broadcast.updated`: its body has the status, which is `started`.
        """
        return event_of(self.json)

    @property
    def jti(self) -> str:
        """The id of what it tells, from its token: the same in each attempt and each double. Not verified."""
        with contextlib.suppress(SignatureError):
            return str(_claims(self).get("jti", ""))
        return ""

    def verify(self, secret: str) -> dict[str, Any]:
        """Return the claims of its token, checked: HS256 by `secret`, and the SHA-256 of the body.

        Raises `SignatureError`.
        """
        claims = _claims(self, secret)
        if claims.get("payload_hash") != hashlib.sha256(self.body).hexdigest():
            raise SignatureError("the body is not the one that was signed")
        return claims


def event_of(body: Any) -> str:
    """Return what a callback's decoded body tells, as the outbox names it, or an empty text."""
    if not isinstance(body, dict):
        return ""
    name, status = body.get("event"), body.get("status")
    if name is None and status is not None:  # those of captions and renders have no `event`
        name = body.get("group") or ("captions" if "captionsId" in body else "render")
    if not isinstance(name, str):
        return ""
    if isinstance(status, str):
        return f"{name}.{status}"
    if name == "muteForced":
        return "call.muteForced"
    subject = name.rstrip("abcdefghijklmnopqrstuvwxyz")  # up to the last capital: `streamCreated`
    return f"{subject[:-1]}.{subject[-1].lower()}{name[len(subject) :]}" if len(subject) > 1 else name


def fits(event: str, wanted: str) -> bool:
    """Tell whether an event is the one wanted (`archive.available`) or of the kind wanted (`archive`)."""
    return event == wanted or event.startswith(f"{wanted}.")


def _claims(callback: Received, secret: str | None = None) -> dict[str, Any]:
    """Return the claims of a callback's token, verified when there is a secret. Raises `SignatureError`."""
    scheme, _, token = callback.headers.get("authorization", "").partition(" ")
    head, _, signature = token.rpartition(".")
    header, _, payload = head.partition(".")
    if scheme != "Bearer" or not payload:
        raise SignatureError("there is no bearer token in its Authorization header")
    try:
        algorithm, claims = json.loads(_decode(header))["alg"], json.loads(_decode(payload))
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureError(f"its token cannot be read: {error}") from None
    if secret is not None:
        mac = hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest()
        if algorithm != "HS256" or not hmac.compare_digest(mac, _decode(signature)):
            raise SignatureError("its token is not signed with this secret")
    return dict(claims)


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise SignatureError("its token is not base64") from None
