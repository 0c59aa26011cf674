"""The outbox through the client, and the receiver that gets what it sends."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from vonage_jwt import verify_signature

from emulator.client import ApplicationClient, WaitTimeoutError
from emulator.testing import Callbacks, Receiver, Server, SignatureError
from emulator.testing.received import event_of
from tests.client.service import Service


@pytest.fixture
def record(app: ApplicationClient, service: Service, session_id: str) -> Callable[[], str]:
    """Record something and stop; return the archive's id."""

    def run() -> str:
        app.join(session_id)
        archive_id = service.start_archive(session_id)
        service.stop_archive(archive_id)
        app.run_until_idle()
        return archive_id

    return run


def test_callbacks_arrive_signed_and_in_order(callbacks: Callbacks, record: Callable[[], str]) -> None:
    archive_id = record()
    available = callbacks.wait_for("archive.available")
    assert available.json["id"] == archive_id
    assert callbacks.verify(available)["payload_hash"]
    assert verify_signature(available.headers["authorization"].removeprefix("Bearer "), callbacks.secret)
    assert [one.event for one in callbacks.received("archive")] == [
        "archive.started",
        "archive.stopped",
        "archive.uploaded",
        "archive.available",
    ]
    (sent,) = callbacks.outbox.callbacks("archive.available", "delivered")
    assert (sent.jti, sent.body) == (available.jti, available.json)
    assert sent.attempts[0].status == 200
    assert sent.attempts[0].request is not None
    assert sent.attempts[0].request.body.encode() == available.body
    assert callbacks.outbox.callback(sent.id) == sent


def test_the_receiver_names_events_as_the_outbox_does_as_far_as_bodies_tell(
    app: ApplicationClient, callbacks: Callbacks, service: Service, session_id: str
) -> None:
    (person,) = app.join(session_id)
    service.post("/broadcast", json={"sessionId": session_id, "outputs": {"hls": {}}})
    app.leave(session_id, person.connection_id)
    app.advance(120)
    sent = [one.event for one in app.callbacks()]
    assert "broadcast.updated" in sent  # its body has the status, which is still `started`
    assert [one.event for one in callbacks.received()] == [
        event.replace("broadcast.updated", "broadcast.started") for event in sent
    ]


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"event": "archive", "status": "stopped"}, "archive.stopped"),
        ({"event": "callUpdated"}, "call.updated"),
        ({"event": "muteForced"}, "call.muteForced"),
        ({"event": "sessionNotification"}, "session.notification"),
        ({"captionsId": "1", "status": "started"}, "captions.started"),
        ({"event": "else"}, "else"),
        ([], ""),
        (None, ""),
    ],
)
def test_events_of_bodies(body: object, event: str) -> None:
    assert event_of(body) == event


def test_what_was_tampered_with_is_not_verified(callbacks: Callbacks, record: Callable[[], str]) -> None:
    record()
    one = callbacks.wait_for("archive.started")
    with pytest.raises(SignatureError, match="not the one that was signed"):
        callbacks.verify(replace(one, body=one.body + b" "))
    with pytest.raises(SignatureError, match="not signed with this secret"):
        callbacks.verify(one, "another")
    for header in ("", "Bearer", "Bearer a.b.c", "Bearer é.ü.ß", "Basic x.y.z"):
        with pytest.raises(SignatureError):
            callbacks.verify(replace(one, headers={"authorization": header}))


def test_held_callbacks_arrive_when_released_in_the_order_asked_for(
    callbacks: Callbacks, record: Callable[[], str]
) -> None:
    outbox = callbacks.outbox
    outbox.hold("archive")
    record()
    assert callbacks.received("archive") == []
    held = outbox.callbacks(status="held")
    outbox.reorder([callback.id for callback in reversed(held)])
    assert len(outbox.release("archive")) == len(held) == 4
    callbacks.wait_for("archive.started")
    assert [one.event.partition(".")[2] for one in callbacks.received("archive")] == [
        "available",
        "uploaded",
        "stopped",
        "started",
    ]


def test_dropped_callbacks_never_arrive_and_doubles_have_the_same_jti(
    app: ApplicationClient, callbacks: Callbacks, record: Callable[[], str]
) -> None:
    app.hold("archive.started")
    record()
    (held,) = app.callbacks("archive.started")
    assert app.drop(held.id).status == "dropped"
    (available,) = app.callbacks("archive.available")
    double = app.duplicate(available.id)
    app.redeliver(available.id)
    app.run_until_idle()
    assert double.jti == available.jti
    assert [one.jti for one in callbacks.received("archive.available")] == [available.jti] * 3
    assert callbacks.received("archive.started") == []


def test_a_receiver_that_fails_is_asked_again_later(
    app: ApplicationClient, callbacks: Callbacks, record: Callable[[], str]
) -> None:
    callbacks.reply(503, times=2, event="archive.started", headers={"Retry-After": "1"})
    started = app.now()
    record()
    assert callbacks.wait_for("archive.started", status=200)
    (sent,) = app.callbacks("archive.started")
    assert [attempt.status for attempt in sent.attempts] == [503, 503, 200]
    assert [(attempt.at - started) // 1000 for attempt in sent.attempts] == [0, 5, 15]


def test_a_receiver_that_is_down_refuses_until_it_is_started_on_the_same_port(
    app: ApplicationClient, callbacks: Callbacks, record: Callable[[], str]
) -> None:
    app.join(app.sessions()[0].session_id)
    url = callbacks.url
    callbacks.wait_for("connection.created")
    callbacks.stop()
    callbacks.stop()
    app.join(app.sessions()[0].session_id)
    app.advance(1)
    assert {one.status for one in app.callbacks()[-2:]} == {"pending"}
    callbacks.start()
    assert callbacks.url == url
    record()
    assert {one.status for one in app.callbacks()} == {"delivered"}


def test_a_slow_receiver_holds_up_only_what_follows(callbacks: Callbacks, record: Callable[[], str]) -> None:
    callbacks.reply(delay=0.3, times=1, event="archive.started")
    started = time.monotonic()
    record()
    assert time.monotonic() - started >= 0.3
    assert callbacks.outbox.callbacks("archive.started")[0].attempts[0].duration >= 300


def test_waiting_in_vain_tells_what_arrived(callbacks: Callbacks, record: Callable[[], str]) -> None:
    record()
    with pytest.raises(
        WaitTimeoutError, match=r"no render within 0\.05 s; arrived:\n(.*\n)*.*archive.available \(answered 200"
    ):
        callbacks.wait_for("render", timeout=0.05)
    callbacks.clear()
    with pytest.raises(WaitTimeoutError, match="  nothing"):
        callbacks.wait_for(timeout=0)


def test_waiting_ends_when_it_arrives_and_can_look_into_the_body() -> None:
    with Receiver() as receiver:
        later = threading.Timer(0.1, httpx.post, [receiver.url], {"json": {"event": "archive", "status": "x", "n": 2}})
        httpx.post(receiver.url, json={"event": "archive", "status": "x", "n": 1})
        later.start()
        assert receiver.wait_for("archive", where=lambda body: body["n"] == 2).event == "archive.x"
        later.join()


def test_callbacks_go_to_https_receivers_that_the_emulator_trusts(
    server: Server, app: ApplicationClient, session_id: str
) -> None:
    assert server.ca is not None
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server.ca.parent / "server.pem", server.ca.parent / "server-key.pem")
    with Receiver(tls=tls) as receiver:
        assert receiver.url.startswith("https://localhost:")
        app.send_callbacks_to(receiver.url, secret="x" * 32)
        app.join(session_id)
        receiver.verify(receiver.wait_for("connection.created"), "x" * 32)
