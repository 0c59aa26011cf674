"""One whole call through the `vonage` package, in the order an application makes it."""

from __future__ import annotations

from vonage import Video
from vonage_video.models import (
    AudioConnectorOptions,
    AudioConnectorWebSocket,
    BroadcastHls,
    BroadcastOutputSettings,
    CaptionsOptions,
    CreateArchiveRequest,
    CreateBroadcastRequest,
    ExperienceComposerOptions,
    InitiateSipRequest,
    SignalData,
    SipOptions,
    StreamLayout,
    StreamLayoutOptions,
)

from emulator.client import ApplicationClient
from tests.eventually import eventually
from tests.sdk.python.vonage.client import client_token


def test_operations_of_one_call_do_not_disturb_each_other(video: Video, application: ApplicationClient) -> None:
    session_id = video.create_session().session_id
    host, guest = application.join(session_id, 2)
    archive = video.start_archive(CreateArchiveRequest(session_id=session_id))
    outputs = BroadcastOutputSettings(hls=BroadcastHls())
    broadcast = video.start_broadcast(CreateBroadcastRequest(session_id=session_id, outputs=outputs))
    token = client_token(video, session_id, "moderator")
    captions = video.start_captions(CaptionsOptions(session_id=session_id, token=token))
    leg = video.initiate_sip_call(
        InitiateSipRequest(session_id=session_id, token=token, sip=SipOptions(uri="sip:ada@sip.example.com"))
    )
    render = video.start_experience_composer(
        ExperienceComposerOptions(session_id=session_id, token=token, url="https://example.com/scoreboard")
    )
    connector = video.start_audio_connector(
        AudioConnectorOptions(
            session_id=session_id, token=token, websocket=AudioConnectorWebSocket(uri="wss://example.com/audio")
        )
    )
    eventually(lambda: video.get_experience_composer(render.id).status == "started", "the render has started")
    eventually(lambda: len(video.list_streams(session_id)) == 4, "two cameras, the leg and the render publish")
    assert len(application.session(session_id).connection_ids) == 5

    video.send_signal(session_id, SignalData(type="chat", data="welcome"))
    layout = StreamLayout(id=host.stream_ids[0], layout_class_list=["full"])
    video.change_stream_layout(session_id, StreamLayoutOptions(items=[layout]))
    video.mute_all_streams(session_id, excluded_stream_ids=host.stream_ids)
    video.play_dtmf(session_id, "1", leg.connection_id)

    video.stop_captions(captions)
    video.stop_experience_composer(render.id)
    for connection_id in (leg.connection_id, connector.connection_id, guest.connection_id):
        video.disconnect_client(session_id, connection_id)
    assert application.session(session_id).connection_ids == [host.connection_id]
    assert video.get_archive(archive.id).status == "started"
    assert video.get_broadcast(broadcast.id).status == "started"

    video.stop_broadcast(broadcast.id)
    video.stop_archive(archive.id)
    eventually(lambda: video.get_archive(archive.id).status == "available", "the archive is available")
    video.delete_archive(archive.id)
    assert video.list_archives() == ([], 0, None)
