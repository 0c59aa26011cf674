"""What streams sound like: each has a tone of its own until it is given something to say."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.connectors import pcm
from emulator.connectors.pcm import FRAMES, RATES, Samples

LOWEST_TONE = 400
TONES = 32
"""Tones from 400 to 1950 Hz; the 33rd stream of a session has the first one again."""

KEPT_BYTES = 64 * 1024 * 1024
"""Bytes of all sounds that streams were given; ours."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to say, at each rate; `since` is when it began, s of the event loop. Looped, it goes on for ever."""

    samples: Mapping[int, Samples]
    loops: bool
    since: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples[RATES[0]]) / RATES[0]

    @property
    def bytes(self) -> int:
        """How many bytes it takes."""
        return sum(2 * len(each) for each in self.samples.values())

    def first_frame(self, now: float) -> int:
        """Return the frame that is to be heard at a time."""
        return max(0, int((now - self.since) * FRAMES))

    def frame(self, number: int, rate: int) -> Samples | None:
        """Return a frame by its number; None when it is over."""
        samples, length = self.samples[rate], pcm.frame_samples(rate)
        count = -(-len(samples) // length)
        if not count or (number >= count and not self.loops):
            return None
        start = number % count * length
        found = samples[start : start + length]
        if len(found) < length:
            found.extend(array("h", bytes(2 * (length - len(found)))))
        return found


class Sounds:
    """The sounds of all streams, by their ids, which are unique."""

    def __init__(self) -> None:
        self._given: dict[str, Sound] = {}
        self._tones: dict[str, dict[str, int]] = {}

    def get(self, stream_id: str) -> Sound | None:
        """Return what a stream was given to say, None while it has its tone."""
        return self._given.get(stream_id)

    def tone(self, session_id: str, stream_id: str) -> int:
        """Return the tone of a stream, Hz: the next one of its session where it has none yet."""
        tones = self._tones.setdefault(session_id, {})
        return tones.setdefault(stream_id, LOWEST_TONE + pcm.TONE_STEP * (len(tones) % TONES))

    async def give(self, stream_id: str, rate: int, samples: Samples, *, loops: bool) -> Sound:
        """Let a stream say something from now on. Raises `SoundError` when too much is kept."""
        resampled = await asyncio.to_thread(lambda: {each: pcm.resample(samples, rate, each) for each in RATES})
        sound = Sound(resampled, loops, asyncio.get_running_loop().time())
        others = sum(each.bytes for id_, each in self._given.items() if id_ != stream_id)
        if others + sound.bytes > KEPT_BYTES:
            raise pcm.SoundError(f"the sounds of all streams have {KEPT_BYTES} bytes at most, at three rates")
        self._given[stream_id] = sound
        return sound

    def take_back(self, stream_id: str) -> None:
        """Let a stream have its tone again."""
        self._given.pop(stream_id, None)
