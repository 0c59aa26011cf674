"""What one connector hears: the streams that it was connected with, mixed."""

from __future__ import annotations

from collections.abc import Callable

from emulator.connectors import pcm
from emulator.connectors.pcm import Samples
from emulator.connectors.sounds import Sound, Sounds
from state.session_records import Session

Played = Callable[[str, int], Samples | None]
"""Returns what another connector plays into a stream right now, at a rate; None where none does."""


class Mix:
    """The sound of some streams of a session. Who joins later is not in it (1)."""

    def __init__(self, sounds: Sounds, streams: tuple[str, ...], rate: int, played: Played) -> None:
        self._sounds = sounds
        self._streams = streams
        self._rate = rate
        self._played = played
        self._length = pcm.frame_samples(rate)
        self._tones: list[Samples] = []
        self._only_tones = bytes(2 * self._length)
        self._others: list[str] = []
        self._said: dict[str, Sound] = {}
        self._begun: dict[str, tuple[Sound, int]] = {}
        self.active = True

    def update(self, session: Session | None, is_connector: Callable[[str], bool]) -> bool:
        """Look at who has sound; return whether that has changed between nobody and somebody."""
        streams = [session.streams.get(each) for each in self._streams] if session is not None else []
        heard = [each for each in streams if each is not None and each.has_audio and not each.muted]
        self._said = {each.id: sound for each in heard if (sound := self._sounds.get(each.id)) is not None}
        self._others = [each.id for each in heard if each.id not in self._said and is_connector(each.id)]
        tones = [
            pcm.tone(self._sounds.tone(each.session_id, each.id), self._rate)
            for each in heard
            if each.id not in self._said and each.id not in self._others
        ]
        mixed = pcm.mix(tones, self._length)
        self._tones = [mixed] if tones else []
        self._only_tones = pcm.to_bytes(mixed)
        before, self.active = self.active, bool(heard)
        return before is not self.active

    def frame(self, number: int, now: float) -> bytes:
        """Return one frame: that of a `number`, which is to be heard at a time, s of the event loop."""
        parts = [part for each in self._others if (part := self._played(each, self._rate)) is not None]
        for stream_id, sound in self._said.items():
            begun = self._begun.get(stream_id)
            if begun is None or begun[0] is not sound:
                begun = self._begun[stream_id] = (sound, sound.first_frame(now) - number)
            if (part := sound.frame(number + begun[1], self._rate)) is not None:
                parts.append(part)
        if not parts:
            return self._only_tones
        return pcm.to_bytes(pcm.mix([*self._tones, *parts], self._length))
