"""The example application passes its own tests, run as its README says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.plugin import installed_in

RECORDER = Path(__file__).parents[2] / "examples" / "recorder"


def test_the_recorder_passes_its_tests(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in installed_in(tmp_path).items() if not name.startswith("VONAGE_VIDEO_EMULATOR")
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=RECORDER, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_the_version_of_the_sdk_that_we_test() -> None:
    pinned = next(line for line in (RECORDER / "requirements.txt").read_text().splitlines() if "vonage" in line)
    assert f'"{pinned}"' in (RECORDER.parents[1] / "pyproject.toml").read_text()
