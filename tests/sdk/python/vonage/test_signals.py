"""Signals sent by the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError, NotFoundError
from vonage_video.models import SignalData

from emulator.client import ApplicationClient, Participant
from tests.sdk.python.vonage.client import status


def test_signal_to_everyone_arrives_with_type_and_data(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    assert video.send_signal(session_id, SignalData(type="chat", data="hello, world")) is None
    assert status(video) == 204
    (signal,) = application.signals(session_id)
    assert (signal.type, signal.data, signal.connection_id) == ("chat", "hello, world", None)


def test_signal_to_one_names_its_connection(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    video.send_signal(session_id, SignalData(type="private", data="psst"), people[1].connection_id)
    assert status(video) == 204
    (signal,) = application.signals(session_id)
    assert signal.connection_id == people[1].connection_id


def test_signal_beyond_ascii_survives(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    video.send_signal(session_id, SignalData(type="chat", data="żółw 🐢"))
    assert application.signals(session_id)[0].data == "żółw 🐢"


def test_signal_to_an_empty_session_is_not_found(video: Video, session_id: str) -> None:
    with pytest.raises(NotFoundError):
        video.send_signal(session_id, SignalData(type="chat", data="anyone?"))


def test_signal_to_somebody_who_left_is_not_found(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    application.leave(session_id, people[0].connection_id)
    with pytest.raises(NotFoundError):
        video.send_signal(session_id, SignalData(type="chat", data="still there?"), people[0].connection_id)


def test_data_of_more_than_8_kilobytes_in_utf8_is_too_large(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    with pytest.raises(HttpRequestError) as refused:
        video.send_signal(session_id, SignalData(type="chat", data="é" * 5000))
    assert refused.value.response.status_code == 413


def test_type_of_more_than_128_bytes_in_utf8_is_too_large(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    with pytest.raises(HttpRequestError) as refused:
        video.send_signal(session_id, SignalData(type="é" * 65, data=""))
    assert refused.value.response.status_code == 413
