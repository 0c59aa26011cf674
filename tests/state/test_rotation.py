"""Migration and server rotation."""

from __future__ import annotations

import pytest

from state import archives, rotation, sessions
from state.archive_records import ArchiveSettings
from state.clock import HOUR
from state.errors import MigrationInProgressError, MigrationTooSoonError
from tests.state.conftest import START, Tenant


def test_a_session_migrates_once_at_a_time_and_not_right_after_its_creation(tenant: Tenant) -> None:
    session = tenant.session()
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app, pytest.raises(MigrationTooSoonError):
        rotation.migrate(app, session)
    tenant.advance(60)
    with tenant.world.unit(tenant.app) as app:
        rotation.migrate(app, session)
        with pytest.raises(MigrationInProgressError):
            rotation.migrate(app, session)
    tenant.advance(10)
    assert tenant.happened("session.m") == ["session.migrating", "session.migrated"]
    with tenant.world.unit(tenant.app) as app, pytest.raises(MigrationTooSoonError):
        rotation.migrate(app, session)


def test_a_rotation_is_announced_twice_and_ends_the_session() -> None:
    tenant = Tenant(session_rotation=12)
    session = tenant.session()
    tenant.join(session)
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        archive = archives.start(app, session, ArchiveSettings())
    tenant.advance(12 * 3600 + 60)
    told = [event for event in tenant.app.events.after(0) if event.type.startswith("session.")]
    assert [(event.type, (event.at - START) / HOUR, event.reason) for event in told] == [
        ("session.created", 0, ""),
        ("session.notification", 8, "serverRotation"),
        ("session.notification", 11, "serverRotation"),
        ("session.destroyed", 12, "serverRotation"),
    ]
    assert (session.connections, archive.status) == ({}, "available")


def test_a_migration_puts_the_rotation_off() -> None:
    tenant = Tenant(session_rotation=12, pace="instant")
    session = tenant.session()
    tenant.join(session)
    tenant.advance(11 * 3600)
    with tenant.world.unit(tenant.app) as app:
        rotation.migrate(app, session)
    tenant.advance(11 * 3600)
    assert len(session.connections) == 1
    tenant.advance(3600)
    assert session.connections == {}


def test_no_rotation_unless_it_is_asked_for(tenant: Tenant) -> None:
    session = tenant.session()
    tenant.join(session)
    tenant.advance(100 * 3600)
    assert len(session.connections) == 1


@pytest.mark.parametrize(
    ("hours", "notices"), [(1, []), (2, [1]), (4, [3]), (5, [1, 4]), (0, [])], ids=lambda value: str(value)
)
def test_a_notice_that_would_come_before_the_session_is_not_given(hours: int, notices: list[int]) -> None:
    tenant = Tenant(session_rotation=hours)
    tenant.join(tenant.session())
    tenant.advance(6 * 3600)
    told = [event for event in tenant.app.events.after(0) if event.type == "session.notification"]
    assert [(event.at - START) / HOUR for event in told] == notices


def test_a_migration_ends_when_everybody_has_left(tenant: Tenant) -> None:
    session = tenant.session()
    client = tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        rotation.migrate(app, session, enforce_cooldown=False)
    tenant.leave(session, client)
    assert session.migrating
    tenant.advance(60)
    assert not session.migrating
    assert tenant.happened("session.") == ["session.created", "session.migrating", "session.destroyed"]


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("option", ["whenAsked", "always", "never"])
@pytest.mark.parametrize("migrates", [None, True, False])
def test_who_follows_a_session_is_said_by_the_client_the_rotation_or_the_option(
    asked: bool, option: str, migrates: bool | None
) -> None:
    tenant = Tenant(clients_migrate=option)
    session = tenant.session()
    with tenant.world.unit(tenant.app) as app:
        said = {each: sessions.join(app, session, migrates=each).id for each in (None, True, False)}
        rotation.rotate(app, session, migrates=migrates, asked=asked)
    unsaid = migrates if migrates is not None else {"always": True, "never": False}.get(option, asked)
    assert set(session.connections) == {said[True], *([said[None]] if unsaid else [])}
    assert session.migrated_at == START
