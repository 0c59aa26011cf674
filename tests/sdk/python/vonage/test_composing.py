"""Layouts and hand-picked streams of archives and broadcasts, changed by the `vonage` package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError, NotFoundError
from vonage_video.models import (
    AddStreamRequest,
    BroadcastHls,
    BroadcastOutputSettings,
    ComposedLayout,
    CreateArchiveRequest,
    CreateBroadcastRequest,
)

from emulator.client import Participant
from tests.eventually import eventually
from tests.sdk.python.vonage.client import body, status

NOTHING = "00000000-0000-4000-8000-00000000dead"
LAYOUTS = [
    {"type": "bestFit"},
    {"type": "bestFit", "screenshare_type": "horizontalPresentation"},
    {"type": "pip"},
    {"type": "verticalPresentation"},
    {"type": "horizontalPresentation"},
    {"type": "custom", "stylesheet": "stream {float: left; width: 100%;}"},
]


def archive(video: Video, session_id: str, stream_mode: str = "auto") -> str:
    return str(video.start_archive(CreateArchiveRequest(session_id=session_id, stream_mode=stream_mode)).id)


def broadcast(video: Video, session_id: str, stream_mode: str = "auto") -> str:
    outputs = BroadcastOutputSettings(hls=BroadcastHls())
    request = CreateBroadcastRequest(session_id=session_id, outputs=outputs, stream_mode=stream_mode)
    return str(video.start_broadcast(request).id)


def streams_of(resource: Any) -> list[tuple[str, bool, bool]]:
    return [(stream.stream_id, stream.has_audio, stream.has_video) for stream in resource.streams or []]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join([layout["type"], *list(layout)[1:]]))
def test_layout_of_an_archive_changes_and_the_archive_is_answered(
    video: Video, session_id: str, people: list[Participant], layout: dict[str, str]
) -> None:
    archive_id = archive(video, session_id)
    changed = video.change_archive_layout(archive_id, ComposedLayout(**layout))
    assert (changed.id, changed.status, changed.session_id) == (archive_id, "started", session_id)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join([layout["type"], *list(layout)[1:]]))
def test_layout_of_a_broadcast_changes_and_the_broadcast_is_answered(
    video: Video, session_id: str, people: list[Participant], layout: dict[str, str]
) -> None:
    broadcast_id = broadcast(video, session_id)
    changed = video.change_broadcast_layout(broadcast_id, ComposedLayout(**layout))
    assert (changed.id, changed.status, changed.session_id) == (broadcast_id, "started", session_id)


def test_layout_of_an_unknown_archive_or_broadcast_is_not_found(video: Video) -> None:
    for change in (video.change_archive_layout, video.change_broadcast_layout):
        with pytest.raises(NotFoundError):
            change(NOTHING, ComposedLayout(type="pip"))


def test_manual_archive_records_only_streams_that_were_added(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    first, second = (person.stream_ids[0] for person in people)
    archive_id = archive(video, session_id, "manual")
    assert video.get_archive(archive_id).stream_mode == "manual"
    assert streams_of(video.get_archive(archive_id)) == []

    assert video.add_stream_to_archive(archive_id, AddStreamRequest(stream_id=first)) is None
    assert status(video) == 204
    video.add_stream_to_archive(archive_id, AddStreamRequest(stream_id=second, has_audio=True, has_video=False))
    assert streams_of(video.get_archive(archive_id)) == [(first, True, True), (second, True, False)]

    assert video.remove_stream_from_archive(archive_id, first) is None
    assert status(video) == 204
    assert streams_of(video.get_archive(archive_id)) == [(second, True, False)]


def test_manual_archive_pauses_until_a_stream_is_added(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive_id = archive(video, session_id, "manual")
    eventually(lambda: video.get_archive(archive_id).status == "paused", "nothing is recorded")
    video.add_stream_to_archive(archive_id, AddStreamRequest(stream_id=people[0].stream_ids[0]))
    assert video.get_archive(archive_id).status == "started"


def test_individual_archive_has_no_layout(video: Video, session_id: str, people: list[Participant]) -> None:
    request = CreateArchiveRequest(session_id=session_id, output_mode="individual")
    individual = video.start_archive(request).id
    with pytest.raises(HttpRequestError) as refused:
        video.change_archive_layout(individual, ComposedLayout(type="pip"))
    assert refused.value.response.status_code == 400


def test_manual_broadcast_shows_only_streams_that_were_added(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    first, second = (person.stream_ids[0] for person in people)
    broadcast_id = broadcast(video, session_id, "manual")
    assert video.get_broadcast(broadcast_id).stream_mode == "manual"
    assert streams_of(video.get_broadcast(broadcast_id)) == []

    assert video.add_stream_to_broadcast(broadcast_id, AddStreamRequest(stream_id=first)) is None
    assert status(video) == 204
    video.add_stream_to_broadcast(broadcast_id, AddStreamRequest(stream_id=second, has_audio=False, has_video=True))
    assert streams_of(video.get_broadcast(broadcast_id)) == [(first, True, True), (second, False, True)]

    assert video.remove_stream_from_broadcast(broadcast_id, first) is None
    assert status(video) == 204
    assert streams_of(video.get_broadcast(broadcast_id)) == [(second, False, True)]


def test_stopped_manual_broadcast_no_longer_names_its_streams(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    broadcast_id = broadcast(video, session_id, "manual")
    video.add_stream_to_broadcast(broadcast_id, AddStreamRequest(stream_id=people[0].stream_ids[0]))
    assert video.stop_broadcast(broadcast_id).streams is None
    assert "streams" not in body(video)


def test_adding_a_stream_again_changes_its_flags(video: Video, session_id: str, people: list[Participant]) -> None:
    stream_id = people[0].stream_ids[0]
    archive_id = archive(video, session_id, "manual")
    video.add_stream_to_archive(archive_id, AddStreamRequest(stream_id=stream_id))
    video.add_stream_to_archive(archive_id, AddStreamRequest(stream_id=stream_id, has_audio=False))
    assert streams_of(video.get_archive(archive_id)) == [(stream_id, False, True)]


@pytest.mark.parametrize(
    ("begin", "add"),
    [(archive, Video.add_stream_to_archive), (broadcast, Video.add_stream_to_broadcast)],
    ids=["archive", "broadcast"],
)
def test_streams_of_an_automatic_composition_cannot_be_picked(
    video: Video,
    session_id: str,
    people: list[Participant],
    begin: Callable[[Video, str], str],
    add: Callable[[Video, str, AddStreamRequest], None],
) -> None:
    made = begin(video, session_id)
    with pytest.raises(HttpRequestError) as refused:
        add(video, made, AddStreamRequest(stream_id=people[0].stream_ids[0]))
    assert refused.value.response.status_code == 400  # fidelity/rest-and-archives.md 12.9


def test_unknown_stream_cannot_be_added(video: Video, session_id: str, people: list[Participant]) -> None:
    request = AddStreamRequest(stream_id=NOTHING)
    with pytest.raises(NotFoundError):
        video.add_stream_to_archive(archive(video, session_id, "manual"), request)
    with pytest.raises(NotFoundError):
        video.add_stream_to_broadcast(broadcast(video, session_id, "manual"), request)
