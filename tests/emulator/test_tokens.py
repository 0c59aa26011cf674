"""Minted tokens carry the claims that the SDKs put into theirs."""

from __future__ import annotations

import time

import jwt
import pytest

from emulator import wellknown
from emulator.auth import minting


@pytest.fixture
def now() -> int:
    """The machine's time, s since the epoch."""
    return int(time.time())


def opened(token: str) -> dict[str, object]:
    return jwt.decode(token, wellknown.PUBLIC_KEY, algorithms=["RS256"])


def opened_by_secret(token: str) -> dict[str, object]:
    return jwt.decode(token, wellknown.API_SECRET, algorithms=["HS256"])


def test_a_rest_token_is_what_the_vonage_sdks_make(now: int) -> None:
    claims = opened(minting.rest_token(wellknown.APPLICATION_ID, wellknown.PRIVATE_KEY, now=now))
    assert len(str(claims.pop("jti"))) == 36
    assert claims == {"application_id": wellknown.APPLICATION_ID, "iat": now, "exp": now + 900}


def test_two_rest_tokens_of_one_second_differ(now: int) -> None:
    minted = {minting.rest_token(wellknown.APPLICATION_ID, wellknown.PRIVATE_KEY, now=now) for _ in range(2)}
    assert len(minted) == 2


def test_an_opentok_rest_token_is_what_the_opentok_sdks_make(now: int) -> None:
    claims = opened_by_secret(minting.opentok_rest_token(wellknown.API_KEY, wellknown.API_SECRET, now=now))
    assert claims.pop("jti")
    assert claims == {"iss": wellknown.API_KEY, "ist": "project", "iat": now, "exp": now + 300}


def test_a_negative_ttl_makes_an_expired_token() -> None:
    token = minting.rest_token(wellknown.APPLICATION_ID, wellknown.PRIVATE_KEY, ttl=-60)
    with pytest.raises(jwt.ExpiredSignatureError):
        opened(token)


def test_a_client_token_is_what_the_vonage_sdks_make(now: int) -> None:
    token = minting.client_token(
        wellknown.APPLICATION_ID,
        wellknown.PRIVATE_KEY,
        "1_session",
        role="moderator",
        data="name=Ada",
        layout_classes=["focus", "full"],
        ttl=1800,
        now=now,
    )
    claims = opened(token)
    assert claims.pop("jti")
    assert claims == {
        "application_id": wellknown.APPLICATION_ID,
        "scope": "session.connect",
        "session_id": "1_session",
        "role": "moderator",
        "connection_data": "name=Ada",
        "initial_layout_class_list": "focus full",
        "sub": "video",
        "acl": {"paths": {"/session/**": {}}},
        "iat": now,
        "exp": now + 1800,
    }


def test_a_client_token_publishes_for_a_day_by_default(now: int) -> None:
    claims = opened(minting.client_token(wellknown.APPLICATION_ID, wellknown.PRIVATE_KEY, "1_session", now=now))
    assert (claims["role"], claims["exp"], "connection_data" in claims) == ("publisher", now + 86_400, False)


def test_an_opentok_client_token_is_signed_by_the_secret(now: int) -> None:
    claims = opened_by_secret(
        minting.opentok_client_token(wellknown.API_KEY, wellknown.API_SECRET, "2_session", data="x", now=now)
    )
    assert isinstance(claims.pop("nonce"), int)
    assert claims == {
        "iss": wellknown.API_KEY,
        "ist": "project",
        "scope": "session.connect",
        "session_id": "2_session",
        "role": "publisher",
        "connection_data": "x",
        "initial_layout_class_list": "",
        "iat": now,
        "exp": now + 86_400,
    }


def test_a_key_that_cannot_sign_is_an_error_of_its_own() -> None:
    with pytest.raises(minting.TokenError, match="cannot sign with RS256"):
        minting.rest_token(wellknown.APPLICATION_ID, "not a key")


def test_a_short_secret_signs_without_a_warning(now: int) -> None:
    token = minting.opentok_rest_token("1", "short", now=now)
    assert token.count(".") == 2
