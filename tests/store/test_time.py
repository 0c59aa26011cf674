"""Time goes on over a restart, also on a machine whose clock was set back meanwhile."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.settings import Settings
from state import clock
from state.clock import HOUR, MINUTE
from tests.emulator.local import Tenant

START = 1_900_000_000_000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The machine's clock, whose `ms` a test sets."""
    machine = SimpleNamespace(ms=START)
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: machine.ms * 1_000_000))
    return machine


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'world.db'}"
    url: str = request.getfixturevalue("database")
    return url


def emulator(store: str) -> TestClient:
    return TestClient(create_app(Settings(store=store)))


def again(client: TestClient, before: Tenant) -> Tenant:
    """Return the same tenant behind another client."""
    tenant = Tenant.__new__(Tenant)
    tenant.client, tenant.id, tenant.made, tenant.root = client, before.id, before.made, before.root
    tenant.token = before.token
    return tenant


def times(tenant: Tenant) -> list[int]:
    return [each["at"] for each in tenant.control("GET", "/events")["items"]]


@pytest.mark.parametrize("back", [1, MINUTE, 30 * HOUR, START - 10])
@pytest.mark.parametrize("speed", [1, 60])
def test_events_after_a_restart_are_not_before_those_that_were_kept(
    store: str, machine: SimpleNamespace, back: int, speed: int
) -> None:
    with emulator(store) as client:
        tenant = Tenant(client)
        tenant.control("POST", "/clock", {"action": "resume", "speed": speed})
        machine.ms += HOUR
        archive = tenant.archive()
        kept = times(tenant)[-1]
    machine.ms -= back
    with emulator(store) as client:
        tenant = again(client, tenant)
        machine.ms += MINUTE
        tenant.control("POST", f"/archives/{archive}/transition", {"status": "stopped"})
        assert times(tenant) == sorted(times(tenant))
        assert times(tenant)[-1] == kept + speed * MINUTE  # it goes on at its pace, and does not wait for the machine
        made = tenant.control("GET", f"/sessions/{tenant.session()}")
        assert made["createdAt"] >= kept


def test_what_was_kept_without_an_event_is_not_before_either(store: str, machine: SimpleNamespace) -> None:
    with emulator(store) as client:
        tenant = Tenant(client)
        machine.ms += HOUR
        first = tenant.control("GET", f"/sessions/{tenant.session()}")["createdAt"]
    machine.ms -= 2 * HOUR
    with emulator(store) as client:
        tenant = again(client, tenant)
        assert tenant.control("GET", f"/sessions/{tenant.session()}")["createdAt"] >= first
        assert tenant.control("GET", "/clock")["now"] >= first


@pytest.mark.parametrize("back", [2, 5 * MINUTE, 300 * HOUR])
def test_a_snapshot_put_back_where_the_clock_is_behind_goes_on(machine: SimpleNamespace, back: int) -> None:
    with emulator("memory") as client:
        tenant = Tenant(client)
        machine.ms += HOUR
        tenant.archive()
        snapshot: Any = tenant.control("GET", "/snapshot")
        kept = times(tenant)[-1]
    machine.ms -= back
    with emulator("memory") as client:
        assert client.put(f"/_emulator/applications/{tenant.id}/snapshot", json=snapshot).status_code == 200
        tenant = again(client, tenant)
        machine.ms += MINUTE
        tenant.session(join=1)
        assert times(tenant) == sorted(times(tenant))
        assert times(tenant)[-1] == kept + MINUTE


@pytest.mark.parametrize("action", ["freeze", "resume"])
def test_a_clock_that_was_told_to_stop_or_run_goes_on_too(store: str, machine: SimpleNamespace, action: str) -> None:
    with emulator(store) as client:
        tenant = Tenant(client)
        machine.ms += HOUR
        tenant.control("POST", "/clock", {"action": action})
        before = tenant.control("GET", "/clock")["now"]
    machine.ms -= 10 * HOUR
    with emulator(store) as client:
        tenant = again(client, tenant)
        assert tenant.control("GET", "/clock")["now"] == before
