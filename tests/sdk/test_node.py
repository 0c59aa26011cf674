"""The `@vonage/server-sdk` suite: node's own runner runs `node/suite`, and each of its tests is reported here.

The SDK is installed once for each content of the lock file, outside the suite's folder. Without node, npm or a registry
the tests are skipped; under CI, where they must run, they fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from emulator.testing import Server

NODE = Path(__file__).parent / "node"
SUITE = NODE / "suite"
TITLE = re.compile(r"^test\('([^']+)'", re.MULTILINE)
OLDEST_NODE = 20
INSTALL_SECONDS = 300
RUN_SECONDS = 300


@dataclass
class Run:
    """What one run of the suite said: a failure text (or None) for each title, and all that node printed."""

    failures: dict[str, str | None] = field(default_factory=dict)
    output: str = ""


def titles() -> list[str]:
    """Return the title of every test in the suite, read without running it."""
    return [title for path in sorted(SUITE.glob("*.test.js")) for title in TITLE.findall(path.read_text("utf-8"))]


def unavailable(reason: str) -> NoReturn:
    """Skip because the suite cannot run on this machine; fail where it must run."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"the Node SDK suite must run in CI: {reason}", pytrace=False)
    pytest.skip(f"the Node SDK suite cannot run: {reason}")


def tool(name: str) -> str:
    """Return the path of `name`, or give up."""
    path = shutil.which(name)
    if path is None:
        unavailable(f"there is no {name} on the path")
    return path


@pytest.fixture(scope="session")
def node() -> str:
    """A node that has its test runner and `fetch`."""
    path = tool("node")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        unavailable(f"node {version} is older than {OLDEST_NODE}")
    return path


@pytest.fixture(scope="session")
def modules(node: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the SDK installed as the lock file says, kept from run to run."""
    sources = [NODE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    cache = pytestconfig.cache
    installed = (cache.mkdir("vonage-node") if cache else tmp_path_factory.mktemp("vonage-node")) / key
    if not installed.exists():
        fresh = Path(tempfile.mkdtemp(dir=installed.parent))
        try:
            install(sources, fresh)
            with contextlib.suppress(OSError):  # another run was first
                fresh.rename(installed)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return installed / "node_modules"


def install(sources: list[Path], folder: Path) -> None:
    """Run `npm ci` in `folder`, or give up."""
    for path in sources:
        shutil.copy(path, folder)
    command = [tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    npm = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if npm.returncode:
        unavailable(f"npm ci ended with status {npm.returncode}:\n{npm.stdout}{npm.stderr}")


@pytest.fixture(scope="session")
def run(server: Server, node: str, modules: Path) -> Run:
    """One run of the whole suite against the emulator."""
    command = [node, "--test", "--test-reporter=junit", *(str(path) for path in sorted(SUITE.glob("*.test.js")))]
    environment = {**os.environ, "EMULATOR_URL": server.http, "NODE_PATH": str(modules)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS)
    result = Run(output=f"{done.stdout}\n{done.stderr}")
    for case in ElementTree.fromstring(done.stdout).iter("testcase"):
        problem = case.find("failure")
        text = None if problem is None else (problem.text or problem.get("message") or "failed")
        result.failures[case.get("name", "")] = text
    return result


@pytest.mark.parametrize("title", titles())
def test_node(run: Run, title: str) -> None:
    """One test of the Node suite."""
    assert title in run.failures, f"node did not run it:\n{run.output}"
    problem = run.failures[title]
    if problem:
        pytest.fail(problem, pytrace=False)


def test_node_runs_nothing_that_is_not_reported_here(run: Run) -> None:
    assert run.failures.keys() - set(titles()) == set(), run.output


def test_titles_are_unique_so_that_no_result_hides_another() -> None:
    found = titles()
    assert len(found) == len(set(found)) > 0


def test_lock_file_names_no_registry_and_pins_every_package_by_its_digest() -> None:
    lock = json.loads((NODE / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert packages["node_modules/@vonage/server-sdk"]["version"] == "3.27.0"
