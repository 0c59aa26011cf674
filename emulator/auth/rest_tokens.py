"""Who is calling: REST tokens of both dialects, and the client tokens inside request bodies.

Facts: fidelity/rest-and-archives.md 2.2, 3 and 4, sdk-wire.md 1.2.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emulator.auth.short_secrets import short_secrets
from emulator.spec.errors import NotAllowedError
from emulator.spec.limits import LIMITS
from emulator.spec.request_headers import RequestHeaders
from emulator.spec.responses import ErrorBody
from state import nesting
from state.application import Application, Credentials
from state.journal import Undocumented
from state.world import World

if TYPE_CHECKING:
    from jwt.types import Options

CLIENT_SCOPE = "session.connect"

LEEWAY = 5
"""s that a token may come from the future: clocks of containers and hosts differ a little."""

ISSUER_TYPES = ("project", "account")

BEARER_LIFE = 24 * 3600
BEARER_LIFE_WITHOUT_EXP = 15 * 60
OPENTOK_LIFE = 300

_MILLISECONDS = 1e11
"""A time from here on is in ms, or in something finer: in s it would be after the year 5138."""

_MOST_TIME = 2.0**63

CACHED_TOKENS = 4096

_TOO_LONG = 8192


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified caller: its application, the claims of its token, and what of these is documented otherwise."""

    app: Application
    claims: Mapping[str, Any]
    noted: tuple[Undocumented, ...] = ()

    @property
    def project(self) -> str:
        """The application as the caller names it: by its api key, or by its id."""
        key = self.app.credentials.api_key
        return key if "application_id" not in self.claims and self.claims.get("iss") == key else self.app.id


@dataclass(frozen=True, slots=True)
class _Verified:
    app_id: str
    claims: Mapping[str, Any]
    credentials: Credentials
    lifetime: Lifetime


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Until when a token is good, s since the epoch: as the service takes it, and as it is documented.

    `refusal` is why a token is documented to be refused at all; `noted` what in it is documented otherwise.
    """

    until: float
    documented: float
    refusal: str = ""
    noted: tuple[Undocumented, ...] = ()


def _refuse(message: str, code: int | None = -1) -> NotAllowedError:
    return NotAllowedError(ErrorBody(403, message, code=code))


NO_TOKEN = NotAllowedError(ErrorBody(403, body={"code": -1, "message": "No suitable authentication found"}))


class Authenticator:
    """Verifies REST tokens against the world's applications.

    Verified tokens are remembered with the credentials that verified them; their time is checked on every use.
    `status` is that of a missing or refused token (403, or 401).
    """

    def __init__(self, world: World, *, status: int = 403) -> None:
        self._world = world
        self._status = status
        self._verified: dict[str, _Verified] = {}
        self._keys: dict[str, Any] = {}

    def check(
        self,
        authorization: str | None,
        opentok: str | None,
        partner: str | None = None,
        expected: Application | None = None,
    ) -> Caller:
        """Return the caller by the headers `Authorization`, `X-OPENTOK-AUTH` and, of old, `X-TB-PARTNER-AUTH`.

        `expected` is the application that it probably is, which is then not looked up again. Raises `NotAllowedError`
        with the documented body.
        """
        try:
            if partner is not None and opentok is None:
                return self._partner(partner)
            return self._check(authorization, opentok, expected)
        except NotAllowedError as error:
            raise self.refused(error) from None

    def refused(self, error: NotAllowedError) -> NotAllowedError:
        """Return the refusal with the status that was set."""
        return NotAllowedError(replace(error.body, status=self._status))

    def _check(self, authorization: str | None, opentok: str | None, expected: Application | None) -> Caller:
        if opentok is not None:
            token = opentok.strip()
        elif authorization is not None and authorization[:7].lower() == "bearer ":
            token = authorization[7:].strip()
        else:
            raise NO_TOKEN
        known = self._verified.get(token)
        app = expected
        if known is not None and (app is None or app.id != known.app_id):
            app = self._world.find(known.app_id)
        if known is None or app is None or app.credentials is not known.credentials:
            app, known = self._verify(token)
        lifetime = known.lifetime
        until = lifetime.until if not lifetime.noted else _until(lifetime, app)
        if time.time() >= until:
            raise _refuse("Token has expired")
        return Caller(app, known.claims, lifetime.noted)

    def _partner(self, credentials: str) -> Caller:
        """Return the caller by `<apiKey>:<apiSecret>` (3.2, deprecated)."""
        key, _, secret = credentials.strip().partition(":")
        app = self._world.find(key)
        if app is None or app.credentials.api_key != key:
            raise _refuse("Issuer not found")
        if not hmac.compare_digest(secret.encode(), app.credentials.api_secret.encode()):
            raise _refuse("Invalid signature")
        return Caller(app, {"iss": key})

    def _verify(self, token: str) -> tuple[Application, _Verified]:
        algorithm, claims = read(token)
        issuer = claims.get("application_id") or claims.get("iss")
        if not isinstance(issuer, str):
            raise _refuse("Invalid issuer format")
        app = self._world.find(issuer)
        if app is None:
            opentok = algorithm == "HS256" and not claims.get("application_id")
            raise _refuse("Invalid issuer format" if opentok and not issuer.isdecimal() else "Issuer not found")
        self.verify_signature(app, token, algorithm)
        if claims.get("ist", "project") not in ISSUER_TYPES:
            raise _refuse("Invalid signature")  # so recorded (2.2)
        if claims.get("scope") == CLIENT_SCOPE:
            raise _refuse("Unauthorized token", code=10002)
        if len(self._verified) >= CACHED_TOKENS:
            self._verified.clear()
        verified = _Verified(app.id, claims, app.credentials, _lifetime(claims, algorithm))
        self._verified[token] = verified
        return app, verified

    def verify_signature(self, app: Application, token: str, algorithm: str) -> None:
        """Check the signature: RS256 with the public key only, HS256 with the api secret only.

        Raises `NotAllowedError`.
        """
        import jwt

        key: Any = app.credentials.api_secret if algorithm == "HS256" else self._public_key(app.credentials.public_key)
        options: Options = {
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "verify_aud": False,
            "verify_iss": False,
            "verify_sub": False,
            "verify_jti": False,
        }
        try:
            with short_secrets():
                jwt.decode(token, key, algorithms=[algorithm], options=options)
        except jwt.PyJWTError:
            raise _refuse("Invalid signature") from None

    def _public_key(self, pem: str) -> Any:
        if pem not in self._keys:
            if len(self._keys) >= CACHED_TOKENS:
                self._keys.clear()
            from cryptography.hazmat.primitives.serialization import load_pem_public_key

            self._keys[pem] = load_pem_public_key(pem.encode())
        return self._keys[pem]


def read(token: str, most: int = _TOO_LONG) -> tuple[str, dict[str, Any]]:
    """Return the algorithm and the claims of a token, unverified.

    Raises `NotAllowedError` when it is not one of ours, or has more than `most` characters.
    """
    import jwt

    if len(token) > most:
        raise _refuse("Invalid token format")
    try:
        decoded = jwt.decode_complete(token, options={"verify_signature": False})
        algorithm = decoded["header"].get("alg")
        claims = decoded["payload"]
        nesting.check(claims)  # what cannot be written again is no claim
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _refuse("Invalid token format") from None
    if algorithm not in ("RS256", "HS256") or not isinstance(claims, dict):
        raise _refuse("Invalid token format")
    return algorithm, claims


def claimed_project(headers: RequestHeaders) -> str:
    """Return the project that the token of a request claims to be of, unverified; empty when there is none."""
    token = headers.get("x-opentok-auth") or (headers.get("authorization") or "")[7:]
    try:
        claims = read(token.strip())[1]
    except NotAllowedError:
        return ""
    issuer = claims.get("application_id") or claims.get("iss")
    return issuer if isinstance(issuer, str) else ""


def _until(lifetime: Lifetime, app: Application) -> float:
    """Return until when a token is good that is not as documented, by the options of its application."""
    options = app.options
    if options.token_lifetime == "note" and options.documented_limits == "note":
        return lifetime.until
    if lifetime.refusal:
        raise _refuse(lifetime.refusal)
    return lifetime.documented


def _lifetime(claims: Mapping[str, Any], algorithm: str) -> Lifetime:
    """Return until when the token is good, by the rules of its dialect (3.1, 3.2).

    Upper limits are documented, not enforced: the vendor's own libraries and samples go beyond them.
    """
    issued, expires, now = _time(claims, "iat"), _time(claims, "exp"), time.time()
    if issued is None and expires is None:
        raise _refuse("Token has neither iat nor exp")
    if issued is not None and issued > now + LEEWAY:
        raise _refuse("issued time cannot be greater than current time")
    check_not_before(claims.get("nbf"), now)
    opentok = algorithm == "HS256"
    if expires is None:
        until = (issued or 0) + (OPENTOK_LIFE if opentok else BEARER_LIFE_WITHOUT_EXP)
        return Lifetime(until, until)
    if expires >= _MILLISECONDS:
        while expires >= _MILLISECONDS:
            expires /= 1000
        return Lifetime(expires, expires, "Invalid token format", (_note(claims, "tokenSeconds"),))
    longest = OPENTOK_LIFE if opentok else BEARER_LIFE
    if issued is None or expires - issued <= longest:
        return Lifetime(expires, expires)
    refusal = "Token is valid for longer than 5 minutes" if opentok else ""
    return Lifetime(expires, issued + longest, refusal, (_note(claims, "tokenLife"),))


def check_not_before(value: Any, now: float) -> None:
    """Check the claim `nbf`, where there is one. Raises `NotAllowedError`."""
    if value is not None and _number(value) > now + LEEWAY:
        raise _refuse("Token is not valid yet")


def _note(claims: Mapping[str, Any], limit: str) -> Undocumented:
    return Undocumented("token.exp", claims["exp"], LIMITS[limit].allowed)


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return None if value is None else _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST_TIME:
        raise _refuse("Invalid token format")
    return float(value)
