"""The life of a broadcast, driven by the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError, NotFoundError
from vonage_video.errors import InvalidBroadcastStateError
from vonage_video.models import (
    Broadcast,
    BroadcastHls,
    BroadcastOutputSettings,
    BroadcastRtmp,
    ComposedLayout,
    CreateBroadcastRequest,
    ListBroadcastsFilter,
)

from emulator.client import ApplicationClient, Participant
from tests.eventually import eventually
from tests.sdk.python.vonage.client import Moment, body, is_lower_uuid, status

NOTHING = "00000000-0000-4000-8000-00000000dead"
HLS = BroadcastOutputSettings(hls=BroadcastHls())
TARGET = BroadcastRtmp(id="main", server_url="rtmps://rtmp.example.com/live", stream_name="stream-key")


def start(video: Video, session_id: str, outputs: BroadcastOutputSettings = HLS, **options: object) -> Broadcast:
    return video.start_broadcast(CreateBroadcastRequest(session_id=session_id, outputs=outputs, **options))


def test_started_broadcast_has_every_field_at_its_default(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    moment = Moment()
    broadcast = start(video, session_id)
    assert status(video) == 200
    assert is_lower_uuid(broadcast.id)
    assert (broadcast.session_id, broadcast.application_id) == (session_id, application.id)
    assert broadcast.status == "started"
    assert moment.saw(broadcast.created_at)
    assert moment.saw(broadcast.updated_at)
    assert broadcast.updated_at >= broadcast.created_at
    assert (broadcast.max_duration, broadcast.resolution, broadcast.stream_mode) == (14400, "640x480", "auto")
    assert (broadcast.has_audio, broadcast.has_video) == (True, True)
    assert (broadcast.settings.hls.low_latency, broadcast.settings.hls.dvr) == (False, False)
    assert broadcast.broadcast_urls.hls.endswith("/playlist.m3u8")
    assert body(video)["event"] == "broadcast"


def test_started_broadcast_leaves_out_what_was_not_set(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    start(video, session_id)
    answer = body(video)
    for absent in ("multiBroadcastTag", "maxBitrate", "partnerId", "projectId", "streams", "reason"):
        assert absent not in answer
    assert set(answer["broadcastUrls"]) == {"hls"}


def test_started_broadcast_has_json_types_that_stricter_sdks_need(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    start(video, session_id)
    answer = body(video)
    assert all(type(answer[name]) is bool for name in ("hasAudio", "hasVideo"))
    assert all(type(answer[name]) is int for name in ("createdAt", "updatedAt", "maxDuration"))


def test_started_broadcast_repeats_the_options_it_was_given(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    broadcast = start(
        video,
        session_id,
        BroadcastOutputSettings(hls=BroadcastHls(dvr=True, low_latency=False), rtmp=[TARGET]),
        layout=ComposedLayout(type="custom", stylesheet="stream {width: 50%;}"),
        max_duration=3600,
        max_bitrate=1_000_000,
        resolution="1920x1080",
        stream_mode="auto",
        multi_broadcast_tag="main",
    )
    assert (broadcast.max_duration, broadcast.max_bitrate) == (3600, 1_000_000)
    assert (broadcast.resolution, broadcast.multi_broadcast_tag) == ("1920x1080", "main")
    assert broadcast.settings.hls.dvr is True
    assert broadcast.broadcast_urls.hls.endswith("/playlist.m3u8?DVR")
    assert broadcast.broadcast_urls.hls_status is None
    (target,) = broadcast.broadcast_urls.rtmp
    assert target.model_dump() == {**TARGET.model_dump(), "status": "connecting"}


def test_rtmp_only_broadcast_has_no_hls_address(video: Video, session_id: str, people: list[Participant]) -> None:
    start(video, session_id, BroadcastOutputSettings(rtmp=[TARGET]))
    assert set(body(video)["broadcastUrls"]) == {"rtmp"}


def test_outputs_go_live_after_a_moment(video: Video, session_id: str, people: list[Participant]) -> None:
    started = start(video, session_id, BroadcastOutputSettings(hls=BroadcastHls(), rtmp=[TARGET]))

    def live() -> Broadcast | None:
        urls = (broadcast := video.get_broadcast(started.id)).broadcast_urls
        return broadcast if (urls.hls_status, urls.rtmp[0].status) == ("live", "live") else None

    broadcast = eventually(live, "both outputs are live")
    assert broadcast is not None
    assert broadcast.status == "started"
    assert broadcast.broadcast_urls.hls == started.broadcast_urls.hls
    assert broadcast.created_at // 1000 == started.created_at // 1000


def test_stopped_broadcast_says_null_for_its_addresses_and_keeps_its_settings(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    started = start(video, session_id, multi_broadcast_tag="main")
    stopped = video.stop_broadcast(started.id)
    assert status(video) == 200
    assert (stopped.id, stopped.status, stopped.multi_broadcast_tag) == (started.id, "stopped", "main")
    assert body(video)["broadcastUrls"] is None
    assert stopped.updated_at // 1000 >= stopped.created_at // 1000 == started.created_at // 1000
    assert (stopped.max_duration, stopped.resolution) == (started.max_duration, started.resolution)


def test_broadcast_ends_by_itself_after_its_maximum_duration(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    broadcast_id = start(video, session_id, max_duration=60).id
    application.freeze()
    application.advance(61)
    assert video.get_broadcast(broadcast_id).status == "stopped"


def test_stopped_broadcast_still_answers_but_is_not_listed(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    broadcast_id = start(video, session_id).id
    assert [broadcast.id for broadcast in video.list_broadcasts()[0]] == [broadcast_id]
    video.stop_broadcast(broadcast_id)
    stopped = video.get_broadcast(broadcast_id)
    assert (stopped.status, stopped.broadcast_urls) == ("stopped", None)
    assert video.list_broadcasts() == ([], 0, None)


def test_list_is_newest_first_and_counts_all_pages(video: Video, session_id: str, people: list[Participant]) -> None:
    ids = [start(video, session_id, multi_broadcast_tag=tag).id for tag in ("a", "b", "c")]
    broadcasts, count, _ = video.list_broadcasts()
    assert [broadcast.id for broadcast in broadcasts] == ids[::-1]
    assert [broadcast.multi_broadcast_tag for broadcast in broadcasts] == ["c", "b", "a"]
    assert count == 3

    page, count, _ = video.list_broadcasts(ListBroadcastsFilter(offset=1, page_size=1))
    assert ([broadcast.id for broadcast in page], count) == ([ids[1]], 3)


def test_list_can_be_kept_to_one_session(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    start(video, session_id)
    other = video.create_session().session_id
    application.join(other)
    wanted = start(video, other)
    (only,), count, _ = video.list_broadcasts(ListBroadcastsFilter(session_id=other))
    assert (only.id, count) == (wanted.id, 1)


def test_second_broadcast_without_a_tag_is_an_invalid_state(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    start(video, session_id)
    with pytest.raises(InvalidBroadcastStateError, match="already"):
        start(video, session_id)


def test_second_broadcast_with_its_own_tag_runs_beside_the_first(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    first, second = start(video, session_id), start(video, session_id, multi_broadcast_tag="second")
    assert {broadcast.id for broadcast in video.list_broadcasts()[0]} == {first.id, second.id}


def test_broadcast_cannot_start_in_an_empty_session(video: Video, session_id: str) -> None:
    with pytest.raises(NotFoundError):
        start(video, session_id)


def test_six_rtmp_targets_are_refused(video: Video, session_id: str, people: list[Participant]) -> None:
    targets = [TARGET.model_copy(update={"id": f"target-{number}"}) for number in range(6)]
    with pytest.raises(HttpRequestError) as refused:
        start(video, session_id, BroadcastOutputSettings(rtmp=targets))
    assert refused.value.response.status_code == 400


def test_broadcast_of_a_relayed_session_is_refused(video: Video, application: ApplicationClient, relayed: str) -> None:
    application.join(relayed)
    with pytest.raises(InvalidBroadcastStateError, match="routed"):
        start(video, relayed)


@pytest.mark.parametrize("call", ["get_broadcast", "stop_broadcast"])
def test_unknown_broadcast_is_not_found(video: Video, call: str) -> None:
    with pytest.raises(NotFoundError):
        getattr(video, call)(NOTHING)


def test_stopping_twice_is_not_found(video: Video, session_id: str, people: list[Participant]) -> None:
    broadcast_id = start(video, session_id).id
    video.stop_broadcast(broadcast_id)
    with pytest.raises(NotFoundError):
        video.stop_broadcast(broadcast_id)
