"""SIP calls dialled by the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import NotFoundError
from vonage_video.errors import RoutedSessionRequiredError
from vonage_video.models import InitiateSipRequest, SipAuth, SipCall, SipOptions

from emulator.client import ApplicationClient, Participant
from tests.eventually import eventually
from tests.sdk.python.vonage.client import Moment, client_token, is_lower_uuid, status

NOBODY = "00000000-0000-4000-8000-00000000dead"


def dial(video: Video, session_id: str, /, **options: object) -> SipCall:
    token = client_token(video, session_id, "publisher", connection_data="sip leg")
    sip = SipOptions(uri="sip:ada@sip.example.com", **options)
    return video.initiate_sip_call(InitiateSipRequest(session_id=session_id, token=token, sip=sip))


def test_call_has_its_ids_and_equal_times_at_once(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    moment = Moment()
    call = dial(video, session_id)
    assert status(video) == 200
    assert is_lower_uuid(call.id)
    assert is_lower_uuid(call.connection_id)
    assert is_lower_uuid(call.stream_id)
    assert (call.project_id, call.session_id) == (application.id, session_id)
    assert moment.saw(call.created_at)
    assert call.updated_at == call.created_at


def test_every_sip_option_is_accepted(video: Video, session_id: str, people: list[Participant]) -> None:
    call = dial(
        video,
        session_id,
        from_="15550100@example.com",
        headers={"X-Case": "42", "Plain": "too"},
        auth=SipAuth(username="ada", password="secret"),
        secure=True,
        video=True,
        observe_force_mute=True,
    )
    assert is_lower_uuid(call.id)


def test_leg_joins_at_once_and_publishes_the_promised_stream(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    call = dial(video, session_id)
    assert call.connection_id in application.session(session_id).connection_ids
    eventually(
        lambda: call.stream_id in [stream.id for stream in video.list_streams(session_id)],
        "the leg's stream is in the session",
    )


def test_leg_hangs_up_when_it_is_disconnected(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    call = dial(video, session_id)
    video.disconnect_client(session_id, call.connection_id)
    assert call.connection_id not in application.session(session_id).connection_ids


def test_dialling_from_a_relayed_session_needs_a_routed_one(video: Video, relayed: str) -> None:
    with pytest.raises(RoutedSessionRequiredError):
        dial(video, relayed)


def test_digits_go_to_every_leg(video: Video, session_id: str, people: list[Participant]) -> None:
    dial(video, session_id)
    assert video.play_dtmf(session_id, "1234567890*#p") is None
    assert status(video) == 200
    assert video.http_client.last_response.content == b""


def test_digits_go_to_one_leg(video: Video, session_id: str, people: list[Participant]) -> None:
    call = dial(video, session_id)
    assert video.play_dtmf(session_id, "1p2", call.connection_id) is None
    assert status(video) == 200


def test_digits_for_a_connection_that_is_not_there_are_not_found(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    with pytest.raises(NotFoundError):
        video.play_dtmf(session_id, "1", NOBODY)
