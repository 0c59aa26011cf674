"""Bodies of SIP calls: fidelity/broadcasts-sip-captions-renders-callbacks.md 2."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from emulator.spec.schemas.common import Body
from emulator.spec.schemas.legs import Leg, StartLeg
from emulator.spec.schemas.reading import Limited, text
from state.calls import CallSettings

Digits = Annotated[str, Field(pattern=r"^[0-9*#p]+$")]


def _texts(value: Any) -> dict[str, str]:
    return {str(name): str(each) for name, each in dict(value).items()}


class SipAuth(Body):
    """What the far side asks for."""

    username: str = ""
    password: str = ""


class Sip(Leg):
    """The far side of a call (2.1)."""

    uri: Annotated[str, Field(pattern=r"(?i)^sips?:."), Limited("sipUri", text)]
    sender: str = Field("", alias="from")
    headers: Annotated[dict[str, str], Limited("sipHeaders", _texts)] = {}
    auth: SipAuth | None = None
    secure: bool = False
    video: bool = False
    observe_force_mute: bool = False
    streams: list[str] = []


class Dial(StartLeg):
    """A call to dial."""

    sip: Sip

    def state(self) -> CallSettings:
        """Return the new call as the rules know it."""
        sip = self.sip
        return CallSettings(
            uri=sip.uri,
            sender=sip.sender,
            headers=sip.headers,
            username=sip.auth.username if sip.auth else "",
            password=sip.auth.password if sip.auth else "",
            secure=sip.secure,
            video=sip.video,
            observe_force_mute=sip.observe_force_mute,
            streams=tuple(sip.streams),
            migrates=self.migrates(sip),
        )


class PlayDtmf(Body):
    """DTMF digits; `p` pauses for 500 ms (2.2)."""

    digits: Digits


class PlayDtmfToOne(PlayDtmf):
    """DTMF digits for one call."""

    digits: Annotated[Digits, Limited("digitsToOne", text)]
