"""Sound as numbers: PCM of 16 bits, little-endian, one channel, in frames of 20 ms (4)."""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from collections.abc import Sequence
from functools import cache
from itertools import repeat
from operator import add, floordiv, mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Samples = array[int]
else:
    Samples = array  # not subscriptable in Python 3.11

RATES = (8000, 16000, 24000)
"""Samples in a second, Hz."""

FRAMES = 50
"""Frames in a second."""

LOWEST_RATE, HIGHEST_RATE = 4000, 192_000
"""Of what is read, Hz."""

TONE_LEVEL = 3000
"""Of 32767: ten tones together do not clip."""

TONE_STEP = 50
"""Hz. Tones are multiples of it, so that each frame of one is the same."""

HIGHEST = 32767
LOWEST = -32768


class SoundError(ValueError):
    """What was given is no sound that can be played; the text says why, and what can."""


def frame_samples(rate: int) -> int:
    """Return how many samples are in a frame."""
    return rate // FRAMES


def frame_bytes(rate: int) -> int:
    """Return how many bytes a frame has: 320, 640, 960."""
    return 2 * frame_samples(rate)


def from_bytes(content: bytes) -> Samples:
    """Return the samples of PCM; half a sample at the end is left out."""
    samples = array("h")
    samples.frombytes(content[: len(content) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def to_bytes(samples: Samples) -> bytes:
    """Return samples as PCM."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


@cache
def tone(hertz: int, rate: int) -> Samples:
    """Return a frame of a tone, which is every frame of it."""
    step = 2 * math.pi * hertz / rate
    return array("h", (round(TONE_LEVEL * math.sin(step * each)) for each in range(frame_samples(rate))))


def mix(parts: Sequence[Samples], length: int) -> Samples:
    """Return the sum of sounds of one `length`, clipped; without any, silence."""
    if not parts:
        return array("h", bytes(2 * length))
    total = parts[0]
    for part in parts[1:]:
        try:
            total = array("h", map(add, total, part))
        except OverflowError:
            return _clipped(parts)
    return total


def _clipped(parts: Sequence[Samples]) -> Samples:
    sums = map(sum, zip(*parts, strict=True))
    return array("h", map(min, repeat(HIGHEST), map(max, repeat(LOWEST), sums)))


def peak(samples: Samples) -> int:
    """Return how loud the loudest sample is, of 32768."""
    return max(max(samples), -min(samples)) if samples else 0


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Return sound at another rate: averages where that is a fraction of it, points on a line elsewhere."""
    if rate == wanted or not samples:
        return samples
    if rate % wanted == 0:
        return _decimated(samples, rate // wanted)
    last, count = len(samples) - 1, len(samples) * wanted // rate
    result = array("h", bytes(2 * count))
    for each in range(count):
        whole, rest = divmod(each * rate, wanted)
        here = samples[whole]
        result[each] = here + (samples[min(whole + 1, last)] - here) * rest // wanted
    return result


def _decimated(samples: Samples, every: int) -> Samples:
    whole = len(samples) // every * every
    sums = map(sum, zip(*(samples[start:whole:every] for start in range(every)), strict=True))
    return array("h", map(floordiv, sums, repeat(every)))


def read_wav(content: bytes) -> tuple[int, Samples]:
    """Return rate and samples of a WAV file: PCM of 8, 16, 24 or 32 bits, channels mixed. Raises `SoundError`."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise SoundError(f"cannot be read as a WAV file of PCM: {error}") from None
    if not LOWEST_RATE <= rate <= HIGHEST_RATE or channels > 16 or width > 4:
        raise SoundError(
            f"must be a WAV file of {LOWEST_RATE} to {HIGHEST_RATE} Hz, with up to 16 channels of 8, 16, 24 or 32 bits"
        )
    if width == 1:
        samples = array("h", map(mul, (each - 128 for each in data), repeat(256)))
    else:
        data = data[: len(data) // width * width]
        high = bytearray(len(data) // width * 2)
        high[0::2], high[1::2] = data[width - 2 :: width], data[width - 1 :: width]
        samples = from_bytes(bytes(high))
    return rate, _decimated(samples, channels) if channels > 1 else samples


def write_wav(content: bytes, rate: int) -> bytes:
    """Return PCM as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(content)
    return file.getvalue()
