"""Broadcasts: a session sent live as HLS and to RTMP servers.

    start ─► started ─► stopped | failed
    HLS:  connecting ─► ready ─► live ─► ended | error
    RTMP: connecting ─► live | offline | error

HLS goes live, and an RTMP target connects, once something is published.
Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

from state import selection
from state.application import Application, Handler, Reaction
from state.clock import SECOND
from state.errors import AlreadyRunningError, TooManyTargetsError, WrongStatusError
from state.layouts import BEST_FIT, Layout
from state.pace import Delay
from state.project_records import STATUS
from state.records import Lifecycle, Record, require_transition, transitions
from state.resource_kind import Output, ResourceKind
from state.selection import NOTHING, SelectedStream
from state.session_records import Session

MAX_RTMP_TARGETS = 5

LIVE = frozenset({"started"})

TRANSITIONS = transitions(started="stopped failed", stopped="", failed="")
HLS_TRANSITIONS = transitions(
    connecting="ready error ended", ready="live error ended", live="error ended", error="ended", ended=""
)
RTMP_TRANSITIONS = transitions(
    connecting="live offline error", live="offline error", offline="live error", error="live offline"
)


@dataclass(frozen=True, slots=True)
class Hls:
    """The HLS output of a broadcast."""

    dvr: bool = False
    low_latency: bool = False
    status: str = "connecting"


@dataclass(frozen=True, slots=True)
class RtmpTarget:
    """A server that a broadcast is sent to; `id` is empty when the caller gave none."""

    server_url: str
    stream_name: str
    id: str = ""
    status: str = "connecting"

    def meant_by(self, target: str) -> bool:
        """Tell whether its id, stream name or server URL is `target`, or all are meant: an empty one."""
        return target in ("", self.id, self.stream_name, self.server_url)


@dataclass(frozen=True, slots=True)
class BroadcastSettings:
    """What a broadcast is started with; duration in s, bitrate in bit/s."""

    hls: Hls | None = None
    rtmp: tuple[RtmpTarget, ...] = ()
    tag: str = ""
    stream_mode: str = "auto"
    has_audio: bool = True
    has_video: bool = True
    resolution: str = "640x480"
    layout: Layout = BEST_FIT
    max_duration: int = 14_400
    max_bitrate: int | None = None


@dataclass(slots=True)
class Broadcast(Record):
    """A live broadcast."""

    kind: ClassVar[str] = "broadcast"

    new: BroadcastSettings
    stream_mode: str
    layout: Layout
    hls: Hls | None
    rtmp: tuple[RtmpTarget, ...]
    status: str = "started"
    reason: str = ""
    selected: Mapping[str, SelectedStream] = field(default_factory=lambda: NOTHING)

    @property
    def live_key(self) -> str:
        """Broadcasts of one session have different tags while they run."""
        return self.new.tag

    @property
    def names(self) -> tuple[str, ...]:
        """Its tag."""
        return (self.new.tag,)


def start(app: Application, session: Session, new: BroadcastSettings) -> Broadcast:
    """Start to broadcast.

    Raises `NotRoutedError`, `NoClientsError`, `AlreadyRunningError` (same tag), `TooManyTargetsError`.
    """
    session.require_routed("broadcast")
    session.require_clients()
    if app[Broadcast].is_live(session.id, new.tag):
        raise AlreadyRunningError("broadcast")
    running = sum(len(broadcast.rtmp) for broadcast in app[Broadcast].live(session.id)) if new.rtmp else 0
    if running + len(new.rtmp) > MAX_RTMP_TARGETS:
        raise TooManyTargetsError
    broadcast = Broadcast(
        id=app.ids.uuid(),
        session_id=session.id,
        created_at=app.now,
        updated_at=app.now,
        new=new,
        stream_mode=new.stream_mode,
        layout=new.layout,
        hls=new.hls,
        rtmp=new.rtmp,
    )
    app[Broadcast].add(broadcast)
    app.after("broadcast.end", broadcast.id, new.max_duration * SECOND)
    if new.hls:
        app.process("broadcast.hlsReady", broadcast.id)
    app.emit("broadcast.started", broadcast)
    _follow(app, broadcast)
    return broadcast


def get_live(app: Application, broadcast_id: str, action: str) -> Broadcast:
    """Return a broadcast that is started.

    Raises `UnknownResourceError`, `MalformedIdError`, `WrongStatusError` (naming `action`).
    """
    broadcast = app[Broadcast].get(broadcast_id)
    if broadcast.status != "started":
        raise WrongStatusError("broadcast", action, broadcast.status)
    return broadcast


def stop(app: Application, broadcast_id: str) -> Broadcast:
    """Stop broadcasting. Raises `UnknownResourceError`, `MalformedIdError`, `WrongStatusError`."""
    broadcast = get_live(app, broadcast_id, "stop")
    _end(app, broadcast, "stopped")
    return broadcast


def fail(app: Application, broadcast_id: str, reason: str = "forceDisconnected") -> Broadcast:
    """Let the broadcast fail, as when its server dies. Raises as `stop`."""
    broadcast = get_live(app, broadcast_id, "fail")
    _end(app, broadcast, "failed", reason)
    return broadcast


def _end(app: Application, broadcast: Broadcast, status: str, reason: str = "") -> None:
    app.timeline.cancel(
        "broadcast.end",
        "broadcast.abandon",
        "broadcast.hlsReady",
        "broadcast.hlsLive",
        "broadcast.rtmpLive",
        broadcast.id,
    )
    app[Broadcast].retire(broadcast)
    app[Broadcast].hide(broadcast)
    if broadcast.hls:
        broadcast.hls = replace(broadcast.hls, status="ended")
    broadcast.status = status
    broadcast.reason = reason
    _updated(app, broadcast, status)


def force(app: Application, broadcast: Broadcast, status: str, reason: str = "") -> None:
    """End the broadcast: `stopped`, or `failed` for a reason. Raises `WrongStatusError`."""
    require_transition(TRANSITIONS, broadcast, status)
    if status == "failed":
        fail(app, broadcast.id, reason or "forceDisconnected")
    else:
        _end(app, broadcast, status, reason)


def force_hls(app: Application, broadcast: Broadcast, status: str) -> None:
    """Move the HLS output to `ready`, `live` or `error`. Raises `WrongStatusError`, as when it has no such output."""
    now = broadcast.hls.status if broadcast.hls else "ended"
    if broadcast.status != "started" or status == "ended" or status not in HLS_TRANSITIONS[now]:
        raise WrongStatusError("HLS output", f"move to {status}", now)
    app.timeline.cancel("broadcast.hlsReady", "broadcast.hlsLive", broadcast.id)
    if status == "ready":
        _hls_ready(app, broadcast.id)
    else:
        _set_hls(app, broadcast, status)


def set_target_status(app: Application, broadcast_id: str, status: str, target: str = "") -> Broadcast:
    """Let RTMP targets go `offline` or to `error`, or come back (`live`): by id, stream name or server URL, or all.

    The broadcast goes on (1.1). Raises as `stop`.
    """
    broadcast = get_live(app, broadcast_id, "change the targets of")
    broadcast.rtmp = tuple(replace(each, status=status) if each.meant_by(target) else each for each in broadcast.rtmp)
    _updated(app, broadcast)
    return broadcast


def fail_hls(app: Application, broadcast_id: str) -> Broadcast:
    """Let the HLS output go to `error`, where it stays until the broadcast ends. Raises as `stop`."""
    broadcast = get_live(app, broadcast_id, "fail the HLS output of")
    app.timeline.cancel("broadcast.hlsReady", "broadcast.hlsLive", broadcast.id)
    _set_hls(app, broadcast, "error")
    return broadcast


def set_layout(app: Application, broadcast_id: str, layout: Layout) -> Broadcast:
    """Change the layout. Raises `UnknownResourceError`, `MalformedIdError`, `WrongStatusError`."""
    broadcast = get_live(app, broadcast_id, "change the layout of")
    broadcast.layout = layout
    _updated(app, broadcast)
    return broadcast


def select(app: Application, broadcast_id: str, stream_id: str, selected: SelectedStream) -> None:
    """Take in a stream.

    Raises `UnknownResourceError`, `MalformedIdError`, `WrongStatusError`, `SelectsItselfError`, `UnknownStreamError`.
    """
    broadcast = get_live(app, broadcast_id, "select streams of")
    selection.select(broadcast, app.sessions[broadcast.session_id], stream_id, selected)
    _updated(app, broadcast)
    _follow(app, broadcast)


def deselect(app: Application, broadcast_id: str, stream_id: str) -> None:
    """Leave a stream out. Raises as `select`."""
    broadcast = get_live(app, broadcast_id, "select streams of")
    selection.deselect(broadcast, app.sessions[broadcast.session_id], stream_id)
    _updated(app, broadcast)


def _updated(app: Application, broadcast: Broadcast, event: str = "updated") -> None:
    broadcast.updated_at = app.now
    app.emit(f"broadcast.{event}", broadcast, reason=broadcast.reason)


def _follow(app: Application, broadcast: Broadcast) -> None:
    """Let the outputs connect once something is published; a selected stream that has ended is in no longer."""
    taken = selection.included_streams(broadcast, app.sessions[broadcast.session_id])
    if len(taken) < len(broadcast.selected):
        broadcast.selected = taken
        _updated(app, broadcast)
    if not taken:
        return
    timeline = app.timeline
    if any(target.status == "connecting" for target in broadcast.rtmp) and not timeline.get(
        "broadcast.rtmpLive", broadcast.id
    ):
        app.process("broadcast.rtmpLive", broadcast.id)
    if broadcast.hls and broadcast.hls.status == "ready" and not timeline.get("broadcast.hlsLive", broadcast.id):
        app.process("broadcast.hlsLive", broadcast.id)


def _hls_ready(app: Application, broadcast_id: str) -> None:
    broadcast = app[Broadcast].get(broadcast_id)
    _set_hls(app, broadcast, "ready")
    _follow(app, broadcast)


def _hls_live(app: Application, broadcast_id: str) -> None:
    broadcast = app[Broadcast].get(broadcast_id)
    if selection.includes_any(broadcast, app.sessions[broadcast.session_id]):
        _set_hls(app, broadcast, "live")


def _set_hls(app: Application, broadcast: Broadcast, status: str) -> None:
    if broadcast.hls:
        broadcast.hls = replace(broadcast.hls, status=status)
        _updated(app, broadcast)


def _rtmp_live(app: Application, broadcast_id: str) -> None:
    broadcast = app[Broadcast].get(broadcast_id)
    if not selection.includes_any(broadcast, app.sessions[broadcast.session_id]):
        return  # it goes on connecting until somebody publishes again
    broadcast.rtmp = tuple(
        replace(target, status="live") if target.status == "connecting" else target for target in broadcast.rtmp
    )
    _updated(app, broadcast)


def _ended(app: Application, broadcast_id: str) -> None:
    _end(app, app[Broadcast].get(broadcast_id), "stopped")


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "broadcast.end": _ended,
        "broadcast.abandon": _ended,
        "broadcast.hlsReady": _hls_ready,
        "broadcast.hlsLive": _hls_live,
        "broadcast.rtmpLive": _rtmp_live,
    }
)


REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    selection.reactions(
        "broadcast",
        live=lambda app, session_id: app[Broadcast].live(session_id),
        follow=_follow,
        end=lambda app, broadcast: _end(app, broadcast, "stopped"),
    )
)


def _hls_of(broadcast: Broadcast) -> Iterator[tuple[str, Hls]]:
    if broadcast.hls is not None:
        yield "hls", broadcast.hls


def _rtmp_of(broadcast: Broadcast) -> Iterator[tuple[str, RtmpTarget]]:
    for index, target in enumerate(broadcast.rtmp):
        yield f"rtmp.{index}", target


KIND = ResourceKind(
    type=Broadcast,
    plural="broadcasts",
    noun="broadcast",
    lifecycle=Lifecycle("started", TRANSITIONS),
    live=LIVE,
    events=(*TRANSITIONS, "updated"),
    handlers=HANDLERS,
    reactions=REACTIONS,
    delays={
        "broadcast.hlsReady": Delay(5_000, 100),
        "broadcast.hlsLive": Delay(10_000, 200),
        "broadcast.rtmpLive": Delay(5_000, 200),
    },
    outputs={
        "hls": Output(Lifecycle("connecting", HLS_TRANSITIONS), _hls_of),
        "rtmp": Output(Lifecycle("connecting", RTMP_TRANSITIONS), _rtmp_of),
    },
    registrable=(STATUS,),
)
