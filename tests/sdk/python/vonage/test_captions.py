"""Live captions started and stopped by the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import ForbiddenError, HttpRequestError, NotFoundError
from vonage_video.models import CaptionsData, CaptionsOptions, LanguageCode

from emulator.client import Participant
from tests.sdk.python.vonage.client import body, client_token, is_lower_uuid, status

NOTHING = "00000000-0000-4000-8000-00000000dead"


def start(video: Video, session_id: str, role: str = "moderator", **options: object) -> CaptionsData:
    token = client_token(video, session_id, role)
    return video.start_captions(CaptionsOptions(session_id=session_id, token=token, **options))


def test_start_is_accepted_with_an_id_of_its_own(video: Video, session_id: str, people: list[Participant]) -> None:
    captions = start(video, session_id)
    assert status(video) == 202
    assert is_lower_uuid(captions.captions_id)
    assert body(video) == {"captionsId": captions.captions_id}


def test_start_takes_every_option(video: Video, session_id: str, people: list[Participant]) -> None:
    captions = start(
        video,
        session_id,
        language_code="de-DE",
        max_duration=300,
        partial_captions=False,
        status_callback_url="https://example.com/captions",
    )
    assert is_lower_uuid(captions.captions_id)


def test_every_language_the_sdk_knows_can_be_captioned(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    for language in LanguageCode:
        video.stop_captions(start(video, session_id, language_code=language))


def test_second_start_in_a_session_is_a_conflict(video: Video, session_id: str, people: list[Participant]) -> None:
    start(video, session_id)
    with pytest.raises(HttpRequestError) as refused:
        start(video, session_id)
    assert refused.value.response.status_code == 409
    assert refused.value.response.json()["code"] == 60003


def test_stop_is_accepted_without_a_body_and_makes_room_for_another_start(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    first = start(video, session_id)
    assert video.stop_captions(first) is None
    assert status(video) == 202
    assert video.http_client.last_response.content == b""
    assert start(video, session_id).captions_id != first.captions_id


def test_captions_need_a_routed_session(video: Video, relayed: str) -> None:
    with pytest.raises(HttpRequestError) as refused:
        start(video, relayed)
    assert refused.value.response.status_code == 409


@pytest.mark.parametrize("role", ["publisher", "subscriber", "publisheronly"])
def test_token_must_be_a_moderators(video: Video, session_id: str, people: list[Participant], role: str) -> None:
    with pytest.raises(ForbiddenError):
        start(video, session_id, role)


def test_unknown_captions_cannot_be_stopped(video: Video) -> None:
    with pytest.raises(NotFoundError):
        video.stop_captions(CaptionsData(captions_id=NOTHING))


def test_captions_cannot_be_stopped_twice(video: Video, session_id: str, people: list[Participant]) -> None:
    captions = start(video, session_id)
    video.stop_captions(captions)
    with pytest.raises(NotFoundError):
        video.stop_captions(captions)
