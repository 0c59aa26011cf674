"""Values that select an outcome, for suites that have nothing but an SDK: one table.

Names and tags begin with `emulator-fail-`; hosts end with `.emulator.invalid`, a domain that cannot exist (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from state.archives import Archive
from state.broadcasts import Broadcast
from state.calls import Call
from state.connectors import Connector
from state.renders import Render

PREFIX = "emulator-fail-"
DOMAIN = ".emulator.invalid"


@dataclass(frozen=True, slots=True)
class Magic:
    """A value in a place of a request (`archive`, `broadcast`, `rtmp`, `sip`, `render`, `connector`) and its outcome.

    `word` is written as `emulator-fail-{word}` in names and as `{word}.emulator.invalid` in hosts.
    """

    place: str
    word: str
    effect: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The value as a name, tag, user or stream name."""
        return PREFIX + self.word

    @property
    def host(self) -> str:
        """The value as a host."""
        return self.word + DOMAIN


MAGIC: tuple[Magic, ...] = (
    Magic("archive", "upload", "uploadFails"),
    Magic("archive", "upload-slow", "uploadSlow"),
    Magic("archive", "upload-stuck", "uploadStuck"),
    Magic("archive", "recording", "archiveFails", {"seconds": 5}),
    Magic("broadcast", "broadcast", "broadcastFails", {"seconds": 5}),
    Magic("broadcast", "hls", "hlsError"),
    Magic("rtmp", "offline", "rtmpOffline"),
    Magic("rtmp", "error", "rtmpError"),
    Magic("sip", "busy", "sipBusy"),
    Magic("sip", "no-answer", "sipNoAnswer", {"code": 480}),
    Magic("sip", "timeout", "sipNoAnswer", {"code": 408}),
    Magic("sip", "declined", "sipDeclined"),
    Magic("sip", "drop", "sipDrops"),
    Magic("sip", "no-media", "sipMediaTimeout"),
    Magic("render", "load", "renderCannotLoad"),
    Magic("render", "crash", "renderCrashes"),
    Magic("connector", "handshake", "handshakeFails"),
)

_NAMES: Mapping[tuple[str, str], Magic] = MappingProxyType({(each.place, each.name): each for each in MAGIC})
_HOSTS: Mapping[tuple[str, str], Magic] = MappingProxyType({(each.place, each.host): each for each in MAGIC})


BEGINNINGS = frozenset(
    {"archive.started", "broadcast.started", "call.created", "render.starting", "connector.connecting"}
)
"""The events whose records may hold a magic value."""


def values_of(record: Any) -> Iterator[tuple[Magic, str]]:
    """Yield the magic values that a new record was made with, each with the RTMP target it is for (else empty)."""
    if isinstance(record, Archive):
        yield from _named("archive", record.new.name or "", record.new.tag)
    elif isinstance(record, Broadcast):
        yield from _named("broadcast", record.new.tag)
        for target in record.new.rtmp:
            for magic, _ in (*_named("rtmp", target.stream_name), *_hosted("rtmp", target.server_url)):
                yield magic, target.stream_name if magic.name == target.stream_name else target.server_url
    elif isinstance(record, Call):
        yield from _sip(record.new.uri)
    elif isinstance(record, Render):
        yield from _hosted("render", record.new.url)
    elif isinstance(record, Connector):
        yield from _hosted("connector", record.new.uri)


def _named(place: str, *names: str) -> Iterator[tuple[Magic, str]]:
    for name in dict.fromkeys(names):
        if name.startswith(PREFIX) and (magic := _NAMES.get((place, name))):
            yield magic, ""


def _hosted(place: str, url: str) -> Iterator[tuple[Magic, str]]:
    if DOMAIN in url.lower():
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return
        if magic := _HOSTS.get((place, host)):
            yield magic, ""


def _sip(uri: str) -> Iterator[tuple[Magic, str]]:
    """Read `sip:user@host:port;parameters`."""
    address = uri.partition(":")[2].partition(";")[0].partition("?")[0]
    user, _, host = address.rpartition("@")
    found = _NAMES.get(("sip", user.partition(":")[0])) or _HOSTS.get(("sip", host.partition(":")[0].lower()))
    if found:
        yield found, ""
