"""Audio connectors started by the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError
from vonage_video.models import (
    AudioConnectorData,
    AudioConnectorOptions,
    AudioConnectorWebSocket,
    AudioTransportConfiguration,
)

from emulator.client import ApplicationClient, Participant
from tests.sdk.python.vonage.client import body, client_token, is_lower_uuid, status

SOCKET = "wss://example.com/audio"


def connect_audio(video: Video, session_id: str, **options: object) -> AudioConnectorData:
    token = client_token(video, session_id, "publisher")
    websocket = AudioConnectorWebSocket(uri=SOCKET, **options)
    return video.start_audio_connector(AudioConnectorOptions(session_id=session_id, token=token, websocket=websocket))


def test_connector_has_an_id_and_the_connection_it_joined_as(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    connector = connect_audio(video, session_id)
    assert status(video) == 200
    assert is_lower_uuid(connector.id)
    assert is_lower_uuid(connector.connection_id)
    assert body(video) == {"id": connector.id, "connectionId": connector.connection_id}
    assert connector.connection_id in application.session(session_id).connection_ids


def test_connector_takes_every_option(video: Video, session_id: str, people: list[Participant]) -> None:
    connector = connect_audio(
        video,
        session_id,
        streams=people[0].stream_ids,
        headers={"X-Case": "42"},
        audio_rate=8000,
        bidirectional=True,
        audio_transport=AudioTransportConfiguration(
            transport="json",
            encoding="base64",
            audio_field="chunk",
            receive_audio_field="reply",
            static_fields={"case": "42"},
        ),
    )
    assert is_lower_uuid(connector.id)


def test_connector_ends_when_its_connection_is_disconnected(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    connector = connect_audio(video, session_id)
    video.disconnect_client(session_id, connector.connection_id)
    assert connector.connection_id not in application.session(session_id).connection_ids


def test_connector_in_a_relayed_session_is_a_conflict(video: Video, relayed: str) -> None:
    with pytest.raises(HttpRequestError) as refused:
        connect_audio(video, relayed)
    assert refused.value.response.status_code == 409


@pytest.mark.parametrize(
    "websocket",
    [
        AudioConnectorWebSocket(uri="https://example.com/audio"),
        AudioConnectorWebSocket(uri=SOCKET, headers={"X-Long": "x" * 513}),
        AudioConnectorWebSocket(uri=SOCKET, streams=["00000000-0000-4000-8000-00000000dead"]),
    ],
    ids=["no WebSocket", "headers over 512 bytes", "unknown stream"],
)
def test_connector_that_cannot_work_is_a_bad_request(
    video: Video, session_id: str, people: list[Participant], websocket: AudioConnectorWebSocket
) -> None:
    token = client_token(video, session_id)
    with pytest.raises(HttpRequestError) as refused:
        video.start_audio_connector(AudioConnectorOptions(session_id=session_id, token=token, websocket=websocket))
    assert refused.value.response.status_code == 400
