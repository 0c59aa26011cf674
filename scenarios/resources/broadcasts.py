"""What can become of broadcasts."""

from __future__ import annotations

from scenarios.resources.magic_words import Found, Magic, hosted, named
from scenarios.resources.outcome import Happen, KindOutcomes, ResourceOutcome, Settings, later
from state import broadcasts
from state.application import Application
from state.broadcasts import Broadcast


def _fails(app: Application, broadcast: Broadcast, settings: Settings) -> None:
    broadcasts.fail(app, broadcast.id, settings["reason"])


def _targets(status: str) -> Happen:
    def happens(app: Application, broadcast: Broadcast, settings: Settings) -> None:
        for target in settings["targets"]:
            broadcasts.set_target_status(app, broadcast.id, status, target)

    return happens


def _has_target(broadcast: Broadcast, settings: Settings) -> bool:
    return any(each.meant_by(target) for each in broadcast.rtmp for target in settings["targets"])


def _hls_error(app: Application, broadcast: Broadcast, settings: Settings) -> None:
    broadcasts.fail_hls(app, broadcast.id)


_MAGIC = (
    Magic("broadcast", "broadcast", "broadcastFails", {"seconds": 5}),
    Magic("broadcast", "hls", "hlsError"),
)
_RTMP_MAGIC = (
    Magic("rtmp", "offline", "rtmpOffline"),
    Magic("rtmp", "error", "rtmpError"),
)


def _magic_of(broadcast: Broadcast) -> Found:
    yield from named(_MAGIC, *broadcast.names)
    for target in broadcast.new.rtmp:
        for magic, _ in (*named(_RTMP_MAGIC, target.stream_name), *hosted(_RTMP_MAGIC, target.server_url)):
            yield magic, target.stream_name if magic.name == target.stream_name else target.server_url


OUTCOMES = KindOutcomes(
    kind=broadcasts.KIND,
    outcomes={
        "broadcastFails": ResourceOutcome(at={"started": later}, happens=_fails),
        "rtmpOffline": ResourceOutcome(at={"started": later}, happens=_targets("offline"), fits=_has_target),
        "rtmpError": ResourceOutcome(at={"started": later}, happens=_targets("error"), fits=_has_target),
        "hlsError": ResourceOutcome(
            at={"started": later}, happens=_hls_error, fits=lambda broadcast, _: broadcast.hls is not None
        ),
    },
    magic=(*_MAGIC, *_RTMP_MAGIC),
    magic_of=_magic_of,
)
