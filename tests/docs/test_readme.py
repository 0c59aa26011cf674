"""The README and its pages say what there is, and what they show works when it is copied."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import wellknown
from emulator.app import create_app
from emulator.cli.main import app as command_line
from emulator.service.operations import OPERATIONS
from emulator.settings import ENV_PREFIX, Settings
from emulator.testing import Server, running_server
from state.options import Options

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SDKS, SERVICE, SETTINGS = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("sdks", "service", "settings"))
CALLS = (ROOT / "docs" / "control.md").read_text().partition("## All calls")[2].partition("\n## ")[0]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def block(label: str, page: str = README) -> str:
    """Return the code block with this label."""
    found = re.search(rf"^```{label}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found, label
    return found.group(1)


@pytest.mark.parametrize("name", [name for name in Settings.model_fields])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{ENV_PREFIX}{name.upper()}`" in SETTINGS


def test_no_documented_setting_is_made_up() -> None:
    documented = set(re.findall(rf"{ENV_PREFIX}([A-Z_]+)", "".join(page.read_text() for page in PAGES))) - {"CONFIG"}
    assert documented == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", [name for name in Options.model_fields])
def test_the_default_of_every_option_is_as_documented(name: str) -> None:
    row = next(line for line in SETTINGS.splitlines() if line.startswith(f"| `{ENV_PREFIX}{name.upper()}`"))
    default = Options.model_fields[name].default
    assert row.split("|")[3].strip() == (f"`{default}`" if default is not None else "")


@pytest.mark.parametrize("operation", [operation.id for operation in OPERATIONS])
def test_every_operation_is_documented(operation: str) -> None:
    assert f"`{operation}`" in SERVICE


def test_every_control_path_is_listed() -> None:
    for path in create_app(Settings()).openapi()["paths"]:
        if path.startswith("/_emulator/") and not path.startswith(("/_emulator/files", "/_emulator/hls")):
            assert path.rpartition("/")[2] in CALLS, path


def test_every_command_is_in_the_readme() -> None:
    for command in command_line.registered_commands + command_line.registered_groups:
        name = command.name or command.callback.__name__  # type: ignore[union-attr]
        assert f"`{name}`" in README or f"vonage-video-emulator {name}" in README, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, _, heading in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]+))?\)", page.read_text()):
        found = page.parent / path if path else page
        assert found.exists(), path
        if heading:
            titles = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, heading


@pytest.fixture
def server() -> Iterator[Server]:
    """An emulator of its own: the tours use the well-known application."""
    with running_server() as server:
        yield server


def localized(text: str, server: Server) -> str:
    """Return a tour with the ports and the data folder of a test."""
    text = text.replace("http://localhost:8080", server.http).replace("localhost:8443", server.https.partition("//")[2])
    return text.replace("~/.vonage-video-emulator", str(Path(server.ca or "").parent))


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_curl_tour_works_as_printed(server: Server) -> None:
    script = localized(block("sh tour"), server).replace(
        ".venv/bin/vonage-video-emulator", f'"{sys.executable} -m emulator"'
    )
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"code":15001,"message":"session is already composed with code 409"' in done.stdout
    assert '"status":"available"' in done.stdout
    expired = next(line for line in re.findall(r'\{"id":.*?"url":null\}', done.stdout) if '"expired"' in line)
    assert '"duration":3600' in expired
    now = server.emulator.get(wellknown.APPLICATION_ID).now()
    assert abs(now / 1000 - time.time()) < 60  # it is left as it was found


def test_the_python_tour_works_as_printed(server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", localized(block("python tour"), server)],
        capture_output=True,
        text=True,
        env={**os.environ, "REQUESTS_CA_BUNDLE": str(server.ca)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == ["nobody is there yet: 404", "streams: 2", "recording: started"]
    assert lines[3].startswith("the file: https://localhost:")


def test_the_opentok_lines_for_python_work_as_printed(server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", localized(block("python opentok", SDKS), server)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "recording: started"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "pytest" in block("sh test")
    assert "sh test" in (ROOT / ".ci" / "run").read_text()
