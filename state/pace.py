"""How long processing takes, in ms, for each pace.

A pace shortens processing only. Contractual times (72 h, 60 s after the last client, maxDuration) follow the clock.
`realistic` repeats the delays seen at the service: fidelity/rest-and-archives.md 12.10 and
broadcasts-sip-captions-renders-callbacks.md 1.1, 2.4, 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REALISTIC: Mapping[str, int] = MappingProxyType(
    {
        "archive.pause": 1_000,
        "archive.upload": 4_000,
        "archive.release": 1_000,
        "broadcast.hlsReady": 5_000,
        "broadcast.hlsLive": 10_000,
        "broadcast.rtmpLive": 5_000,
        "render.start": 3_000,
        "call.ring": 500,
        "call.answer": 3_000,
        "connector.handshake": 500,
        "captions.transcribe": 1_000,
        "session.migrate": 10_000,
    }
)

FAST: Mapping[str, int] = MappingProxyType(
    {
        "archive.pause": 100,
        "archive.upload": 200,
        "archive.release": 200,
        "broadcast.hlsReady": 100,
        "broadcast.hlsLive": 200,
        "broadcast.rtmpLive": 200,
        "render.start": 200,
        "call.ring": 50,
        "call.answer": 100,
        "connector.handshake": 50,
        "captions.transcribe": 100,
        "session.migrate": 200,
    }
)

PACES: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {"realistic": REALISTIC, "fast": FAST, "instant": MappingProxyType(dict.fromkeys(REALISTIC, 0))}
)
