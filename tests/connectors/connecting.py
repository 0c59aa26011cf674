"""Connecting real audio connectors, and looking at what goes over them."""

from __future__ import annotations

import io
import wave
from array import array
from typing import Any

from tests.connectors.agents import Agent
from tests.emulator.local import Tenant
from tests.eventually import eventually


class RealTenant(Tenant):
    """An application whose audio connectors are real."""

    def ask(self, session: str, uri: str, **fields: Any) -> Any:
        """Ask for a connector."""
        body = {"sessionId": session, "token": self.client_token(session), "websocket": {"uri": uri, **fields}}
        return self.call("POST", "/connect", body)

    def connect(self, session: str, agent: Agent, **fields: Any) -> str:
        """Connect, and return the connector's id."""
        response = self.ask(session, agent.uri, **fields)
        assert response.status_code == 200, response.text
        id_: str = response.json()["id"]
        return id_

    def streams(self, session: str) -> list[str]:
        """Return the streams of a session."""
        people = self.control("GET", f"/sessions/{session}")["participants"]
        return [stream["id"] for person in people for stream in person["streams"]]

    def mute(self, session: str, stream: str, muted: bool = True) -> None:
        """Mute a stream, or take that back."""
        self.control("PATCH", f"/sessions/{session}/streams/{stream}", {"muted": muted})

    def give(
        self, session: str, stream: str, content: bytes, kind: str = "audio/l16;rate=16000", query: str = ""
    ) -> Any:
        """Let a stream say something."""
        path = f"/sessions/{session}/streams/{stream}/sound{query}"
        return self.control("PUT", path, content=content, headers={"content-type": kind})

    def heard(self, connector: str, direction: str) -> tuple[int, bytes]:
        """Return the rate of a recording, and its PCM."""
        path = f"/_emulator/applications/{self.id}/connectors/{connector}/sound?direction={direction}"
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "audio/wav"
        with wave.open(io.BytesIO(answer.content)) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
            return file.getframerate(), file.readframes(file.getnframes())

    def events(self, type_: str) -> list[dict[str, Any]]:
        """Return the events of a type or kind."""
        items: list[dict[str, Any]] = self.control("GET", f"/events?type={type_}")["items"]
        return items

    def wait_for(self, type_: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until something has happened so many times."""
        return eventually(lambda: found if len(found := self.events(type_)) >= count else None, type_) or []


def pcm(*samples: int) -> bytes:
    """Return samples as PCM."""
    return array("h", samples).tobytes()


def ramp(frames: int, rate: int = 16000) -> bytes:
    """Return PCM in which every frame is another one, and none is silent."""
    length = rate // 50
    return b"".join(pcm(*[1000 + frame] * length) for frame in range(frames))


def frequency(frame: bytes, rate: int = 16000) -> int:
    """Return the frequency of the tone in a frame, Hz: of those that are multiples of 50, the loudest."""
    import cmath
    import math

    samples = array("h", frame)

    def strength(hertz: int) -> float:
        return abs(sum(each * cmath.exp(-2j * math.pi * hertz * k / rate) for k, each in enumerate(samples)))

    return max(range(50, 3000, 50), key=strength)
