"""Broadcasts by the `opentok` package."""

from __future__ import annotations

from typing import Any

import pytest
from opentok import Broadcast, BroadcastError, BroadcastStreamModes, Client
from opentok.exceptions import RequestError

from emulator.client import ApplicationClient, Participant
from tests.sdk.python.opentok.client import NOTHING

HLS: dict[str, Any] = {"outputs": {"hls": {}}}


def start(opentok: Client, session_id: str, **options: Any) -> Broadcast:
    return opentok.start_broadcast(session_id, {**HLS, **options})


def test_start_get_and_stop(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    broadcast = start(opentok, session_id)
    assert (broadcast.status, broadcast.sessionId) == ("started", session_id)
    assert broadcast.projectId == int(application.api_key)
    assert broadcast.broadcastUrls["hls"].endswith("/playlist.m3u8")
    assert opentok.get_broadcast(broadcast.id).broadcastUrls["hlsStatus"]
    stopped = opentok.stop_broadcast(broadcast.id)
    assert (stopped.status, stopped.broadcastUrls) == ("stopped", None)


def test_start_with_every_option(opentok: Client, session_id: str, people: list[Participant]) -> None:
    rtmp = [{"id": "one", "serverUrl": "rtmps://example.com/app", "streamName": "key"}]
    broadcast = start(
        opentok,
        session_id,
        outputs={"hls": {"dvr": False, "lowLatency": True}, "rtmp": rtmp},
        layout={"type": "custom", "stylesheet": "stream {}"},
        maxDuration=600,
        maxBitrate=1_000_000,
        resolution="1280x720",
        multiBroadcastTag="second",
        hasAudio=True,
        hasVideo=False,
    )
    assert (broadcast.maxDuration, broadcast.maxBitrate, broadcast.resolution) == (600, 1_000_000, "1280x720")
    assert (broadcast.hasAudio, broadcast.hasVideo) == (True, False)
    assert broadcast.broadcastUrls["rtmp"] == [{**rtmp[0], "status": "connecting"}]


def test_layout(opentok: Client, session_id: str, people: list[Participant]) -> None:
    broadcast = start(opentok, session_id, layout={"type": "bestFit", "screenshareType": "pip"})
    opentok.set_broadcast_layout(broadcast.id, "verticalPresentation")
    opentok.set_broadcast_layout(broadcast.id, "bestFit", None, "pip")
    opentok.set_broadcast_layout(broadcast.id, "custom", "stream {}")
    with pytest.raises(BroadcastError):
        opentok.set_broadcast_layout(broadcast.id, "mosaic")


def test_streams_are_picked_by_hand(opentok: Client, session_id: str, people: list[Participant]) -> None:
    broadcast = opentok.start_broadcast(session_id, dict(HLS), BroadcastStreamModes.manual)
    stream_id = people[0].stream_ids[0]
    opentok.add_broadcast_stream(broadcast.id, stream_id, has_audio=False)
    expected = [{"streamId": stream_id, "hasAudio": False, "hasVideo": True}]
    assert opentok.get_broadcast(broadcast.id).streams == expected
    opentok.remove_broadcast_stream(broadcast.id, stream_id)
    assert not opentok.get_broadcast(broadcast.id).streams


def test_refusals(opentok: Client, session_id: str, people: list[Participant]) -> None:
    broadcast = start(opentok, session_id)
    with pytest.raises(BroadcastError, match="already started"):
        start(opentok, session_id)
    with pytest.raises(BroadcastError, match="Invalid request"):
        opentok.start_broadcast(session_id, {"outputs": {}})
    for select in (opentok.add_broadcast_stream, opentok.remove_broadcast_stream):
        with pytest.raises(RequestError):  # 405, which the SDK has an error for but does not reach
            select(broadcast.id, people[0].stream_ids[0])
    for call in (opentok.get_broadcast, opentok.stop_broadcast):
        with pytest.raises(RequestError):
            call(NOTHING)
        with pytest.raises(BroadcastError):
            call("x")
