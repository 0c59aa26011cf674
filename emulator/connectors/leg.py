"""One connector's WebSocket: what goes out and comes in, every 20 ms (4 to 8)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping

import aiohttp

from emulator.connectors import pcm
from emulator.connectors.messages import Clear, Messages, Notify
from emulator.connectors.mix import Mix
from emulator.connectors.pcm import FRAMES, Samples
from state.connectors import ConnectorSettings

log = logging.getLogger("emulator")

UNSENT = FRAMES
"""Frames that wait for a receiver that is slow; the oldest beyond them are lost (4)."""

UNPLAYED = 1024
"""Frames that came and are not played yet; those beyond them are lost (6)."""

MARKS = 1024
"""Marks that wait to be told of; ours."""

HEARD = 300
"""Of 32768: what is louder is heard as speech."""

PAUSE = FRAMES // 2
"""Frames without sound after which the other side is silent."""

KEPT_SECONDS = 60
"""Of what went out and came in."""

FLUSH_SECONDS = 0.5
"""How long the last message may take."""

AT_ONCE = 32
"""Messages that are read before others get their turn."""


class Recording:
    """The last 60 s of one direction."""

    def __init__(self, rate: int) -> None:
        self._frames: deque[bytes] = deque(maxlen=KEPT_SECONDS * FRAMES)
        self._rate = rate

    def add(self, frame: bytes) -> None:
        """Keep a frame."""
        self._frames.append(frame)

    def wav(self) -> bytes:
        """Return all of it as a WAV file."""
        return pcm.write_wav(b"".join(self._frames), self._rate)


class Leg:
    """An open WebSocket. `tell` gets what is heard of the other side, `end` why it has ended, once."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        new: ConnectorSettings,
        mix: Mix,
        tell: Callable[[str], None],
        end: Callable[[str], None],
    ) -> None:
        self._socket = socket
        self._messages = Messages(new)
        self._mix = mix
        self._tell = tell
        self._end = end
        self._rate = new.audio_rate
        self._frame_bytes = pcm.frame_bytes(new.audio_rate)
        self._listens = new.bidirectional
        self._out: deque[str | bytes] = deque()
        self._frames_out: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._in: deque[bytes | Notify] = deque()
        self._frames_in = 0
        self._marks = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._speaks = False
        self._last_heard = 0
        self._overrun = False
        self._sent = Recording(self._rate)
        self._received = Recording(self._rate)
        self.recordings: Mapping[str, Recording] = {"in": self._received, "out": self._sent}
        self.lost = 0
        """Frames that came and did not fit into the queue."""
        self.plays: Samples | None = None
        """What it plays into its session right now."""

    def start(self) -> None:
        """Send the first message, then audio, and listen."""
        self._send_text(self._messages.connected())
        for work in (self._pace(), self._send(), self._receive()):
            self._tasks.append(asyncio.get_running_loop().create_task(work))

    def update(self, changed: bool) -> None:
        """Tell the other side when nobody has sound any more, or somebody again (5)."""
        if changed:
            if not self._mix.active:
                self._frames_out.clear()
            self._send_text(self._messages.update(active=self._mix.active))

    # Out

    def _send_text(self, text: str) -> None:
        """Send a text after the audio that waits."""
        if len(self._out) > UNSENT + MARKS:
            return  # of a server that orders, and does not read
        self._out.extend(self._frames_out)
        self._frames_out.clear()
        self._out.append(text)
        self._ready.set()

    async def _pace(self) -> None:
        """Make a frame every 20 ms; what could not be made in time is made up for, up to a second.

        After a longer pause, of a machine that is busy, all goes on where it was: nothing of what is said is lost.
        """
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            due = start + number / FRAMES
            late = loop.time() - due
            await asyncio.sleep(max(0.0, -late))  # even a late one lets others have their turn
            if late > UNSENT / FRAMES:
                due = loop.time()
                start = due - number / FRAMES
            if self._mix.active:
                self._frames_out.append(self._mix.frame(number, due))
                if len(self._frames_out) > UNSENT:
                    self._frames_out.popleft()
                self._ready.set()
            if self._listens:
                self._play(number)
            number += 1

    async def _send(self) -> None:
        socket, messages = self._socket, self._messages
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):  # the reading side tells why
            while True:
                await self._ready.wait()
                self._ready.clear()
                while self._out or self._frames_out:
                    if self._out:
                        message: str | bytes = self._out.popleft()
                        is_frame = isinstance(message, bytes)
                    else:
                        message, is_frame = self._frames_out.popleft(), True
                    if is_frame:
                        assert isinstance(message, bytes)
                        self._sent.add(message)
                        message = messages.audio(message)
                    if isinstance(message, bytes):
                        await socket.send_bytes(message)
                    else:
                        await socket.send_str(message)

    # In

    async def _receive(self) -> None:
        count = 0
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT or message.type is aiohttp.WSMsgType.BINARY:
                if self._listens:
                    self._take(message.data)
            else:
                break
            count += 1
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        closed = message.type is aiohttp.WSMsgType.CLOSE  # else the connection is lost, or what came is no WebSocket
        self._end("clientDisconnected" if closed else "networkDisconnected")

    def _take(self, content: str | bytes) -> None:
        said = self._messages.read(content)
        if isinstance(said, bytes) and said:
            if self._frames_in < UNPLAYED:
                self._in.append(said[: self._frame_bytes])
                self._frames_in += 1
            else:
                if not self._overrun:
                    log.warning("audio buffer overrun: a connector's server sends faster than it is played")
                self._overrun = True
                self.lost += 1
        elif isinstance(said, Notify):
            if self._marks < MARKS:
                self._in.append(said)
                self._marks += 1
        elif isinstance(said, Clear):
            self._in.clear()
            self._frames_in = self._marks = 0
            self._send_text(self._messages.cleared())
            self._tell("cleared")
        else:
            log.debug("a connector's server sent what is neither audio nor an order: %r", content[:100])

    def _play(self, number: int) -> None:
        """Play the next frame that came, and tell of the marks before and after it."""
        self._tell_marks()
        self.plays = None
        if self._in:
            frame = self._in.popleft()
            assert isinstance(frame, bytes)
            self._frames_in -= 1
            self._overrun = self._overrun and self._frames_in > UNPLAYED // 2
            self._received.add(frame)
            self.plays = pcm.from_bytes(frame.ljust(self._frame_bytes, b"\0"))
            if pcm.peak(self.plays) > HEARD:
                self._last_heard = number
                if not self._speaks:
                    self._speaks = True
                    self._tell("spoke")
            self._tell_marks()
        if self._speaks and number - self._last_heard >= PAUSE:
            self._speaks = False
            self._tell("silent")

    def _tell_marks(self) -> None:
        while self._in and isinstance(mark := self._in[0], Notify):
            self._in.popleft()
            self._marks -= 1
            self._send_text(self._messages.notified(mark.payload))

    def played_at(self, rate: int) -> Samples | None:
        """Return what it plays right now, at a rate; None while it plays nothing."""
        return None if self.plays is None else pcm.resample(self.plays, self._rate, rate)

    async def close(self) -> None:
        """Say goodbye, and close."""
        pace, send, receive = self._tasks
        pace.cancel()
        self._frames_out.clear()
        self._send_text(self._messages.disconnected())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                while (self._out or self._frames_out) and not send.done():
                    await asyncio.sleep(0.005)
        send.cancel()
        receive.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(ConnectionError, aiohttp.ClientError, TimeoutError):
            await self._socket.close()
