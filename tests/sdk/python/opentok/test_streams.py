"""Streams, signals and moderation by the `opentok` package."""

from __future__ import annotations

import warnings

import pytest
from opentok import AuthError, Client, ForceDisconnectError, OpenTokException
from opentok.exceptions import GetStreamError, RequestError

from emulator.client import ApplicationClient, Participant
from emulator.testing import Server
from tests.sdk.python.looks import muted
from tests.sdk.python.opentok.client import NOTHING, STRANGER, connect


def test_list_and_get(opentok: Client, session_id: str, people: list[Participant]) -> None:
    streams = opentok.list_streams(session_id)
    assert streams.count == 2
    assert {stream.id for stream in streams} == {stream_id for person in people for stream_id in person.stream_ids}
    stream = opentok.get_stream(session_id, people[0].stream_ids[0])
    assert (stream.id, stream.videoType, stream.layoutClassList) == (people[0].stream_ids[0], "camera", [])
    assert isinstance(stream.name, str)


def test_session_without_streams_is_an_empty_list(opentok: Client, session_id: str) -> None:
    """The service answers 404, which the SDK takes for an empty list."""
    assert list(opentok.list_streams(session_id)) == []


def test_layout_classes_replace_the_old_ones(opentok: Client, session_id: str, people: list[Participant]) -> None:
    stream_id = people[0].stream_ids[0]
    opentok.set_stream_class_lists(session_id, [{"id": stream_id, "layoutClassList": ["full", "focus"]}])
    assert opentok.get_stream(session_id, stream_id).layoutClassList == ["full", "focus"]
    with pytest.raises(RequestError):
        opentok.set_stream_class_lists(session_id, [{"id": NOTHING, "layoutClassList": []}])


def test_unknown_and_malformed_streams(opentok: Client, session_id: str, people: list[Participant]) -> None:
    with pytest.raises(GetStreamError, match="invalid stream ID"):
        opentok.get_stream(session_id, NOTHING)
    with pytest.raises(GetStreamError):
        opentok.list_streams("not-a-session")


def test_signals_to_all_and_to_one(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    opentok.send_signal(session_id, {"type": "chat", "data": "to all"})
    opentok.send_signal(session_id, {"type": "chat", "data": "to one"}, people[0].connection_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        opentok.signal(session_id, {"type": "chat", "data": "the old way"})
    sent = [(signal.data, signal.connection_id) for signal in application.signals(session_id)]
    assert sent == [("to all", None), ("to one", people[0].connection_id), ("the old way", None)]


def test_signal_to_nobody_is_a_request_error(opentok: Client, session_id: str, people: list[Participant]) -> None:
    """The SDK has an error for each status, but reaches none of them."""
    for connection_id in (NOTHING, "x"):
        with pytest.raises(RequestError):
            opentok.send_signal(session_id, {"type": "chat", "data": ""}, connection_id)


def test_force_disconnect(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    opentok.force_disconnect(session_id, people[0].connection_id)
    assert application.session(session_id).connection_ids == [people[1].connection_id]
    for connection_id, text in ((people[0].connection_id, "not connected"), ("x", "invalid")):
        with pytest.raises(ForceDisconnectError, match=text):
            opentok.force_disconnect(session_id, connection_id)


def test_mute_one_stream(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    answer = opentok.mute_stream(session_id, people[0].stream_ids[0])
    assert answer.json()["status"] == "ACTIVE"
    assert muted(application, session_id) == set(people[0].stream_ids)


def test_mute_all_but_those_that_are_excluded_under_their_old_name(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    opentok.mute_all(session_id, people[0].stream_ids)
    assert muted(application, session_id) == set(people[1].stream_ids)
    opentok.mute_all(session_id, None)
    assert muted(application, session_id) == {*people[0].stream_ids, *people[1].stream_ids}


def test_muting_ends_for_who_comes_later(opentok: Client, application: ApplicationClient, session_id: str) -> None:
    application.join(session_id)
    opentok.mute_all(session_id, None)
    (late,) = application.join(session_id)
    assert set(late.stream_ids) <= muted(application, session_id)
    opentok.disable_force_mute(session_id)
    (later,) = application.join(session_id)
    assert not set(later.stream_ids) & muted(application, session_id)


def test_muting_nothing_is_an_error_of_the_sdk(opentok: Client, session_id: str, people: list[Participant]) -> None:
    with pytest.raises(OpenTokException):
        opentok.mute_stream(session_id, NOTHING)
    with pytest.raises(OpenTokException):
        opentok.mute_all("not-a-session", None)
    with pytest.raises(OpenTokException):
        opentok.disable_force_mute("not-a-session")


def test_wrong_secret(server: Server, application: ApplicationClient, session_id: str) -> None:
    stranger = connect(server, application.api_key, STRANGER)
    with pytest.raises(AuthError):
        stranger.list_streams(session_id)
    with pytest.raises(AuthError):
        stranger.get_stream(session_id, NOTHING)
    with pytest.raises(AuthError):
        stranger.force_disconnect(session_id, NOTHING)
    with pytest.raises(AuthError):
        stranger.set_stream_class_lists(session_id, [])
