"""The first steps of docs/sdks.md end in a recording, copied into an empty folder as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from emulator.testing import Server, running_server
from tests.sdk.foreign import unavailable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sdks.md").read_text(encoding="utf-8")
INTEGRATIONS = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```sh (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
TOOLS = {"python": "python3", "node": "npm", "java": "mvn", "go": "go"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The emulator that the page starts."""
    with running_server("--auto-participants", "2") as server:
        yield server


def test_every_block_is_run() -> None:
    assert BLOCKS.keys() == TOOLS.keys()


@pytest.mark.extended
@pytest.mark.parametrize("name", TOOLS)
def test_an_empty_folder_becomes_a_recording(name: str, server: Server, tmp_path: Path) -> None:
    if shutil.which(TOOLS[name]) is None:
        unavailable(name, f"there is no {TOOLS[name]} on the path")
    assert server.ca
    script = BLOCKS[name].replace("http://localhost:8080", server.http).replace("localhost:8443", server.https_host)
    for home in ("~", "${os.homedir()}"):
        script = script.replace(f"{home}/.vonage-video-emulator", str(server.ca.parent))
    script = script.replace('System.getProperty("user.home") + "/.vonage-video-emulator', f'"{server.ca.parent}')
    done = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = re.sub(r"\x1b\[\d*m", "", done.stdout)  # Maven resets colours that it did not set
    assert re.fullmatch(r"recording: (started|STARTED) [0-9a-f-]{36}\n", printed), done.stdout


def test_the_workflow_is_well_formed_and_waits_until_the_emulator_is_well() -> None:
    workflow, _ = re.findall(r"^```yaml\n(.*?)^```$", INTEGRATIONS, re.MULTILINE | re.DOTALL)
    service = yaml.safe_load(workflow)["jobs"]["test"]["services"]["emulator"]
    assert "vonage-video-emulator health" in service["options"]


def test_the_python_recipe_of_containers_is_python() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", INTEGRATIONS, re.MULTILINE | re.DOTALL)
    compile(block, "conftest.py", "exec")
