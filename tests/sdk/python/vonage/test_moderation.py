"""Muting and disconnecting with the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError, NotFoundError

from emulator.client import ApplicationClient, Participant
from tests.sdk.python.looks import muted
from tests.sdk.python.vonage.client import body, status

NOBODY = "00000000-0000-4000-8000-00000000dead"


def project_details_are_complete(answer: dict[str, object], application: ApplicationClient) -> bool:
    """Both key sets that SDKs read (fidelity/rest-and-archives.md 10.2)."""
    return (
        answer["applicationId"] == answer["id"] == application.id
        and answer["status"] == "ACTIVE"
        and answer["environment"] == "standard"
        and answer["name"] == application.name
        and isinstance(answer["secret"], str)
        and isinstance(answer["createdAt"], int)
    )


def test_muting_one_stream_mutes_no_other_and_answers_project_details(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    assert video.mute_stream(session_id, people[0].stream_ids[0]) is None
    assert status(video) == 200
    assert project_details_are_complete(body(video), application)
    assert muted(application, session_id) == set(people[0].stream_ids)


def test_muting_all_spares_the_excluded_and_answers_project_details(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    assert video.mute_all_streams(session_id, excluded_stream_ids=people[0].stream_ids) is None
    assert status(video) == 200
    assert project_details_are_complete(body(video), application)
    assert muted(application, session_id) == set(people[1].stream_ids)


def test_muting_all_without_exclusions_mutes_later_streams_too(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    assert video.mute_all_streams(session_id) is None  # the SDK sends excludedStreamIds: null
    assert status(video) == 200
    (late,) = application.join(session_id)
    everybody = {stream_id for person in (*people, late) for stream_id in person.stream_ids}
    assert muted(application, session_id) == everybody


def test_disabling_the_mute_spares_later_streams_and_unmutes_nobody(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    video.mute_all_streams(session_id)
    assert video.disable_mute_all_streams(session_id) is None
    assert status(video) == 200
    application.join(session_id)
    assert muted(application, session_id) == {stream_id for person in people for stream_id in person.stream_ids}


def test_muting_an_unknown_stream_is_not_found(video: Video, session_id: str, people: list[Participant]) -> None:
    with pytest.raises(NotFoundError):
        video.mute_stream(session_id, NOBODY)


def test_disconnected_client_and_its_stream_are_gone(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    assert video.disconnect_client(session_id, people[0].connection_id) is None
    assert status(video) == 204
    assert application.session(session_id).connection_ids == [people[1].connection_id]
    assert [stream.id for stream in video.list_streams(session_id)] == people[1].stream_ids


def test_disconnecting_by_what_is_no_id_is_a_bad_request(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    with pytest.raises(HttpRequestError) as refused:
        video.disconnect_client(session_id, "not-an-id")
    assert refused.value.response.status_code == 400


def test_disconnecting_somebody_twice_is_not_found(video: Video, session_id: str, people: list[Participant]) -> None:
    video.disconnect_client(session_id, people[0].connection_id)
    with pytest.raises(NotFoundError):
        video.disconnect_client(session_id, people[0].connection_id)
