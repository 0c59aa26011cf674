"""Bodies of SIP, captions, render and audio connector requests.

Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 2 to 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import orjson
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from emulator.errors import Invalid
from emulator.schemas.common import Body, CallbackUrl, ClientTokenText, Duration, RenderResolution, Text, Uri, filled
from emulator.schemas.languages import of_captions
from emulator.schemas.reading import Limited, number, text
from state.calls import NewCall
from state.captions import NewCaptions
from state.connectors import NewConnector
from state.renders import NewRender

if TYPE_CHECKING:
    from emulator.client_tokens import ClientToken

MAX_HEADERS = 512

Digits = Annotated[str, Field(pattern=r"^[0-9*#p]+$")]


def _texts(value: Any) -> dict[str, str]:
    return {str(name): str(each) for name, each in dict(value).items()}


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

    uri: Annotated[str, Field(pattern=r"(?i)^sips?:."), Limited("sipUri", text)]
    sender: str = Field("", alias="from")
    headers: Annotated[dict[str, str], Limited("sipHeaders", _texts)] = {}
    auth: SipAuth | None = None
    secure: bool = False
    video: bool = False
    observe_force_mute: bool = False
    streams: list[str] = []
    session_migration: bool = False


class Dial(Body):
    """A call to dial; where `sessionMigration` is written is not verified (2.1), so it may stand in `sip` or beside."""

    session_id: Text
    token: ClientTokenText
    sip: Sip
    session_migration: bool = False

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
            migrates=self.session_migration or sip.session_migration,
        )


class PlayDtmf(Body):
    """DTMF digits; `p` pauses for 500 ms (2.2)."""

    digits: Digits


class PlayDtmfToOne(PlayDtmf):
    """DTMF digits for one call."""

    digits: Annotated[Digits, Limited("digitsToOne", text)]


class StartCaptions(Body):
    """Captions to start (3.1); duration in s."""

    session_id: Text
    token: ClientTokenText
    language_code: Annotated[str, AfterValidator(of_captions), Limited("captionsLanguage", text)] = "en-US"
    max_duration: Annotated[int, Field(ge=300, le=14_400), Limited("captionsDuration", number)] = 14_400
    partial_captions: bool = True
    status_callback_url: CallbackUrl = None

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

    name: Annotated[str, Field(min_length=1, max_length=200), Limited("renderName", text)]

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any, info: ValidationInfo) -> Any:
        return filled(value, info, "renderName", {"name": ""})


class StartRender(Body):
    """A render to start (4.1); duration in s."""

    session_id: Text
    token: ClientTokenText
    url: Uri
    max_duration: Annotated[Duration, Limited("renderDuration", number)] = 7_200
    resolution: RenderResolution = "1280x720"
    properties: RenderProperties | None = None
    status_callback_url: CallbackUrl = None

    def state(self, token: ClientToken, project: str) -> NewRender:
        """Return the new render as the rules know it; `project` is the api key, empty for the application's id."""
        return NewRender(
            url=self.url,
            name=self.properties.name if self.properties else "",
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

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.transport == "json" and self.encoding is None:
            raise Invalid("base64 is required with transport json", "websocket.audioTransport.encoding")
        return self


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
    session_migration: bool = False


class ConnectAudio(Body):
    """An audio connector to make; `sessionMigration` may stand in `websocket` or beside, as for calls."""

    session_id: Text
    token: ClientTokenText
    websocket: WebSocket
    session_migration: bool = False

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
            migrates=self.session_migration or socket.session_migration,
        )
