"""The page of the control API runs as it stands, and leaves no call out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.app import create_app
from emulator.settings import Settings
from emulator.testing import running_server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "control.md").read_text()
ELSEWHERE = ("files", "hls", "faults", "scenarios", "verify")
"""What other pages show: links in answers, failures (docs/failures.md)."""


pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Run every block of the page in one shell; return the calls that were made."""
    folder = tmp_path_factory.mktemp("control")
    log = folder / "calls"
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    with running_server() as server:
        script = "\n".join(blocks).replace("http://localhost:8080", server.http)
        script = script.replace(".venv/bin/vonage-video-emulator", f'"{sys.executable} -m emulator"')
        spy = f'curl() {{ echo "$@" >> {log}; command curl "$@"; }}\n'
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", spy + script],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=120,
        )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    calls = []
    for line in log.read_text().splitlines():
        method = re.search(r"-X (\w+)", line)
        path = re.search(r"/_emulator(/[^ ?]*)", line)
        if path:
            calls.append((method.group(1) if method else "GET", path.group(1)))
    return calls


def routes() -> list[tuple[str, str]]:
    """Return the method and path of every control call that belongs on the page."""
    paths = create_app(Settings()).openapi()["paths"]
    found = [
        (method.upper(), path.removeprefix("/_emulator"))
        for path in paths
        if path.startswith("/_emulator/")
        for method in paths[path]
    ]
    return [(method, path) for method, path in found if not set(path.split("/")) & set(ELSEWHERE)]


@pytest.mark.parametrize(("method", "path"), routes())
def test_the_page_makes_every_call(asked: list[tuple[str, str]], method: str, path: str) -> None:
    pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$")
    assert any(called == method and pattern.match(found) for called, found in asked), (method, path)
