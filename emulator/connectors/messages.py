"""Texts of a connector's WebSocket, in both directions (3, 5, 6, 7)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from state.connectors import ConnectorSettings

CLEARS = ({"action": "clear"}, {"event": "websocket:cleared"}, {"event": "clearAudio"})
"""What takes back the audio that was sent and not played: three spellings are in use (6)."""


@dataclass(frozen=True, slots=True)
class Clear:
    """The other side takes back what it has sent."""


@dataclass(frozen=True, slots=True)
class Notify:
    """The other side wants to be told when what it has sent before is played."""

    payload: Any


Incoming = bytes | Clear | Notify | None
"""What came: a frame of audio, an order, or what is no use."""


class Messages:
    """Writes and reads the messages of one connector. Custom headers are in every text."""

    def __init__(self, new: ConnectorSettings) -> None:
        self._content_type = f"audio/l16;rate={new.audio_rate}"
        self._custom = {name: value for name, value in new.headers.items() if name not in ("event", "content-type")}
        transport = new.transport
        self.in_texts = transport.get("transport") == "json"
        self._sent_as = str(transport.get("audio_field", "audio"))
        self._received_as = str(transport.get("receive_audio_field", "audio"))
        static: Any = transport.get("static_fields")
        self._static: dict[str, Any] = dict(static or {})

    def connected(self) -> str:
        """Return the first message."""
        return self._text({**self._custom, "event": "websocket:connected", "content-type": self._content_type})

    def update(self, *, active: bool) -> str:
        """Return what tells that nobody selected has sound any more, or somebody again."""
        told = {"event": "websocket:media:update", "method": "update", "active": active}
        return self._text({**told, **self._custom, "content-type": self._content_type})

    def disconnected(self) -> str:
        """Return the last message."""
        told = {"content-type": self._content_type, "method": "delete", "event": "websocket:disconnected"}
        return self._text({**told, **self._custom})

    def cleared(self) -> str:
        """Return what tells that audio was taken back."""
        return self._text({"event": "websocket:cleared", **self._custom})

    def notified(self, payload: Any) -> str:
        """Return what tells that audio has been played up to a mark."""
        return self._text({"event": "websocket:notify", "payload": payload, **self._custom})

    def audio(self, frame: bytes) -> bytes | str:
        """Return a frame as it is sent."""
        if not self.in_texts:
            return frame
        return self._text({**self._static, self._sent_as: base64.b64encode(frame).decode()})

    def read(self, content: bytes | str) -> Incoming:
        """Return what a message says. One in a binary frame is audio unless it is JSON: some servers echo so (6)."""
        if isinstance(content, bytes) and not self.in_texts and not content.lstrip(b" ").startswith(b"{"):
            return content
        try:
            said = orjson.loads(content)
        except orjson.JSONDecodeError:
            return content if isinstance(content, bytes) and not self.in_texts else None
        if isinstance(content, bytes) or not isinstance(said, dict):
            return None
        if said.get("action") == "notify":
            return Notify(said.get("payload"))
        if any(clear.items() <= said.items() for clear in CLEARS):
            return Clear()
        audio = said.get(self._received_as)
        if not self.in_texts or not isinstance(audio, str):
            return None
        try:
            return base64.b64decode(audio, validate=True)
        except ValueError:
            return None

    @staticmethod
    def _text(content: dict[str, Any]) -> str:
        return orjson.dumps(content).decode()
