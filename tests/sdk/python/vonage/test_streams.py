"""Streams and their layout classes, read and changed by the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError, NotFoundError
from vonage_video.models import StreamLayout, StreamLayoutOptions

from emulator.client import ApplicationClient, Participant
from tests.sdk.python.vonage.client import body, is_lower_uuid

NOBODY = "00000000-0000-4000-8000-00000000dead"


def test_list_gives_every_stream_with_four_fields(video: Video, session_id: str, people: list[Participant]) -> None:
    streams = video.list_streams(session_id)
    assert sorted(stream.id for stream in streams) == sorted(id for person in people for id in person.stream_ids)
    for stream in streams:
        assert is_lower_uuid(stream.id)
        assert stream.video_type == "camera"
        assert isinstance(stream.name, str)
        assert stream.layout_class_list == []
    answer = body(video)
    assert answer["count"] == 2
    assert all(set(item) == {"id", "videoType", "name", "layoutClassList"} for item in answer["items"])


def test_get_gives_the_stream_as_it_was_published(
    video: Video, application: ApplicationClient, session_id: str
) -> None:
    (person,) = application.join(
        session_id,
        streams=[
            {
                "name": "slides",
                "videoType": "screen",
                "hasAudio": False,
                "hasVideo": True,
                "layoutClassList": ["full", "focus"],
            }
        ],
    )
    stream = video.get_stream(session_id, person.stream_ids[0])
    assert stream.model_dump() == {
        "id": person.stream_ids[0],
        "video_type": "screen",
        "name": "slides",
        "layout_class_list": ["full", "focus"],
    }


def test_changed_classes_replace_the_old_ones_and_are_answered(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    first, second = (person.stream_ids[0] for person in people)
    changed = video.change_stream_layout(
        session_id,
        StreamLayoutOptions(
            items=[
                StreamLayout(id=first, layout_class_list=["full"]),
                StreamLayout(id=second, layout_class_list=["min"]),
            ]
        ),
    )
    assert {stream.id: stream.layout_class_list for stream in changed} == {first: ["full"], second: ["min"]}
    assert body(video)["count"] == 2

    (cleared,) = video.change_stream_layout(
        session_id, StreamLayoutOptions(items=[StreamLayout(id=first, layout_class_list=[])])
    )
    assert (cleared.id, cleared.layout_class_list) == (first, [])
    assert video.get_stream(session_id, second).layout_class_list == ["min"]


def test_list_before_any_stream_is_not_found(video: Video, session_id: str) -> None:
    with pytest.raises(NotFoundError):
        video.list_streams(session_id)


def test_unknown_stream_is_a_timeout_as_at_the_service(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    with pytest.raises(HttpRequestError) as refused:
        video.get_stream(session_id, NOBODY)
    assert refused.value.response.status_code == 408


def test_stream_leaves_the_list_with_its_publisher(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    application.leave(session_id, people[0].connection_id)
    assert [stream.id for stream in video.list_streams(session_id)] == people[1].stream_ids
