"""The tests of a user whose project has packages of the names that our sources have.

Copied into that project and run there by tests/distribution/test_wheel.py.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from vonage_video_emulator import wellknown
from vonage_video_emulator.app import create_app
from vonage_video_emulator.client import Emulator
from vonage_video_emulator.settings import Settings
from vonage_video_emulator.testing import Server

import emulator
import scenarios
import state

OURS = ("emulator", "scenarios", "state")
MODULE = [sys.executable, "-m", "vonage_video_emulator"]
SCRIPT = [str(Path(sys.executable).parent / "vonage-video-emulator")]
ASK = """
import os, urllib.request
url = os.environ["VONAGE_VIDEO_EMULATOR_URL"]
print(urllib.request.urlopen(f"{url}/_emulator/ready").status)
"""
STORES = ["sqlite:///world.db", *filter(None, [os.environ.get("POSTGRESQL_URL")])]


def run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_our_packages_are_ours() -> None:
    assert {emulator.OWNER, scenarios.OWNER, state.OWNER} == {"the project"}
    assert run(sys.executable, "-m", "emulator") == "the project's emulator\n"


def test_every_module_is_found_and_takes_none_of_ours() -> None:
    before = {name for name in sys.modules if name.partition(".")[0] in OURS}
    for name in json.loads(os.environ["MODULES"]):
        assert importlib.import_module(name).__name__ == name
    assert {name for name in sys.modules if name.partition(".")[0] in OURS} == before


@pytest.mark.video_application(pace="instant", autoParticipants=1)
@pytest.mark.video_scenario("sip-busy")
def test_the_plugin(video_emulator, video_application, video_callbacks, video_vonage) -> None:  # type: ignore[no-untyped-def]
    from vonage_video.models import CreateArchiveRequest

    assert isinstance(video_emulator, Server)
    assert isinstance(video_emulator.emulator, Emulator)
    session = video_vonage.video.create_session().session_id
    archive = video_vonage.video.start_archive(CreateArchiveRequest(session_id=session))
    video_vonage.video.stop_archive(archive.id)
    assert video_callbacks.wait_for("archive.available").json["id"] == archive.id
    assert video_application.scenario("sip-busy").inspect()["hits"] == 0


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/_emulator/", "/_emulator/evidence", "/_emulator/info"])
def test_pages(video_emulator: Server, path: str) -> None:
    with urllib.request.urlopen(video_emulator.http + path) as response:
        assert response.status == 200
        assert response.read()


def test_in_this_process() -> None:
    with TestClient(create_app(Settings(auth="lax"))) as client:
        assert client.post("/session/create").json()[0]["project_id"] == wellknown.APPLICATION_ID
        assert client.get("/_emulator/evidence").status_code == 200


def test_commands() -> None:
    assert run(*MODULE, "version").startswith("vonage-video-emulator ")
    assert "video_host" in run(*SCRIPT, "env", "python")
    assert "sip-busy" in run(*MODULE, "scenarios", "list")


@pytest.mark.parametrize(("command", "store"), [(MODULE, "memory"), *((SCRIPT, store) for store in STORES)])
def test_exec(command: list[str], store: str, tmp_path: Path) -> None:
    for name in OURS:
        (tmp_path / f"{name}.py").write_text("raise ImportError('that is no module of the emulator')")
    flags = ("--no-https", "--store", store)
    printed = run(*command, "exec", *flags, "--", sys.executable, "-c", ASK, folder=tmp_path)
    assert printed == "200\n"
