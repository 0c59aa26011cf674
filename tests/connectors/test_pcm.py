"""Sound as numbers: tones, sums, rates, files."""

from __future__ import annotations

import io
import wave
from array import array

import pytest

from emulator.connectors import pcm


@pytest.mark.parametrize("rate", pcm.RATES)
def test_each_frame_of_a_tone_is_the_same(rate: int) -> None:
    tone = pcm.tone(450, rate)
    assert len(pcm.to_bytes(tone)) == pcm.frame_bytes(rate) == {8000: 320, 16000: 640, 24000: 960}[rate]
    assert abs(tone[0]) <= 1  # so that it goes on where the last one ended
    assert 2900 <= pcm.peak(tone) <= pcm.TONE_LEVEL


@pytest.mark.parametrize(
    ("parts", "mixed"),
    [
        ([], [0, 0]),
        ([[1, 2]], [1, 2]),
        ([[1, 2], [3, -4], [5, 6]], [9, 4]),
        ([[30000, -30000], [30000, -30000]], [32767, -32768]),
        ([[30000, 5], [30000, 5], [-30000, 5]], [30000, 15]),
    ],
)
def test_sounds_are_added_and_clipped_once(parts: list[list[int]], mixed: list[int]) -> None:
    assert list(pcm.mix([array("h", each) for each in parts], 2)) == mixed


@pytest.mark.parametrize("wanted", pcm.RATES)
@pytest.mark.parametrize("rate", [8000, 11025, 16000, 24000, 44100, 48000])
def test_another_rate_is_the_same_sound(rate: int, wanted: int) -> None:
    samples = pcm.resample(array("h", [1000] * rate), rate, wanted)
    assert len(samples) == wanted
    assert set(samples) == {1000}


def test_points_between_are_on_a_line() -> None:
    assert list(pcm.resample(array("h", [0, 100, 200]), 8000, 16000)) == [0, 50, 100, 150, 200, 200]
    assert list(pcm.resample(array("h", [0, 100, 200, 300]), 16000, 8000)) == [50, 250]


def wav(data: bytes, rate: int = 16000, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setframerate(rate)
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.writeframes(data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "samples"),
    [
        (wav(b"\x01\x00\xff\xff"), [1, -1]),
        (wav(b"\x80\x81\x7f", width=1), [0, 256, -256]),
        (wav(b"\x00\x01\x00\x00\xff\xff", width=3), [1, -1]),
        (wav(b"\x00\x00\x02\x00\x00\x00\xfe\xff", width=4), [2, -2]),
        (wav(b"\x02\x00\x04\x00\x0a\x00\x14\x00", channels=2), [3, 15]),
        (wav(b""), []),
    ],
)
def test_files_of_every_width_and_number_of_channels(content: bytes, samples: list[int]) -> None:
    rate, read = pcm.read_wav(content)
    assert (rate, list(read)) == (16000, samples)


@pytest.mark.parametrize("content", [b"RIFF", b"not a file", wav(b"\0\0" * 8)[:30], wav(b"\0\0", rate=100)])
def test_what_is_no_file_of_sound_is_refused(content: bytes) -> None:
    with pytest.raises(pcm.SoundError):
        pcm.read_wav(content)


def test_what_is_written_can_be_read() -> None:
    assert pcm.read_wav(pcm.write_wav(b"\x01\x00\x02\x00", 24000)) == (24000, array("h", [1, 2]))
