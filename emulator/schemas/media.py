"""Bodies of SIP, captions, render and audio connector requests.

Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 2 to 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from emulator.errors import Invalid
from emulator.schemas.common import Body, CallbackUrl, RenderResolution, Text, Uri
from state.calls import NewCall
from state.captions import NewCaptions
from state.connectors import NewConnector
from state.renders import NewRender

if TYPE_CHECKING:
    from emulator.client_tokens import ClientToken

MAX_HEADERS = 512

# What AWS Transcribe can listen to while it is spoken; the documented set is open (3.1).
LANGUAGES = (
    "af-ZA ar-AE ar-SA ca-ES cs-CZ da-DK de-CH de-DE el-GR en-AB en-AU en-GB en-IE en-IN en-NZ en-US en-WL "
    "en-ZA es-ES es-US eu-ES fa-IR fi-FI fr-CA fr-FR gl-ES he-IL hi-IN hr-HR id-ID it-IT ja-JP ko-KR lv-LV "
    "ms-MY nl-NL no-NO pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK so-SO sr-RS sv-SE th-TH tl-PH uk-UA vi-VN zh-CN "
    "zh-HK zh-TW zu-ZA"
).split()
_LANGUAGES = {code.lower(): code for code in LANGUAGES}


def _language(value: str) -> str:
    if value.lower() not in _LANGUAGES:
        raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
    return _LANGUAGES[value.lower()]


def _object(value: Any) -> Any:
    """Take an object that one SDK writes as text (sdk-wire 1)."""
    if isinstance(value, str):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueError("must be an object") from None
    return value


class SipAuth(Body):
    """What the far side asks for."""

    username: str = ""
    password: str = ""


class Sip(Body):
    """The far side of a call (2.1)."""

    uri: str = Field(pattern=r"(?i)^sips?:.")
    sender: str = Field("", alias="from")
    headers: dict[str, str] = {}
    auth: SipAuth | None = None
    secure: bool = False
    video: bool = False
    observe_force_mute: bool = False
    streams: list[str] = []


class Dial(Body):
    """A call to dial."""

    session_id: Text
    token: Text
    sip: Sip

    def state(self) -> NewCall:
        """Return the new call as the rules know it."""
        sip = self.sip
        return NewCall(
            uri=sip.uri,
            sender=sip.sender,
            headers=sip.headers,
            username=sip.auth.username if sip.auth else "",
            password=sip.auth.password if sip.auth else "",
            secure=sip.secure,
            video=sip.video,
            observe_force_mute=sip.observe_force_mute,
            streams=tuple(sip.streams),
        )


class PlayDtmf(Body):
    """DTMF digits; `p` pauses for 500 ms (2.2)."""

    digits: str = Field(pattern=r"^[0-9*#p]+$")


class StartCaptions(Body):
    """Captions to start (3.1); duration in s."""

    session_id: Text
    token: Text
    language_code: Annotated[str, AfterValidator(_language)] = "en-US"
    max_duration: int = Field(14_400, ge=300, le=14_400)
    partial_captions: bool = True
    status_callback_url: CallbackUrl | None = None

    def state(self, captions_id: str, project: str) -> NewCaptions:
        """Return the new captions as the rules know them; `project` is the api key, empty for the application's id."""
        return NewCaptions(
            language=self.language_code,
            max_duration=self.max_duration,
            partial=self.partial_captions,
            callback_url=self.status_callback_url or "",
            id=captions_id,
            project=project,
        )


class RenderProperties(Body):
    """What the published stream is called."""

    name: str | None = Field(None, min_length=1, max_length=200)


class StartRender(Body):
    """A render to start (4.1); duration in s."""

    session_id: Text
    token: Text
    url: Uri
    max_duration: int = Field(7_200, ge=60, le=36_000)
    resolution: RenderResolution = "1280x720"
    properties: RenderProperties | None = None
    status_callback_url: CallbackUrl | None = None

    def state(self, token: ClientToken, project: str) -> NewRender:
        """Return the new render as the rules know it; `project` is the api key, empty for the application's id."""
        return NewRender(
            url=self.url,
            name=(self.properties.name or "") if self.properties else "",
            resolution=self.resolution,
            max_duration=self.max_duration,
            callback_url=self.status_callback_url or "",
            data=token.data,
            role=token.role,
            layout_classes=token.layout_classes,
            project=project,
        )


class AudioTransport(Body):
    """How audio is framed. Its keys are snake_case on the wire, unlike all others (5)."""

    model_config = ConfigDict(alias_generator=None)

    transport: Literal["binary", "json"] = "binary"
    encoding: Literal["base64"] | None = None
    audio_field: str = "audio"
    receive_audio_field: str = "audio"
    static_fields: dict[str, Any] = {}


def _headers(value: dict[str, str]) -> dict[str, str]:
    size = sum(len(name.encode()) + len(text.encode()) for name, text in value.items())
    if size > MAX_HEADERS:
        raise Invalid(f"at most {MAX_HEADERS} bytes in total, found {size}", "websocket.headers")
    return value


class WebSocket(Body):
    """The WebSocket that gets the audio (5); rate in Hz."""

    uri: str = Field(pattern=r"(?i)^wss?://.")
    streams: list[str] = []
    headers: Annotated[dict[str, str], AfterValidator(_headers)] = {}
    audio_rate: Literal[8000, 16000, 24000] = 16000
    bidirectional: bool = False
    audio_transport: Annotated[AudioTransport | None, BeforeValidator(_object)] = None


class ConnectAudio(Body):
    """An audio connector to make."""

    session_id: Text
    token: Text
    websocket: WebSocket

    def state(self) -> NewConnector:
        """Return the new connector as the rules know it."""
        socket = self.websocket
        return NewConnector(
            uri=socket.uri,
            streams=tuple(socket.streams),
            headers=socket.headers,
            audio_rate=socket.audio_rate,
            bidirectional=socket.bidirectional,
            transport=socket.audio_transport.model_dump() if socket.audio_transport else {},
        )
