"""An application that has something of everything, and what can be compared of one."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from state import (
    archives,
    broadcasts,
    callbacks,
    calls,
    captions,
    connectors,
    registrations,
    renders,
    sessions,
    storages,
)
from state.application import Application, Checkpoint
from state.archive_records import ArchiveSettings
from state.broadcasts import BroadcastSettings, Hls, RtmpTarget
from state.calls import CallSettings
from state.captions import CaptionsSettings
from state.connectors import ConnectorSettings
from state.outbox import Attempt, Distortion, Webhook
from state.renders import RenderSettings
from state.selection import SelectedStream
from state.snapshots import dump, write
from tests.state.conftest import START, Tenant

T = TypeVar("T")

HEADERS = (("content-type", "application/json"),)
BYTES = b"\xff\x00 no text"


def now(steps: Generator[None, None, T]) -> T:
    """Return the result of work in steps, done at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def snapshot(app: Application) -> bytes:
    """Return the snapshot of an application, after what is due."""
    return now(write(dump(app)))


def post(app: Application, session_id: str = "", event: str = "archive.stopped", **distortion: Any) -> None:
    """Put a callback into the outbox."""
    callbacks.post(
        app,
        webhook="archive_status",
        event=event,
        url="http://localhost/hook",
        secret="s",
        session_id=session_id,
        body=b'{"z":"\xc5\xbc"}',
        distortion=Distortion(fault="rule" if distortion else "", **distortion),
    )


def fill(tenant: Tenant) -> None:
    """Let an application have something of everything: what goes on, and what has ended."""
    session, relayed = tenant.session(archive_mode="always", location="1.2.3.4"), tenant.session(relayed=True)
    first, second = tenant.join(session), tenant.join(session)
    tenant.join(relayed, publish=False)
    stream = next(iter(session.streams))
    with tenant.world.unit(tenant.app) as app:
        app.webhooks = {"archive_status": Webhook("http://localhost/hook", secret="s")}
        gone, stopped = (archives.start(app, session, ArchiveSettings(tag=tag)) for tag in ("gone", "stopped"))
        archives.stop(app, gone.id)
        app.checkpoints["seed"] = Checkpoint("seed", app.now, BYTES)
        app.touch(app.checkpoints["seed"])
    tenant.advance(60)
    with tenant.world.unit(tenant.app) as app:
        archives.delete(app, gone.id)
        archives.stop(app, stopped.id)
        individual = ArchiveSettings("Ż", tag="one", output_mode="individual", stream_mode="manual", max_bitrate=9)
        archives.select(app, archives.start(app, session, individual).id, stream, SelectedStream(has_video=False))
        archives.start(app, session, ArchiveSettings(tag="all", has_transcription=True))
        target = RtmpTarget("rtmp://localhost/live", "key", "one")
        broadcasts.start(app, session, BroadcastSettings(hls=Hls(dvr=True), rtmp=(target,)))
        broadcasts.stop(app, broadcasts.start(app, session, BroadcastSettings(tag="second")).id)
        captions.stop(app, captions.start(app, session, CaptionsSettings()).id)
        captions.start(app, session, CaptionsSettings())
        renders.fail(app, renders.start(app, session, RenderSettings("http://localhost/a")).id)
        renders.start(app, session, RenderSettings("http://localhost/b", name="page"))
        calls.hang_up(app, calls.dial(app, session, CallSettings("sip:a@localhost")).id, "486")
        calls.dial(app, session, CallSettings("sip:b@localhost", headers={"X-A": "1"}, migrates=True))
        calls.play_digits(app, session, "1p2")
        connectors.disconnect(app, connectors.connect(app, session, ConnectorSettings("ws://a/")).id)
        connectors.connect(app, session, ConnectorSettings("ws://b/", (stream,), transport={"deflate": True}))
        sessions.signal(app, session, "chat", "Ż")
        sessions.signal(app, session, "chat", "to one", first.id)
        sessions.change_stream(app, session, stream, has_video=False)
        sessions.mute_all(app, session, [stream])
        registrations.remove(app, registrations.register(app, "archive", "status", "http://localhost/1").id)
        registrations.register(app, "stream", "created", "http://localhost/2")
        storages.put(app, "s3", {"bucket": "b"}, "none")
        storages.remove(app)
        storages.put(app, "azure", {"container": "c"}, "opentok")
    tenant.leave(session, second)
    with tenant.world.unit(tenant.app) as app:
        callbacks.hold(app, "call")
        post(app, session.id, "call.updated")
        post(app, session.id, lost=True)
        post(app, session.id, delay=60_000, copies=2)
        post(app, session.id, delay=90_000, behind_next=True)
        post(app)
        post(app, relayed.id)
        for callback, status in zip(app.outbox.take_ready(), (0, 200), strict=False):
            attempt = Attempt(1, app.now, 0.5, status, "" if status else "refused", HEADERS, HEADERS, BYTES)
            callbacks.record(app, callback, attempt, callback.revision)
        app.outbox.reorder([each.id for each in app.outbox][3:1:-1])


def filled(**options: Any) -> Tenant:
    """Return a tenant that has something of everything."""
    tenant = Tenant(seed=1, pace="realistic", **options)
    fill(tenant)
    return tenant


def moved_on(tenant: Tenant, seconds: float) -> bytes:
    """Return the snapshot after some time, in which every callback is answered."""
    with tenant.world.unit(tenant.app) as app:
        target = app.now + round(seconds * 1000)
    done = False
    while not done:
        with tenant.world.unit(tenant.app) as app:
            done = app.advance_towards(target)
            for callback in app.outbox.take_ready():
                attempt = Attempt(len(callback.attempts) + 1, app.now, 1.0, 200)
                callbacks.record(app, callback, attempt, callback.revision)
    return snapshot(tenant.app)


__all__ = ["BYTES", "START", "fill", "filled", "moved_on", "now", "post", "snapshot"]
