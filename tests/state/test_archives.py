"""The life of an archive, on a clock that the test moves (fidelity/rest-and-archives.md 12.10)."""

from __future__ import annotations

import pytest

from state import archives, sessions
from state.archive_records import LIVE, TRANSITIONS, Archive, ArchiveSettings
from state.clock import HOUR
from state.errors import (
    AlreadyRunningError,
    NoClientsError,
    NotComposedError,
    NotRoutedError,
    SelectsItselfError,
    UnknownResourceError,
    UnknownStreamError,
    WrongStatusError,
)
from state.layouts import Layout
from state.selection import SelectedStream
from state.sessions import StreamSettings
from tests.mirror import Mirror
from tests.state.conftest import Tenant


def record(tenant: Tenant, *, publish: bool = True, **new: object) -> Archive:
    session = tenant.session()
    tenant.join(session, publish=publish)
    with tenant.world.unit(tenant.app) as app:
        return archives.start(app, session, ArchiveSettings(**new))  # type: ignore[arg-type]


def stop(tenant: Tenant, archive: Archive) -> None:
    with tenant.world.unit(tenant.app) as app:
        archives.stop(app, archive.id)


@pytest.mark.parametrize(
    ("storage", "statuses"),
    [
        ("uploadThenCloud", ["stopped", "uploaded", "available", "expired"]),
        ("target", ["stopped", "uploaded"]),
        ("cloud", ["stopped", "available", "expired"]),
    ],
)
def test_a_stopped_archive_goes_where_its_storage_says(storage: str, statuses: list[str]) -> None:
    tenant = Tenant(archive_storage=storage)
    archive = record(tenant)
    stop(tenant, archive)
    tenant.advance(73 * 3600)
    assert tenant.happened("archive.") == ["archive.started", *(f"archive.{status}" for status in statuses)]
    assert archive.status == statuses[-1]


def test_expiry_is_72_hours_after_the_start_not_after_the_stop(tenant: Tenant) -> None:
    archive = record(tenant)
    tenant.advance(3600)
    stop(tenant, archive)
    tenant.advance(71 * 3600 - 1)
    assert archive.status == "available"
    tenant.advance(1)
    assert archive.status == "expired"
    assert archive.updated_at == archive.created_at + 72 * HOUR


def test_an_archive_pauses_while_nobody_publishes_and_only_published_time_counts(tenant: Tenant) -> None:
    session = tenant.session()
    publisher = tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
    tenant.advance(10)
    stream_id = next(iter(session.streams))
    with tenant.world.unit(tenant.app) as app:
        sessions.unpublish(app, session, stream_id)
    tenant.advance(0.999)
    assert archive.status == "started"
    tenant.advance(0.001)
    assert archive.status == "paused"
    tenant.advance(100)
    with tenant.world.unit(tenant.app) as app:
        sessions.publish(app, session, publisher, StreamSettings())
    assert archive.status == "started"
    tenant.advance(5)
    stop(tenant, archive)
    assert archive.duration == 15


def test_an_archive_of_a_silent_session_pauses_after_a_second(tenant: Tenant) -> None:
    archive = record(tenant, publish=False)
    assert archive.status == "started"
    tenant.advance(1)
    assert archive.status == "paused"


@pytest.mark.parametrize(
    ("publish", "leave", "after", "reason"),
    [
        (True, True, 60, "session ended"),
        (False, False, 3600, "maximum idle time exceeded"),
        (True, False, 4 * 3600, "maximum duration exceeded"),
    ],
)
def test_an_archive_stops_by_itself(tenant: Tenant, publish: bool, leave: bool, after: int, reason: str) -> None:
    session = tenant.session()
    client = tenant.join(session, publish=publish)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
    if leave:
        tenant.leave(session, client)
    tenant.advance(after - 0.001)
    assert archive.status in LIVE
    tenant.advance(0.001)
    assert (archive.status, archive.reason) == ("stopped", reason)
    assert archive.updated_at == archive.created_at + after * 1000


def test_a_client_who_comes_back_within_a_minute_keeps_the_archive_going(tenant: Tenant) -> None:
    session = tenant.session()
    client = tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
    tenant.leave(session, client)
    tenant.advance(59)
    tenant.join(session)
    tenant.advance(120)
    assert archive.status == "started"


def test_twelve_hours_end_an_archive_even_if_little_was_recorded(tenant: Tenant) -> None:
    session = tenant.session()
    client = tenant.join(session, publish=False)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
    for _ in range(12):  # a minute published in every hour
        with tenant.world.unit(tenant.app) as app:
            stream = sessions.publish(app, session, client, StreamSettings())
        tenant.advance(60)
        with tenant.world.unit(tenant.app) as app:
            sessions.unpublish(app, session, stream.id)
        tenant.advance(3540)
    assert (archive.status in {"stopped", "uploaded", "available"}, archive.reason) == (
        True,
        "maximum duration exceeded",
    )
    assert archive.duration == 12 * 60


def test_an_automatic_archive_starts_with_the_first_client_and_rolls_over_every_four_hours(tenant: Tenant) -> None:
    session = tenant.session(archive_mode="always", archive_name="daily", archive_resolution="1280x720")
    assert len(tenant.app[Archive]) == 0
    tenant.join(session)
    (first,) = tenant.app[Archive]
    assert (first.new.name, first.new.resolution, first.new.automatic) == ("daily", "1280x720", True)
    tenant.advance(4 * 3600)
    first, second = tenant.app[Archive]
    assert (first.status, second.status) == ("stopped", "started")
    assert second.created_at == first.created_at + 4 * HOUR


def test_an_automatic_archive_cannot_be_stopped_by_hand(tenant: Tenant) -> None:
    session = tenant.session(archive_mode="always")
    tenant.join(session)
    (archive,) = tenant.app[Archive]
    stop(tenant, archive)
    assert archive.status == "started"


def test_a_manual_start_in_an_automatic_session_needs_a_tag(tenant: Tenant) -> None:
    session = tenant.session(archive_mode="always")
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(AlreadyRunningError):
            archives.start(app, session, ArchiveSettings())
        archives.start(app, session, ArchiveSettings(tag="second"))
    assert len(tenant.app[Archive]) == 2


def test_what_a_start_refuses(tenant: Tenant) -> None:
    empty, relayed = tenant.session(), tenant.session(relayed=True)
    tenant.join(relayed)
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(NoClientsError):
            archives.start(app, empty, ArchiveSettings())
        with pytest.raises(NotRoutedError):
            archives.start(app, relayed, ArchiveSettings())
    assert len(tenant.app[Archive]) == 0


def test_a_tag_is_free_again_once_its_archive_stopped(tenant: Tenant) -> None:
    archive = record(tenant, tag="a")
    session = tenant.app.sessions[archive.session_id]
    stop(tenant, archive)
    with tenant.world.unit(tenant.app) as app:
        assert archives.start(app, session, ArchiveSettings(tag="a")).status == "started"


def test_stopping_again_is_allowed_until_there_is_a_file(tenant: Tenant) -> None:
    archive = record(tenant)
    stop(tenant, archive)
    stop(tenant, archive)
    tenant.advance(60)
    assert archive.status == "available"
    with pytest.raises(WrongStatusError):
        stop(tenant, archive)


@pytest.mark.parametrize("status", ["started", "stopped", "expired", "failed"])
def test_only_finished_archives_can_be_deleted(tenant: Tenant, status: str) -> None:
    archive = record(tenant)
    archive.status = status
    with tenant.world.unit(tenant.app) as app, pytest.raises(WrongStatusError):
        archives.delete(app, archive.id)


def test_a_deleted_archive_leaves_the_lists_and_stays_deleted(tenant: Tenant) -> None:
    archive = record(tenant)
    stop(tenant, archive)
    tenant.advance(60)
    with tenant.world.unit(tenant.app) as app:
        archives.delete(app, archive.id)
        archives.delete(app, archive.id)
    tenant.advance(100 * 3600)
    assert archive.status == "deleted"
    assert tenant.app[Archive].page(0, 10) == (0, [])
    assert tenant.app[Archive].page(0, 10, archive.session_id) == (0, [])


def test_streams_are_selected_by_hand_in_manual_mode_only(tenant: Tenant) -> None:
    automatic = record(tenant)
    manual = record(tenant, stream_mode="manual")
    stream_id = next(iter(tenant.app.sessions[manual.session_id].streams))
    tenant.advance(1)
    assert manual.status == "paused"
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(SelectsItselfError):
            archives.select(app, automatic.id, stream_id, SelectedStream())
        with pytest.raises(UnknownStreamError):
            archives.select(app, manual.id, "nobody", SelectedStream())
        with pytest.raises(UnknownResourceError):
            archives.select(app, "0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33", stream_id, SelectedStream())
        archives.select(app, manual.id, stream_id, SelectedStream(has_video=False))
    assert manual.status == "started"
    assert manual.selected == {stream_id: SelectedStream(True, False)}
    with tenant.world.unit(tenant.app) as app:
        archives.deselect(app, manual.id, stream_id)
    tenant.advance(1)
    assert manual.status == "paused"


def test_every_forced_transition_of_the_table_is_possible_and_no_other(tenant: Tenant) -> None:
    for status, following in TRANSITIONS.items():
        for target in TRANSITIONS:
            archive = record(tenant)
            archive.status = status
            if status not in LIVE:
                tenant.app[Archive].retire(archive)
            with tenant.world.unit(tenant.app) as app:
                if target in following:
                    archives.force(app, archive, target)
                    assert archive.status == target
                else:
                    with pytest.raises(WrongStatusError):
                        archives.force(app, archive, target)


def test_a_failed_archive_has_no_more_timers(tenant: Tenant) -> None:
    archive = record(tenant)
    with tenant.world.unit(tenant.app) as app:
        archives.fail(app, archive)
    assert (archive.status, archive.reason) == ("failed", "failure")
    assert not [timer for timer in tenant.app.timeline if timer.subject == archive.id]


def test_an_automatic_and_a_manual_archive_do_not_take_each_others_place(tenant: Tenant) -> None:
    session = tenant.session(archive_mode="always")
    first = tenant.join(session)
    (automatic,) = tenant.app[Archive]
    with tenant.world.unit(tenant.app) as app:
        archives.fail(app, automatic)
        manual = archives.start(app, session, ArchiveSettings())
    second = tenant.join(session)
    assert len(tenant.app[Archive].live(session.id)) == 2
    tenant.leave(session, first)
    tenant.leave(session, second)
    tenant.advance(60)
    assert {archive.reason for archive in tenant.app[Archive] if archive is not automatic} == {"session ended"}
    assert manual.status == "stopped"


def test_a_forced_pause_holds_still_until_somebody_publishes_again(tenant: Tenant) -> None:
    archive = record(tenant)
    with tenant.world.unit(tenant.app) as app:
        archives.force(app, archive, "paused")
    tenant.advance(1000)
    session = tenant.app.sessions[archive.session_id]
    (stream,) = session.streams
    with tenant.world.unit(tenant.app) as app:
        sessions.unpublish(app, session, stream)
    tenant.advance(10)
    assert (archive.status, archive.duration) == ("paused", 0)
    with tenant.world.unit(tenant.app) as app:
        sessions.publish(app, session, next(iter(session.connections.values())), StreamSettings())
    tenant.advance(5)
    stop(tenant, archive)
    assert archive.duration == 5


def test_a_forced_pause_still_idles_out_and_a_forced_start_records(tenant: Tenant) -> None:
    idle, resumed = record(tenant), record(tenant)
    with tenant.world.unit(tenant.app) as app:
        archives.force(app, idle, "paused")
        archives.force(app, resumed, "paused")
        archives.force(app, resumed, "started")
    tenant.advance(3600)
    stop(tenant, resumed)
    assert (idle.reason, idle.duration) == ("maximum idle time exceeded", 0)
    assert resumed.duration == 3600


def test_who_is_taken_in_later_is_told_as_a_change_of_the_archive(tenant: Tenant) -> None:
    archive = record(tenant)
    mirror = Mirror(tenant.world)
    tenant.join(tenant.app.sessions[archive.session_id])
    assert len(archive.streams) == 2
    assert mirror.missed == []


def test_an_automatic_archive_goes_on_after_twelve_hours_of_little(tenant: Tenant) -> None:
    session = tenant.session(archive_mode="always")
    client = tenant.join(session, publish=False)
    for _ in range(13):
        with tenant.world.unit(tenant.app) as app:
            stream = sessions.publish(app, session, client, StreamSettings())
        tenant.advance(60)
        with tenant.world.unit(tenant.app) as app:
            sessions.unpublish(app, session, stream.id)
        tenant.advance(3540)
    first, second = tenant.app[Archive]
    assert second.created_at - first.created_at == 12 * HOUR


def test_a_size_and_a_duration_can_be_stated_whatever_the_status(tenant: Tenant) -> None:
    archive = record(tenant)
    with tenant.world.unit(tenant.app) as app:
        archives.force(app, archive, "stopped", "said so", size=1000, duration=60)
        assert (archive.status, archive.reason, archive.stated_size, archive.duration) == (
            "stopped",
            "said so",
            1000,
            60,
        )
        archives.force(app, archive, "stopped", duration=61)
        assert (archive.stated_size, archive.duration) == (1000, 61)
        archives.force(app, archive, "stopped", size=0)
        assert (archive.stated_size, archive.duration) == (0, 61)
        with pytest.raises(WrongStatusError):
            archives.force(app, archive, "stopped")
        with pytest.raises(WrongStatusError):
            archives.force(app, archive, "expired", size=5)
        assert archive.stated_size == 0
    assert tenant.happened("archive.") == ["archive.started", "archive.stopped", "archive.updated", "archive.updated"]


def test_the_layout_of_a_composed_archive_changes_while_it_records(tenant: Tenant) -> None:
    composed, individual, ended = record(tenant), record(tenant, output_mode="individual"), record(tenant)
    stop(tenant, ended)
    pip = Layout("pip")
    with tenant.world.unit(tenant.app) as app:
        archives.set_layout(app, composed.id, pip)
        with pytest.raises(NotComposedError):
            archives.set_layout(app, individual.id, pip)
        with pytest.raises(WrongStatusError, match="cannot change the layout of archive in status stopped"):
            archives.set_layout(app, ended.id, pip)
        with pytest.raises(WrongStatusError, match="cannot select streams of archive in status stopped"):
            archives.select(app, ended.id, "stream", SelectedStream())
    assert composed.layout == pip
    assert tenant.happened("archive.updated") == ["archive.updated"]


def test_a_stream_that_is_selected_again_or_was_not_selected_is_told_as_a_change(tenant: Tenant) -> None:
    archive = record(tenant, stream_mode="manual")
    session = tenant.app.sessions[archive.session_id]
    (stream,) = session.streams
    with tenant.world.unit(tenant.app) as app:
        for _ in range(2):
            archives.select(app, archive.id, stream, SelectedStream(has_video=False))
        for _ in range(2):
            archives.deselect(app, archive.id, stream)
    told = [(event.type, event.stream_id) for event in tenant.app.events.after(0) if event.stream_id]
    assert told == [
        ("archive.streamAdded", stream),
        ("archive.updated", stream),
        ("archive.streamRemoved", stream),
        ("archive.updated", stream),
    ]


@pytest.mark.parametrize(
    ("status", "finished"),
    [(status, status in ("uploaded", "available", "expired", "deleted")) for status in TRANSITIONS],
)
def test_there_is_a_file_once_it_was_uploaded(tenant: Tenant, status: str, finished: bool) -> None:
    archive = record(tenant)
    archive.status = status
    assert archive.finished is finished


def test_a_transcription_ends_with_its_archive(tenant: Tenant) -> None:
    ended, failed, plain = (
        record(tenant, has_transcription=True),
        record(tenant, has_transcription=True),
        record(tenant),
    )
    assert (ended.transcription, plain.transcription) == ("requested", "")
    for each in (ended, failed, plain):
        stop(tenant, each)
    with tenant.world.unit(tenant.app) as app:
        archives.fail(app, failed)
    tenant.advance(60)
    assert (ended.transcription, failed.transcription, plain.transcription) == ("available", "failed", "")
    assert (failed.status, plain.status) == ("failed", "available")


def test_a_pause_that_is_due_after_somebody_published_again_does_nothing(tenant: Tenant) -> None:
    archive = record(tenant, publish=False)
    with tenant.world.unit(tenant.app) as app:
        archives.force(app, archive, "paused")
        app.process("archive.pause", archive.id)
    tenant.advance(2)
    assert archive.status == "paused"
    assert tenant.happened("archive.") == ["archive.started", "archive.paused"]
