"""People in sessions, through the client."""

from __future__ import annotations

import pytest

from emulator.client import ApplicationClient, RequestRefusedError
from tests.client.service import Service


def test_who_joins_publishes_a_camera(app: ApplicationClient, session_id: str) -> None:
    ann, bob = app.join(session_id, 2, data="guest")
    assert (ann.data, ann.role, ann.origin) == ("guest", "publisher", "client")
    assert [stream.video_type for stream in ann.streams] == ["camera"]
    session = app.session(session_id)
    assert session.connection_ids == [ann.connection_id, bob.connection_id]
    assert [stream.id for stream in session.streams] == [*ann.stream_ids, *bob.stream_ids]
    assert app.sessions() == [session]


def test_streams_are_as_told_in_either_spelling(app: ApplicationClient, session_id: str) -> None:
    (person,) = app.join(session_id, streams=[{"video_type": "screen", "has_audio": False}, {"videoType": "custom"}])
    assert [(stream.video_type, stream.has_audio) for stream in person.streams] == [("screen", False), ("custom", True)]
    (silent,) = app.participants.join(session_id, streams=[])
    assert silent.streams == ()


def test_a_stream_is_published_changed_muted_and_unpublished(app: ApplicationClient, session_id: str) -> None:
    (person,) = app.join(session_id, streams=[])
    stream = app.publish(session_id, person.connection_id, name="slides", video_type="screen", layout_class_list=["a"])
    assert (stream.name, stream.video_type, stream.layout_class_list) == ("slides", "screen", ("a",))
    assert app.change_stream(session_id, stream.id, has_audio=False).has_audio is False
    assert app.mute(session_id, stream.id).muted is True
    assert app.unmute(session_id, stream.id).muted is False
    app.unpublish(session_id, stream.id, reason="mediaStopped")
    assert app.session(session_id).streams == []
    assert app.wait_for("stream.destroyed", stream.id).reason == "mediaStopped"


def test_who_leaves_is_gone_with_a_reason(app: ApplicationClient, session_id: str) -> None:
    (person,) = app.join(session_id)
    app.leave(session_id, person.connection_id, reason="networkDisconnected")
    assert app.session(session_id).participants == ()
    assert app.wait_for("connection.destroyed", person.connection_id).reason == "networkDisconnected"
    with pytest.raises(RequestRefusedError) as refused:
        app.leave(session_id, person.connection_id)
    assert refused.value.status == 404


def test_signals_and_calls_are_what_the_service_was_asked_for(
    app: ApplicationClient, service: Service, session_id: str
) -> None:
    app.join(session_id)
    service.post(f"/session/{session_id}/signal", json={"type": "chat", "data": "hello"})
    assert [(signal.type, signal.data, signal.connection_id) for signal in app.signals(session_id)] == [
        ("chat", "hello", None)
    ]
    assert app.calls() == []
