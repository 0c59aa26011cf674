"""Client tokens made by the `vonage` package."""

from __future__ import annotations

import time

import jwt
import pytest
from vonage import Video
from vonage_http_client.errors import ForbiddenError
from vonage_video.models import InitiateSipRequest, SipOptions, TokenOptions

from emulator.client import ApplicationClient
from tests.sdk.python.vonage.client import client_token

ROLES = ["publisher", "subscriber", "moderator", "publisheronly"]


@pytest.mark.parametrize("role", ROLES)
def test_token_of_every_role_is_signed_by_the_application_and_carries_its_claims(
    video: Video, application: ApplicationClient, session_id: str, role: str
) -> None:
    token = video.generate_client_token(
        TokenOptions(
            session_id=session_id, role=role, connection_data="name=Ada", initial_layout_class_list=["full", "focus"]
        )
    )
    claims = jwt.decode(token, application.public_key, algorithms=["RS256"])
    assert claims["application_id"] == application.id
    assert claims["session_id"] == session_id
    assert claims["role"] == role
    assert claims["scope"] == "session.connect"
    assert claims["subject"] == "video"
    assert claims["connection_data"] == "name=Ada"
    assert claims["initial_layout_class_list"] == ["full", "focus"]
    assert claims["exp"] - claims["iat"] == 15 * 60


@pytest.mark.parametrize("role", ROLES)
def test_token_of_every_role_is_accepted_by_the_emulator(video: Video, session_id: str, role: str) -> None:
    token = client_token(video, session_id, role, connection_data="leg", exp=int(time.time()) + 3600)
    call = video.initiate_sip_call(
        InitiateSipRequest(session_id=session_id, token=token, sip=SipOptions(uri="sip:ada@sip.example.com"))
    )
    assert call.session_id == session_id


@pytest.mark.parametrize("role", ROLES)
def test_client_joins_with_what_its_token_says(
    video: Video, application: ApplicationClient, session_id: str, role: str
) -> None:
    token = client_token(video, session_id, role, connection_data="name=Ada", initial_layout_class_list=["full", "min"])
    (person,) = application.join(session_id, token=token)
    assert (person.role, person.data) == (role, "name=Ada")
    publishes = role != "subscriber"
    assert len(person.stream_ids) == publishes
    if publishes:
        assert video.get_stream(session_id, person.stream_ids[0]).layout_class_list == ["full", "min"]


def test_token_of_another_session_cannot_dial(video: Video, session_id: str) -> None:
    token = client_token(video, video.create_session().session_id)
    with pytest.raises(ForbiddenError):
        video.initiate_sip_call(
            InitiateSipRequest(session_id=session_id, token=token, sip=SipOptions(uri="sip:ada@sip.example.com"))
        )
