"""Captions transcribe once a stream has sound, however it comes to have some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from state import captions, sessions
from state.application import Application
from state.captions import CaptionsSettings
from state.session_records import Session
from state.sessions import StreamSettings
from tests.state.conftest import Tenant

Do = Callable[[Application, Session], object]


def publish(**new: Any) -> Do:
    return lambda app, session: sessions.publish(app, session, sessions.join(app, session), StreamSettings(**new))


def change(**what: object) -> Do:
    def act(app: Application, session: Session) -> None:
        for stream_id in list(session.streams):
            sessions.change_stream(app, session, stream_id, **what)

    return act


def leave(app: Application, session: Session) -> None:
    for connection_id in list(session.connections):
        sessions.leave(app, session, connection_id)


def mute(app: Application, session: Session) -> None:
    sessions.mute_all(app, session, ())


STREAMS: dict[str, tuple[list[Do], list[Do], bool]] = {
    # before captions start, after that, and whether they transcribe
    "a stream is there": ([publish()], [], True),
    "a stream comes later": ([], [publish()], True),
    "nobody publishes": ([], [], False),
    "a stream without sound": ([publish(has_audio=False)], [], False),
    "a later stream without sound": ([publish(has_audio=False)], [publish(has_audio=False)], False),
    "audio is switched on": ([publish(has_audio=False)], [change(has_audio=True)], True),
    "a muted stream": ([publish(), mute], [], False),
    "a stream that is muted as it comes": ([publish(), mute], [publish()], False),
    "a muted stream is unmuted": ([publish(), mute], [change(muted=False)], True),
    "sound without a picture": ([], [publish(has_video=False)], True),
    "the stream is gone at once": ([publish()], [leave], False),
    "another one has sound": ([publish(has_audio=False)], [publish()], True),
}


@pytest.mark.parametrize("name", STREAMS)
def test_captions_transcribe_once_a_stream_has_sound(tenant: Tenant, name: str) -> None:
    before, after, heard = STREAMS[name]
    session = tenant.session()
    with tenant.world.unit(tenant.app) as app:
        for act in before:
            act(app, session)
        run = captions.start(app, session, CaptionsSettings())
        for act in after:
            act(app, session)
    tenant.advance(5)
    assert run.status == ("transcribing" if heard else "started")
    if heard:
        assert session.streams[run.stream_id].has_audio
    with tenant.world.unit(tenant.app) as app:
        captions.stop(app, run.id)
    tenant.advance(5)
    assert tenant.happened("captions.") == ["captions.started", *["captions.transcribing"] * heard, "captions.stopped"]


def test_captions_transcribe_once_however_many_speak(tenant: Tenant) -> None:
    session = tenant.session()
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        run = captions.start(app, session, CaptionsSettings(max_duration=300))
    for _ in range(3):
        tenant.advance(2)
        tenant.join(session)
    tenant.advance(300)
    assert run.status == "stopped"
    assert tenant.happened("captions.") == ["captions.started", "captions.transcribing", "captions.stopped"]
