"""Making applications, reading and changing them; what is refused, and how it is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from emulator.client import (
    WEBHOOKS,
    ApplicationClient,
    Emulator,
    NotReachableError,
    RequestRefusedError,
    WaitTimeoutError,
)
from emulator.testing import Server
from emulator.webhooks import WebhookKey
from tests.client.service import Service

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:1"


def test_an_application_has_what_an_sdk_needs(server: Server, app: ApplicationClient) -> None:
    assert app.name == "client"
    assert app.api_key.isdigit()
    assert app.api_secret
    assert app.signature_secret
    assert app.public_key.startswith("-----BEGIN PUBLIC KEY")
    assert app.private_key.startswith("-----BEGIN")
    assert app.base_urls["http"] == server.http
    assert app.options["pace"] == "instant"


def test_options_may_be_written_as_in_python_and_as_in_the_control_api(server: Server) -> None:
    with server.emulator.application(auto_participants=2, archiveStorage="cloud") as app:
        assert (app.options["autoParticipants"], app.options["archiveStorage"]) == (2, "cloud")


def test_an_application_is_gone_after_its_block(server: Server) -> None:
    with server.emulator.application() as app:
        assert app.id in [each.id for each in server.emulator.applications()]
    with pytest.raises(RequestRefusedError) as refused:
        server.emulator.get(app.id)
    assert refused.value.status == 404


def test_it_is_found_by_id_and_by_api_key(server: Server, app: ApplicationClient) -> None:
    assert server.emulator.get(app.id).private_key == server.emulator.get(app.api_key).private_key == app.private_key


def test_change_is_seen_by_this_client_at_once_and_by_another_after_refresh(
    server: Server, app: ApplicationClient
) -> None:
    other = server.emulator.get(app.id)
    app.change(name="renamed", contract="spec")
    assert (app.name, app.options["contract"]) == ("renamed", "spec")
    assert other.name == "client"
    other.refresh()
    assert other.name == "renamed"


def test_reset_forgets_sessions_and_events_and_keeps_the_credentials(
    server: Server, app: ApplicationClient, session_id: str
) -> None:
    app.join(session_id)
    app.reset()
    assert (app.sessions(), app.events()) == ([], [])
    assert server.emulator.get(app.id).api_secret == app.api_secret


def test_a_refusal_names_the_field_and_what_would_be_right(server: Server) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        server.emulator.application(auto_participant=2)
    error = refused.value
    assert (error.status, error.field) == (400, "autoParticipant")
    assert "autoParticipants" in error.suggestion
    assert str(error) == "autoParticipant: there is no such field (did you mean autoParticipants?) [400]"


def test_requests_are_those_of_the_service_oldest_first(app: ApplicationClient, service: Service) -> None:
    session_id = service.session()
    app.join(session_id)
    service.start_archive(session_id)
    assert [exchange.operation for exchange in app.requests()] == ["createSession", "startArchive"]
    (exchange,) = app.requests("startArchive")
    assert (exchange.method, exchange.status) == ("POST", 200)
    assert session_id in exchange.body
    with pytest.raises(RequestRefusedError, match="there is no operation startarchive"):
        app.requests("startarchive")


def test_a_forced_status_must_be_one_that_may_follow(app: ApplicationClient, service: Service, session_id: str) -> None:
    app.join(session_id)
    archive_id = service.start_archive(session_id)
    with pytest.raises(RequestRefusedError, match=r"cannot become available .*allowed: .*\[409\]"):
        app.archive_transition(archive_id, "available")
    app.archive_transition(archive_id, "failed", "disk full")
    assert app.wait_for("archive.failed", archive_id).reason == "disk full"


def test_all_webhooks_of_the_emulator_can_be_sent_to_one_receiver(app: ApplicationClient) -> None:
    assert set(WEBHOOKS) == set(get_args(WebhookKey))
    app.send_callbacks_to("http://localhost:1/x", secret="s")
    assert set(app.options["webhooks"]) == set(WEBHOOKS)
    assert app.options["webhooks"]["archive_status"]["secret"] == "s"


def test_info_and_certificate_authority(server: Server) -> None:
    assert server.emulator.info()["urls"]["http"] == server.http
    assert server.ca is not None
    assert server.emulator.certificate_authority() == server.ca.read_text()


def test_https_needs_the_authority(server: Server) -> None:
    with Emulator(server.https, ca=server.ca) as emulator:
        emulator.wait_until_ready()
    with Emulator(server.https) as emulator, pytest.raises(NotReachableError, match="certificate"):
        emulator.info()


def test_an_emulator_that_is_not_there_is_named() -> None:
    with Emulator(NOWHERE) as emulator:
        with pytest.raises(NotReachableError, match=f"no answer from an emulator at {NOWHERE}"):
            emulator.info()
        with pytest.raises(WaitTimeoutError, match=r"not ready within 0\.1 s: no answer"):
            emulator.wait_until_ready(0.1)


def test_something_else_that_answers_is_shown(server: Server) -> None:
    with (
        Emulator(f"{server.http}/elsewhere") as emulator,
        pytest.raises(RequestRefusedError, match="/elsewhere/_emulator"),
    ):
        emulator.info()


def test_without_httpx_the_error_names_the_extra() -> None:
    script = """
import sys
sys.modules["httpx"] = None
from emulator.client import Emulator
try:
    Emulator()
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "pip install '.[client]'" in done.stdout


def test_client_and_plugin_import_nothing_of_the_emulator_and_httpx_late() -> None:
    """They are used in processes that have other versions of what the server needs, or none."""
    script = """
import sys
import emulator.client, emulator.pytest_plugin, emulator.testing
print(sorted(name for name in sys.modules if name.partition(".")[0] in {
    "httpx", "fastapi", "pydantic", "starlette", "uvicorn", "state", "scenarios", "typer"}))
print(sorted(name for name in sys.modules if name.startswith("emulator.") and not name.startswith("emulator.client")))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = [
        "emulator.launch",
        "emulator.launch.environment",
        "emulator.launch.process",
        "emulator.pytest_plugin",
        "emulator.testing",
        "emulator.testing.received",
        "emulator.testing.receiver",
        "emulator.testing.server",
        "emulator.webhooks",
    ]
    assert done.stdout.splitlines() == ["[]", str(ours)]


def test_a_scenario_may_be_gone_before_its_block_ends(app: ApplicationClient) -> None:
    with app.scenario("sip-busy") as scenario:
        app.faults.clear()
        with pytest.raises(RequestRefusedError):
            scenario.inspect()
    with app.scenario("sip-busy"):
        app.reset()


def test_a_snapshot_is_put_back_and_a_checkpoint_returned_to(server: Server, app: ApplicationClient) -> None:
    app.clock.freeze()
    snapshot = app.snapshot()
    app.checkpoint("base")
    app.change(name="changed")
    app.return_to("base")
    assert (app.name, app.checkpoints()) == (snapshot["application"]["name"], ["base"])
    app.restore(snapshot)
    assert app.snapshot() == snapshot
    app.forget("base")
    assert app.checkpoints() == []
    assert app.id in {each["application"]["id"] for each in server.emulator.snapshot()["applications"]}
