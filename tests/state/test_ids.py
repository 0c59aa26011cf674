"""Session ids as SDKs and the service write them, and ids that are none."""

from __future__ import annotations

import base64

import pytest

from state.ids import MAX_SESSION_ID, Ids, SessionIdParts, decode_session_id, is_uuid


def session_id(payload: str, prefix: str = "2_") -> str:
    return prefix + base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")


@pytest.mark.parametrize("relayed", [True, False])
def test_a_session_id_says_what_it_was_made_with(relayed: bool) -> None:
    made = Ids(1).session_id("project", location="1.2.3.4", created_at=1_700_000_000_000, relayed=relayed)
    assert decode_session_id(made) == SessionIdParts("project", relayed, 1_700_000_000_000)


@pytest.mark.parametrize(
    ("payload", "created_at"),
    [
        ("1~p~~1700000000000~x~P~~", 1_700_000_000_000),
        ("1~p~~Tue Nov 26 16:58:28 UTC 2013~x~~", 1_385_485_108_000),
        ("1~p~127.0.0.1~Mon Jan 02 00:00:00 UTC 2012~0.1~", 1_325_462_400_000),
    ],
)
def test_times_of_all_years_are_read(payload: str, created_at: int) -> None:
    parts = decode_session_id(session_id(payload, "1_"))
    assert parts is not None
    assert parts.created_at == created_at


@pytest.mark.parametrize(
    "text",
    [
        "", "2_", "3_abc", "2_ä", "2_?", session_id("1~p~~1~x~~") + "=", session_id("1~p~~1~x"),
        session_id("1~~~1~x~~"),
        session_id("1~p~~-1~x~~"), session_id("1~p~~~x~~"), session_id("1~p~~1.5~x~~"), session_id("1~p~~²~x~~"),
        session_id("1~p~~Xyz Nov 26 16:58:28 UTC~x~~"), session_id("1~p~~26 Nov 2013 16:58:28 UTC~x~~"),
        "2_" + base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="),
        session_id("1~p~~1~" + "x" * MAX_SESSION_ID + "~~"),
    ],
)  # fmt: skip
def test_what_is_no_session_id_says_nothing(text: str) -> None:
    assert decode_session_id(text) is None


def test_ids_are_those_of_their_seed_and_go_on() -> None:
    ids = Ids("seed")
    made = [ids.uuid() for _ in range(3)]
    assert all(map(is_uuid, made))
    assert all(each[14] == "4" and each[19] in "89ab" for each in made)
    assert Ids("seed", made=2).uuid() == made[2]
    assert Ids().uuid() != Ids().uuid()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33", True),
        ("0F4F5A3E-6A57-4E55-A8C6-7B1D7A9A5D33", True),
        ("0f4f5a3e6a574e55a8c67b1d7a9a5d33", False),
        ("{0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d3}", False),
        ("0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d3g", False),
        ("0f4f5a3e-6a57-4e55-a8c67-b1d7a9a5d33", False),
        ("", False),
    ],
)
def test_an_id_is_a_uuid_as_it_is_written(text: str, is_one: bool) -> None:
    assert is_uuid(text) is is_one
