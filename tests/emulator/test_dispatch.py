"""The way of a request to its handler: short, and the same for every operation."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.app import EmulatorApp, create_app
from emulator.settings import Settings
from state.world import World
from tests.emulator.local import Tenant
from tests.emulator.test_operations import STATUSES, walk


@pytest.fixture
def app() -> EmulatorApp:
    return create_app(Settings())


def test_operations_do_not_pass_through_fastapi(app: EmulatorApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even its exception handlers: each operation is served, refused and failed without it."""
    passed: list[str] = []
    inner = app.front.inner  # type: ignore[attr-defined]

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["path"])
        await inner(scope, receive, send)

    monkeypatch.setattr(app.front, "inner", watched)
    client = TestClient(app, raise_server_exceptions=False)
    tenant = Tenant(client)
    assert set(walk(tenant)) == set(STATUSES)
    assert tenant.call("GET", "/archive/nothing").status_code == 400
    assert client.get(f"{tenant.root}/archive").status_code == 403
    assert all(path.startswith("/_emulator/") for path in passed)


def test_an_operation_that_fails_is_a_500_in_json_and_in_the_journal(
    app: EmulatorApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    tenant = Tenant(client)

    def broken(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr("emulator.service.archives.archive_body", broken)
    answer = tenant.call("POST", "/archive", {"sessionId": tenant.session(join=1)})
    assert (answer.status_code, answer.json()["message"]) == (500, "Internal server error")
    (kept, *_) = tenant.control("GET", "/requests?operation=startArchive")["items"]
    assert kept["status"] == 500


def test_a_control_endpoint_that_fails_is_a_500_in_json(app: EmulatorApp, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    tenant = Tenant(client)
    monkeypatch.setattr("emulator.control.applications.show", None)
    answer = client.get(f"/_emulator/applications/{tenant.id}")
    assert (answer.status_code, answer.json()) == (500, {"error": {"message": "Internal server error"}})


def test_an_application_is_looked_up_once(app: EmulatorApp, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = Tenant(TestClient(app))
    archive = tenant.archive()
    found: list[str] = []
    find = World.find

    def watched(world: World, project: str) -> Any:
        found.append(project)
        return find(world, project)

    monkeypatch.setattr(World, "find", watched)
    assert tenant.call("GET", f"/archive/{archive}").status_code == 200
    assert found == [tenant.id]
