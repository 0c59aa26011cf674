"""SIP calls, captions, renders and audio connectors by the `opentok` package."""

from __future__ import annotations

from typing import Any

import pytest
from opentok import Client, OpenTokException, Render, Roles
from opentok.exceptions import (
    AuthError,
    CaptioningAlreadyInProgressError,
    InvalidMediaModeError,
    InvalidWebSocketOptionsError,
    NotFoundError,
    RequestError,
    SipDialError,
)

from emulator.client import ApplicationClient, Participant
from tests.eventually import eventually
from tests.sdk.python.opentok.client import NOTHING, client_token

URI = "sip:ada@sip.example.com"
PAGE = "https://example.com/scoreboard"


@pytest.mark.parametrize("use_jwt", [True, False], ids=["jwt", "T1"])
def test_dial(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant], use_jwt: bool
) -> None:
    token = client_token(opentok, session_id, data="leg", use_jwt=use_jwt)
    call = opentok.dial(session_id, token, URI)
    leg = application.session(session_id).participants[-1]
    assert (leg.connection_id, leg.stream_ids, leg.origin, leg.data) == (
        call.connectionId,
        [call.streamId],
        "call",
        "leg",
    )
    assert call.id


def test_dial_with_every_option(opentok: Client, session_id: str, people: list[Participant]) -> None:
    options = {
        "from": "15551234567@example.com",
        "headers": {"X-Room": "7"},
        "auth": {"username": "ada", "password": "secret"},
        "secure": True,
        "video": True,
        "observeForceMute": True,
        "streams": people[0].stream_ids,
    }
    assert opentok.dial(session_id, client_token(opentok, session_id), URI, options).id


def test_dial_refusals(opentok: Client, session_id: str, relayed: str, people: list[Participant]) -> None:
    with pytest.raises(SipDialError, match="Media Router"):
        opentok.dial(relayed, client_token(opentok, relayed), URI)
    with pytest.raises(SipDialError):
        opentok.dial("not-a-session", "token", URI)
    with pytest.raises(AuthError):
        opentok.dial(session_id, "T1==bm9uc2Vuc2U=", URI)


def test_dtmf_to_all_and_to_one(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    call = opentok.dial(session_id, client_token(opentok, session_id), URI)
    assert opentok.play_dtmf(session_id, "", "12p#").status_code == 200
    assert opentok.play_dtmf(session_id, call.connectionId, "*9").status_code == 200
    for connection_id, digits in (("", "abc"), (NOTHING, "1")):
        with pytest.raises(OpenTokException):
            opentok.play_dtmf(session_id, connection_id, digits)


def test_captions(opentok: Client, session_id: str, people: list[Participant]) -> None:
    token = client_token(opentok, session_id, Roles.moderator)
    captions = opentok.start_captions(
        session_id, token, "de-DE", 600, False, status_callback_url="https://example.com/captions"
    )
    with pytest.raises(CaptioningAlreadyInProgressError):
        opentok.start_captions(session_id, token)
    opentok.stop_captions(captions.captions_id)
    with pytest.raises(NotFoundError):
        opentok.stop_captions(captions.captions_id)


def test_captions_refusals(opentok: Client, session_id: str, people: list[Participant]) -> None:
    with pytest.raises(AuthError):
        opentok.start_captions(session_id, client_token(opentok, session_id, Roles.publisher))
    with pytest.raises(RequestError, match="languageCode"):
        opentok.start_captions(session_id, client_token(opentok, session_id, Roles.moderator), "xx-XX")


def render(opentok: Client, session_id: str, **options: Any) -> Render:
    return opentok.start_render(session_id, client_token(opentok, session_id), PAGE, **options)


def test_render(opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]) -> None:
    started = render(opentok, session_id, max_duration=600, resolution="640x480", properties={"name": "scores"})
    assert (started.status, started.url, started.resolution) == ("starting", PAGE, "640x480")
    assert started.projectId == application.api_key
    eventually(lambda: opentok.get_render(started.id).status == "started", "the render has started")
    assert opentok.get_render(started.id).streamId in [stream.id for stream in opentok.list_streams(session_id)]
    second = render(opentok, session_id)
    renders = opentok.list_renders(offset=0, count=1)
    assert (renders.count, [each.id for each in renders.items]) == (2, [second.id])
    assert opentok.stop_render(started.id).status_code == 200
    assert opentok.get_render(started.id).status == "stopped"


def test_render_refusals(opentok: Client, session_id: str, people: list[Participant]) -> None:
    with pytest.raises(RequestError, match="maxDuration"):
        render(opentok, session_id, max_duration=1)
    for call in (opentok.get_render, opentok.stop_render):
        with pytest.raises(NotFoundError):
            call(NOTHING)
        with pytest.raises(RequestError):
            call("x")


def test_audio_connector(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    options = {
        "uri": "wss://example.com/audio",
        "streams": people[0].stream_ids,
        "headers": {"X-Room": "7"},
        "bidirectional": True,
        "audioRate": 8000,
        "audio_transport": {
            "transport": "json",
            "encoding": "base64",
            "audio_field": "data",
            "receive_audio_field": "data",
            "static_fields": {"type": "audio"},
        },
    }
    connector = opentok.connect_audio_to_websocket(session_id, client_token(opentok, session_id), options)
    assert application.session(session_id).participants[-1].connection_id == connector.connectionId
    opentok.force_disconnect(session_id, connector.connectionId)
    assert connector.connectionId not in application.session(session_id).connection_ids


def test_audio_connector_refusals(opentok: Client, session_id: str, relayed: str, people: list[Participant]) -> None:
    socket = {"uri": "wss://example.com/audio"}
    with pytest.raises(InvalidMediaModeError):
        opentok.connect_audio_to_websocket(relayed, client_token(opentok, relayed), socket)
    with pytest.raises(RequestError, match="uri"):
        opentok.connect_audio_to_websocket(session_id, client_token(opentok, session_id), {"uri": "http://example.com"})
    with pytest.raises(InvalidWebSocketOptionsError):
        opentok.validate_websocket_options({})
