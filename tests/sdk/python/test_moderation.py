"""Muting and disconnecting with the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import NotFoundError

from tests.sdk.python.client import body, status
from tests.server import Application, Participant

NOBODY = "00000000-0000-4000-8000-00000000dead"


def project_details_are_complete(answer: dict[str, object], application: Application) -> bool:
    """Both key sets that SDKs read (fidelity/rest-and-archives.md 10.2)."""
    return (
        answer["applicationId"] == answer["id"] == application.id
        and answer["status"] == "ACTIVE"
        and answer["environment"] == "standard"
        and answer["name"] == application.name
        and isinstance(answer["secret"], str)
        and isinstance(answer["createdAt"], int)
    )


def test_muting_one_stream_answers_project_details(
    video: Video, application: Application, session_id: str, people: list[Participant]
) -> None:
    assert video.mute_stream(session_id, people[0].stream_ids[0]) is None
    assert status(video) == 200
    assert project_details_are_complete(body(video), application)


def test_muting_all_with_exclusions_answers_project_details(
    video: Video, application: Application, session_id: str, people: list[Participant]
) -> None:
    assert video.mute_all_streams(session_id, excluded_stream_ids=people[0].stream_ids) is None
    assert status(video) == 200
    assert project_details_are_complete(body(video), application)


def test_muting_all_without_exclusions_sends_null_and_is_accepted(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    assert video.mute_all_streams(session_id) is None
    assert status(video) == 200


def test_disabling_the_mute_is_accepted_without_exclusions(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    video.mute_all_streams(session_id)
    assert video.disable_mute_all_streams(session_id) is None
    assert status(video) == 200


def test_muting_an_unknown_stream_is_not_found(video: Video, session_id: str, people: list[Participant]) -> None:
    with pytest.raises(NotFoundError):
        video.mute_stream(session_id, NOBODY)


def test_disconnected_client_and_its_stream_are_gone(
    video: Video, application: Application, session_id: str, people: list[Participant]
) -> None:
    assert video.disconnect_client(session_id, people[0].connection_id) is None
    assert status(video) == 204
    assert application.connection_ids(session_id) == [people[1].connection_id]
    assert [stream.id for stream in video.list_streams(session_id)] == people[1].stream_ids


def test_disconnecting_somebody_twice_is_not_found(video: Video, session_id: str, people: list[Participant]) -> None:
    video.disconnect_client(session_id, people[0].connection_id)
    with pytest.raises(NotFoundError):
        video.disconnect_client(session_id, people[0].connection_id)
