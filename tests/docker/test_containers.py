"""What the README says of containers: the image under any user, and the services and profiles of the compose file."""

from __future__ import annotations

import contextlib
import json
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import wellknown
from emulator.auth.minting import rest_token
from tests.docker.engine import Engine
from tests.eventually import eventually

pytestmark = [pytest.mark.extended, pytest.mark.xdist_group("docker")]

HEALTHY_SECONDS = 60.0
ROOT = f"/v2/project/{wellknown.APPLICATION_ID}"


def published(*ports: int) -> None:
    """Skip a test whose ports are taken on this machine."""
    for port in ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                pytest.skip(f"port {port} is taken here")


def healthy(docker: Engine, container: str) -> None:
    """Wait for a container's health check."""

    def is_healthy() -> bool:
        state = json.loads(docker.docker("inspect", "--format", "{{json .State}}", container))
        assert state["Running"], docker.docker("logs", container)
        return bool(state["Health"]["Status"] == "healthy")

    eventually(is_healthy, f"{container} is healthy", HEALTHY_SECONDS)


def call(port: int, method: str, path: str, body: Any = None) -> httpx.Response:
    """Call the service, or the control API, of the emulator behind a published port."""
    token = rest_token(wellknown.APPLICATION_ID, wellknown.PRIVATE_KEY)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        return client.request(method, path, json=body, headers=headers)


@contextlib.contextmanager
def run(docker: Engine, *arguments: str) -> Iterator[str]:
    """Run a container for the length of a block; return its name."""
    name = f"emulator-test-{uuid.uuid4().hex[:8]}"
    docker.docker("run", "--detach", "--name", name, *arguments)
    try:
        yield name
    finally:
        docker.docker("rm", "--force", "--volumes", name)


# The image


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--user", "1000650000:0"),
        ("--read-only",),
        ("--read-only", "--user", "1000650000:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        ("--env", "VONAGE_EMULATOR_PORT=tcp://10.0.0.7:8080", "--env", "VONAGE_EMULATOR_SERVICE_HOST=10.0.0.7"),
    ],
    ids=" ".join,
)
def test_the_image_runs(docker: Engine, image: str, flags: tuple[str, ...]) -> None:
    with run(docker, *flags, image) as name:
        healthy(docker, name)
        docker.docker("exec", name, "vonage-video-emulator", "health", "--url", "https://localhost:8443")
        assert "GET /v2" not in docker.docker("logs", name)
        docker.docker("stop", name)
        assert docker.docker("inspect", "--format", "{{.State.ExitCode}}", name) == "0"


def test_a_folder_that_cannot_be_written_is_told_with_both_users(docker: Engine, image: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    said = docker.docker("run", "--rm", "--volume", f"{tmp_path}:/data", image, check=False)
    assert "cannot keep the certificate authority in /data" in said
    assert "it belongs to user 0:0 with mode 755, this is user 10001:0" in said


def test_the_image_has_nothing_that_only_builds_or_debugs(docker: Engine, image: str) -> None:
    names = "-name pip -o -name rich -o -name pygments -o -name '*.pyi' -o -name '*.pyx'"
    found = docker.docker("run", "--rm", "--entrypoint", "sh", image, "-c", f"find /opt/emulator {names}")
    assert found == ""


# Compose


def test_up_makes_a_healthy_emulator_that_tells_of_calls(composed: Engine) -> None:
    published(8080, 8443)
    composed.compose("up", "--detach", "emulator")
    healthy(composed, composed.compose("ps", "--quiet", "emulator"))
    assert call(8080, "POST", "/session/create").status_code == 200
    eventually(lambda: "createSession 200" in composed.compose("logs", "emulator"), "the call is in the log")


def test_the_example_records(composed: Engine) -> None:
    published(8080, 8443)
    assert composed.compose("run", "--rm", "example").splitlines()[-1].endswith(" available")


def test_a_program_that_cannot_be_told_a_host_records_under_both_names(composed: Engine) -> None:
    said = composed.compose("run", "--rm", "no-host").splitlines()
    assert said[-2:] == ["api.opentok.com: started stopped", "video.api.vonage.com: available"]


def test_the_recorders_tests_pass(composed: Engine) -> None:
    published(8080, 8443)
    assert " passed" in composed.compose("run", "--rm", "--use-aliases", "recorder-tests").splitlines()[-1]


def test_what_one_replica_did_outlives_it_at_the_other(composed: Engine) -> None:
    published(8081, 8082)
    composed.compose("--profile", "shared", "up", "--detach", "postgres", "replica-1", "replica-2")
    first, second = (composed.compose("ps", "--quiet", each) for each in ("replica-1", "replica-2"))
    healthy(composed, first)
    healthy(composed, second)
    session = call(8081, "POST", "/session/create").json()[0]["session_id"]
    participants = f"/_emulator/applications/{wellknown.APPLICATION_ID}/sessions/{session}/participants"
    assert call(8082, "POST", participants, {"count": 1}).status_code == 201
    started = call(8081, "POST", f"{ROOT}/archive", {"sessionId": session})
    assert started.status_code == 200
    assert call(8082, "POST", f"{ROOT}/archive", {"sessionId": session}).status_code == 409
    composed.docker("kill", first)
    archive = call(8082, "GET", f"{ROOT}/archive/{started.json()['id']}").json()
    assert archive["status"] == "started"
    assert call(8082, "POST", f"{ROOT}/archive/{archive['id']}/stop").status_code == 200
