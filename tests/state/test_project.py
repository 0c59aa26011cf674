"""What an OpenTok project sets for itself: registered callbacks, and where its archives go."""

from __future__ import annotations

import pytest

from state import archives, registrations, storages
from state.archive_records import ArchiveSettings
from state.errors import TooManyRegistrationsError, UnknownResourceError
from state.registrations import GROUPS, MAX_REGISTRATIONS
from tests.state.conftest import Tenant


def test_a_callback_is_registered_until_it_is_removed(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        first, second = (registrations.register(app, "stream", "created", "http://localhost/") for _ in range(2))
        registrations.remove(app, first.id)
        with pytest.raises(UnknownResourceError) as caught:
            registrations.remove(app, first.id)
    assert caught.value.kind == "registration"
    assert list(tenant.app.registrations.values()) == [second]


def test_a_project_registers_so_many_callbacks_and_no_more(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        made = [registrations.register(app, "archive", "status", str(number)) for number in range(MAX_REGISTRATIONS)]
        with pytest.raises(TooManyRegistrationsError):
            registrations.register(app, "archive", "status", "one more")
        registrations.remove(app, made[0].id)
        registrations.register(app, "archive", "status", "one more")


@pytest.mark.parametrize(
    ("group", "event", "type_", "hears"),
    [
        ("archive", "status", "archive.stopped", True),
        ("archive", "status", "broadcast.stopped", False),
        ("stream", "created", "stream.created", True),
        ("stream", "created", "stream.destroyed", False),
        ("session", "created", "stream.created", False),
    ],
)
def test_who_registered_hears_of_its_events(tenant: Tenant, group: str, event: str, type_: str, hears: bool) -> None:
    assert event in GROUPS[group]
    with tenant.world.unit(tenant.app) as app:
        assert registrations.register(app, group, event, "http://localhost/").hears(type_) is hears


def test_archives_go_where_the_project_says_until_it_is_taken_back(tenant: Tenant) -> None:
    session = tenant.session()
    tenant.join(session)

    def ended() -> str:
        with tenant.world.unit(tenant.app) as app:
            archive = archives.start(app, session, ArchiveSettings())
            archives.stop(app, archive.id)
        tenant.advance(60)
        return archive.status

    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(UnknownResourceError) as caught:
            storages.get(app)
        storages.put(app, "s3", {"bucket": "a"}, "opentok")
        put = storages.put(app, "azure", {"container": "b"}, "none")
        assert storages.get(app) is put
    assert caught.value.kind == "storage"
    assert ended() == "uploaded"
    with tenant.world.unit(tenant.app) as app:
        storages.remove(app)
        with pytest.raises(UnknownResourceError):
            storages.remove(app)
    assert ended() == "available"
