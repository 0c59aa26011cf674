"""Real audio connectors: what streams say to them, and what is said back."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from typing import Literal

from .events import EventCalls
from .transport import ApiRequest, Async, Part, Steps, Sync, api_call


@dataclass(frozen=True)
class Sound:
    """Some sound: PCM of 16 bits, little-endian, one channel, at `rate` Hz."""

    rate: int
    pcm: bytes

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / 2 / self.rate

    @property
    def wav(self) -> bytes:
        """The sound as a WAV file."""
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(self.rate)
            writer.writeframes(self.pcm)
        return file.getvalue()


class ConnectorCalls(EventCalls, Part):
    """Let streams say something to real audio connectors (option `real=["connector"]`), and hear what is said back.

    All of these raise `RequestRefusedError`: 404 for what is not there, 400 for what is no sound, 409 where connectors
    are not real.
    """

    @api_call
    def play(
        self, session_id: str, stream_id: str, sound: bytes, *, rate: int | None = None, loop: bool = False
    ) -> Steps[float]:
        """Let a stream say a WAV file (its bytes), or PCM at `rate`, from now on, and then be silent; return its s.

        `loop`: again and again. No bytes are silence.
        """
        content_type = f"audio/l16;rate={rate}" if rate is not None else "audio/wav"
        response = yield _sound_of(session_id, stream_id, "PUT", sound, content_type, loop=loop)
        seconds: float = response["seconds"]
        return seconds

    @api_call
    def play_tone(self, session_id: str, stream_id: str) -> Steps[None]:
        """Let a stream have its tone again, as every stream has that was given nothing to say."""
        yield ApiRequest("DELETE", f"/sessions/{session_id}/streams/{stream_id}/sound")

    @api_call
    def connector_sound(self, id: str, direction: Literal["in", "out"] = "in") -> Steps[Sound]:
        """Return what came `in` from a connector's server and was played, or went `out` to it: the last 60 s."""
        return (yield from self._heard(id, direction))

    @api_call
    def ask_agent(
        self,
        id: str,
        session_id: str,
        stream_id: str,
        sound: bytes,
        *,
        rate: int | None = None,
        timeout: float = 10.0,
    ) -> Steps[Sound]:
        """Let a stream say something to the agent behind a connector, as `play` does; return what it answers.

        The answer is what is heard of the agent until it is silent for half a second. Raises `WaitTimeoutError` after
        `timeout` real seconds, and when it answers nothing.
        """
        before = yield from self._heard(id, "in")
        last, _ = yield from self._events(after=10**15)
        yield _sound_of(session_id, stream_id, "PUT", sound, f"audio/l16;rate={rate}" if rate else "audio/wav")
        yield from EventCalls.wait_for.__wrapped__(self, "connector.silent", id, timeout=timeout, after=last)
        after = yield from self._heard(id, "in")
        return Sound(after.rate, after.pcm[len(before.pcm) :])

    def _heard(self, id: str, direction: str) -> Steps[Sound]:
        content = yield ApiRequest("GET", f"/connectors/{id}/sound", params={"direction": direction})
        with wave.open(io.BytesIO(content)) as file:
            return Sound(file.getframerate(), file.readframes(file.getnframes()))


def _sound_of(
    session_id: str, stream_id: str, method: str, content: bytes, content_type: str, *, loop: bool = False
) -> ApiRequest:
    params = {"loop": "true" if loop else None}
    path = f"/sessions/{session_id}/streams/{stream_id}/sound"
    return ApiRequest(method, path, params=params, content=content, content_type=content_type)


class Connectors(ConnectorCalls, Sync):
    """The real audio connectors of an application."""


class AsyncConnectors(ConnectorCalls, Async):
    """The real audio connectors of an application; answers are awaited."""
