"""Texts in both directions, and audio inside of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from emulator.connectors.messages import Clear, Messages, Notify
from state.connectors import ConnectorSettings

IN_TEXTS = {
    "transport": "json",
    "encoding": "base64",
    "audio_field": "chunk",
    "receive_audio_field": "reply",
    "static_fields": {"case": 42},
}


def messages(**fields: Any) -> Messages:
    return Messages(ConnectorSettings(uri="ws://agent", **fields))


def test_custom_headers_are_in_every_text() -> None:
    each = messages(headers={"x-b": "2", "content-type": "text/plain", "a": "1", "event": "mine"}, audio_rate=8000)
    rate = '"content-type":"audio/l16;rate=8000"'
    assert each.connected() == f'{{"x-b":"2","a":"1","event":"websocket:connected",{rate}}}'
    assert each.update(active=False) == (
        f'{{"event":"websocket:media:update","method":"update","active":false,"x-b":"2","a":"1",{rate}}}'
    )
    assert each.disconnected() == f'{{{rate},"method":"delete","event":"websocket:disconnected","x-b":"2","a":"1"}}'
    assert each.cleared() == '{"event":"websocket:cleared","x-b":"2","a":"1"}'
    assert each.notified({"n": 1}) == '{"event":"websocket:notify","payload":{"n":1},"x-b":"2","a":"1"}'


def test_audio_is_binary_or_a_field_of_a_text() -> None:
    assert messages().audio(b"\1\2") == b"\1\2"
    assert messages(transport=IN_TEXTS, headers={"a": "1"}).audio(b"\1\2") == '{"case":42,"chunk":"AQI="}'


@pytest.mark.parametrize(
    "text", ['{"action":"clear"}', '{"event":"websocket:cleared","more":1}', '{"event": "clearAudio"}']
)
@pytest.mark.parametrize("transport", [{}, IN_TEXTS])
def test_clear_has_three_spellings(text: str, transport: dict[str, Any]) -> None:
    assert messages(transport=transport).read(text) == Clear()


def test_marks_have_any_payload() -> None:
    assert messages().read('{"action":"notify","payload":[1]}') == Notify([1])
    assert messages().read('{"action":"notify"}') == Notify(None)


@pytest.mark.parametrize(
    "content",
    ["", "hello", "[]", "1", "null", '{"action":"dance"}', '{"reply":"AQI="}', b'{"event":"websocket:connected"}'],
)
def test_other_messages_are_no_use(content: str | bytes) -> None:
    assert messages().read(content) is None


def test_audio_that_begins_as_a_text_would_is_audio() -> None:
    assert messages().read(b"{\1\2\3") == b"{\1\2\3"


@pytest.mark.parametrize(
    ("content", "audio"),
    [
        ('{"reply":"AQI="}', b"\1\2"),
        ('{"reply":"AQI"}', None),
        ('{"reply":"\\u00e4"}', None),
        ('{"reply":5}', None),
        ('{"chunk":"AQI="}', None),
        (base64.b64decode("AQI="), None),
    ],
)
def test_audio_comes_in_texts_where_it_goes_in_texts(content: str | bytes, audio: bytes | None) -> None:
    assert messages(transport=IN_TEXTS).read(content) == audio
