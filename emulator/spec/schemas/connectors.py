"""Bodies of audio connectors: fidelity/broadcasts-sip-captions-renders-callbacks.md 5."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from emulator.spec.errors import InvalidRequestError
from emulator.spec.schemas.common import Body
from emulator.spec.schemas.legs import Leg, StartLeg
from state.connectors import ConnectorSettings

MAX_HEADERS = 512


def _object(value: Any) -> Any:
    """Take an object that one SDK writes as text (sdk-wire 1)."""
    if isinstance(value, str):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueError("must be an object") from None
    return value


class AudioTransport(Body):
    """How audio is framed. Its keys are snake_case on the wire, unlike all others (5)."""

    model_config = ConfigDict(alias_generator=None)

    transport: Literal["binary", "json"] = "binary"
    encoding: Literal["base64"] | None = None
    audio_field: str = "audio"
    receive_audio_field: str = "audio"
    static_fields: dict[str, Any] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.transport == "json" and self.encoding is None:
            raise InvalidRequestError("base64 is required with transport json", "websocket.audioTransport.encoding")
        return self


def _headers(value: dict[str, str]) -> dict[str, str]:
    size = sum(len(name.encode()) + len(text.encode()) for name, text in value.items())
    if size > MAX_HEADERS:
        raise InvalidRequestError(f"at most {MAX_HEADERS} bytes in total, found {size}", "websocket.headers")
    return value


class WebSocket(Leg):
    """The WebSocket that gets the audio (5); rate in Hz."""

    uri: str = Field(pattern=r"(?i)^wss?://.")
    streams: list[str] = []
    headers: Annotated[dict[str, str], AfterValidator(_headers)] = {}
    audio_rate: Literal[8000, 16000, 24000] = 16000
    bidirectional: bool = False
    audio_transport: Annotated[AudioTransport | None, BeforeValidator(_object)] = None


class ConnectAudio(StartLeg):
    """An audio connector to make."""

    websocket: WebSocket

    def state(self) -> ConnectorSettings:
        """Return the new connector as the rules know it."""
        socket = self.websocket
        return ConnectorSettings(
            uri=socket.uri,
            streams=tuple(socket.streams),
            headers=socket.headers,
            audio_rate=socket.audio_rate,
            bidirectional=socket.bidirectional,
            transport=socket.audio_transport.model_dump() if socket.audio_transport else {},
            migrates=self.migrates(socket),
        )
