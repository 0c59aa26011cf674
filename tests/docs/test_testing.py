"""What docs/testing.md shows works when it is copied, and it names everything there is."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import pytest_plugin
from emulator.client import ApplicationClient, Clock, Emulator, Faults, Outbox, Participants, Scenario
from emulator.testing import Receiver, Server
from tests.plugin import installed_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))

PRINTED = {
    "client": ["90 seconds", "True", "['createSession', 'startArchive', 'stopArchive']"],
    "async": ["True"],
    "waiting": ["no connection.created within 0.1 s", "nothing has happened yet"],
    "outbox": ["[]"],
    "receiver": ["1 [503, 200]"],
    "faults": [
        "200 503 200",
        "1 ['', 'second-fails', '']",
        "503 True",
        "200",
        "createSession was called 5 times, expected exactly 4",
    ],
    "unittest": [],
}


def test_every_block_is_run() -> None:
    assert set(BLOCKS) == {*PRINTED, "pytest"}
    assert PAGE.count("```python") == len(BLOCKS)


@pytest.mark.parametrize("name", PRINTED)
def test_scripts_print_what_they_should(name: str, server: Server, tmp_path: Path) -> None:
    script = BLOCKS[name].replace("http://localhost:8080", server.http)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        env={**installed_in(tmp_path), **server.trust},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == PRINTED[name]


def test_the_pytest_example_passes(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in installed_in(tmp_path).items():
        monkeypatch.setenv(name, value)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n")
    pytester.makepyfile(BLOCKS["pytest"])
    pytester.runpytest_subprocess(timeout=60).assert_outcomes(passed=2)


@pytest.mark.parametrize("kind", [Emulator, ApplicationClient, Clock, Participants, Outbox, Faults, Scenario, Receiver])
def test_every_call_is_named_and_documented(kind: type) -> None:
    for name, member in inspect.getmembers(kind):
        if not name.startswith("_") and (callable(member) or inspect.isdatadescriptor(member)):
            assert re.search(rf"`(\w+\.)?{name}\b", PAGE) or f".{name}(" in PAGE, name


@pytest.mark.parametrize("kind", [Emulator, ApplicationClient, Clock, Participants, Outbox, Faults, Scenario, Receiver])
def test_every_call_has_a_docstring(kind: type) -> None:
    for name in dir(kind):
        if not name.startswith("_"):
            assert inspect.getattr_static(kind, name).__doc__, name


def test_every_fixture_option_and_variable_is_named() -> None:
    source = inspect.getsource(pytest_plugin)
    fixtures = re.findall(r"@pytest\.fixture.*\ndef (\w+)", source)
    options = re.findall(r'"(--video-[\w-]+)"', source)
    variables = re.findall(r'"(VONAGE_\w+)"', source)
    assert (len(fixtures), len(options), len(variables)) == (7, 4, 4)
    for name in (*fixtures, *options, *variables, "video_emulator_flags"):
        assert f"`{name}`" in PAGE, name
