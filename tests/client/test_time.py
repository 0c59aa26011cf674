"""The clock, events and waiting, through the client."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from emulator.client import ApplicationClient, AsyncEmulator, WaitTimeoutError
from emulator.testing import Server
from tests.client.service import Service

HOUR = 3600


def test_a_frozen_clock_stands_still_and_is_advanced(app: ApplicationClient) -> None:
    before = app.now()
    assert app.clock_state().frozen
    assert app.advance(90).now == app.clock.now() == before + 90_000
    assert app.freeze(at=before + 100_000).now == before + 100_000


def test_speed_is_virtual_seconds_in_each_real_one(app: ApplicationClient) -> None:
    state = app.resume(speed=1000)
    assert (state.frozen, state.speed) == (False, 1000)
    before = app.now()
    time.sleep(0.01)  # the very thing under test is that real time passes
    assert app.now() - before >= 10_000


def test_next_goes_to_what_is_due_and_idle_leaves_contractual_times_alone(
    app: ApplicationClient, service: Service, session_id: str
) -> None:
    (person,) = app.join(session_id)
    archive_id = service.start_archive(session_id)
    app.leave(session_id, person.connection_id)
    due = app.clock_state().pending[0].due
    assert app.next().now == due
    app.run_until_idle()
    assert [event.type for event in app.events(type="archive", id=archive_id)][-1] == "archive.available"


def test_events_are_filtered_by_number_type_subject_and_session(
    app: ApplicationClient, service: Service, session_id: str
) -> None:
    ann, bob = app.join(session_id, 2)
    other = service.session()
    app.join(other)
    assert app.last_event() == app.events()[-1].number
    assert len(app.events(type="connection.created")) == 3
    assert [event.subject for event in app.events(type="connection", session=session_id)] == [
        ann.connection_id,
        bob.connection_id,
    ]
    (created,) = app.events(id=bob.connection_id)
    assert app.events(after=created.number)[0].number == created.number + 1
    assert created.at == app.now()


def test_waiting_sees_what_happened_before_unless_told_from_where(app: ApplicationClient, session_id: str) -> None:
    app.join(session_id)
    assert app.wait_for("connection.created", timeout=0).session_id == session_id
    with pytest.raises(WaitTimeoutError):
        app.wait_for("connection.created", timeout=0, after=app.last_event())


def test_waiting_ends_when_it_happens(app: ApplicationClient, service: Service, session_id: str) -> None:
    app.join(session_id)
    archive_id = service.start_archive(session_id)
    app.resume()
    stopper = threading.Timer(0.1, service.stop_archive, [archive_id])
    started = time.monotonic()
    stopper.start()
    event = app.wait_for("archive.available", archive_id, timeout=30)
    assert (event.data["status"], event.subject) == ("available", archive_id)
    assert 0.1 <= time.monotonic() - started < 20
    stopper.join()


def test_what_does_not_happen_in_time_is_told_with_what_did(
    app: ApplicationClient, service: Service, session_id: str
) -> None:
    app.join(session_id)
    archive_id = service.start_archive(session_id)
    with pytest.raises(WaitTimeoutError) as late:
        app.wait_for("archive.expired", archive_id, timeout=0.05)
    lines = str(late.value).splitlines()
    assert lines[0] == f"no archive.expired of {archive_id} within 0.05 s"
    assert any(line.endswith(f"archive.started  {archive_id}") for line in lines)
    assert lines[-1].startswith("the clock is frozen; due next: ")
    assert isinstance(late.value, TimeoutError)


def test_the_async_client_has_the_same_calls(server: Server) -> None:
    async def scenario() -> list[str]:
        async with AsyncEmulator(server.http) as emulator, await emulator.application(pace="instant") as app:
            service = Service(server, await emulator.get(app.id))  # type: ignore[arg-type]
            session_id = await asyncio.to_thread(service.session)
            waiting = asyncio.ensure_future(app.wait_for("connection.created", session=session_id, timeout=10))
            (person,) = await app.participants.join(session_id)
            assert (await waiting).subject == person.connection_id
            assert (await app.clock.advance(HOUR)).now > 0
            assert await app.outbox.callbacks() == []
            with pytest.raises(WaitTimeoutError):
                await app.wait_for("archive", timeout=0)
            return [event.type for event in await app.events()]

    assert asyncio.run(scenario()) == ["session.created", "connection.created", "stream.created"]
