"""The suites of the Node SDKs: node's own runner runs each, and each of its tests is reported here.

The SDKs are installed once for each content of the lock file, outside the suites' folder. Without node, npm or a
registry the tests are skipped; under CI, where they must run, they fail.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from emulator.testing import Server
from tests.sdk.results import Results, Sdk

NODE = Path(__file__).parent / "node"
TITLE = re.compile(r"^test\('([^']+)'", re.MULTILINE)
OLDEST_NODE = 20
INSTALL_SECONDS = 300
RUN_SECONDS = 300


PACKAGES = {"vonage": "@vonage/server-sdk", "opentok": "opentok"}
"""The package that each suite drives, by its folder."""

AGENTS = {"vonage": "@vonage/server-sdk", "opentok": "OpenTok-Node-SDK"}


@dataclass
class Run:
    """What one run of a suite said: a failure text (or None) for each title, and all that node printed."""

    failures: dict[str, str | None] = field(default_factory=dict)
    output: str = ""


def files(suite: str) -> list[Path]:
    """Return the files of a suite."""
    return sorted((NODE / suite).glob("*.test.js"))


def titles(suite: str) -> list[str]:
    """Return the title of every test in a suite, read without running it."""
    return [title for path in files(suite) for title in TITLE.findall(path.read_text("utf-8"))]


def sdk(suite: str) -> Sdk:
    """Return what a suite drives, in the version that the lock file pins."""
    lock = json.loads((NODE / "package-lock.json").read_text("utf-8"))
    version = lock["packages"][f"node_modules/{PACKAGES[suite]}"]["version"]
    return Sdk(f"{suite}-node", version, AGENTS[suite])


def unavailable(reason: str) -> NoReturn:
    """Skip because the suite cannot run on this machine; fail where it must run."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"the suites of the Node SDKs must run in CI: {reason}", pytrace=False)
    pytest.skip(f"the suites of the Node SDKs cannot run: {reason}")


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
    """The folder with the SDKs installed as the lock file says, kept from run to run."""
    sources = [NODE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    cache = pytestconfig.cache
    installed = (cache.mkdir("node-sdks") if cache else tmp_path_factory.mktemp("node-sdks")) / key
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
def runs(server: Server, node: str, modules: Path, sdk_results: Results) -> Callable[[str], Run]:
    """What gives the run of a suite against the emulator: each runs once."""

    @functools.cache
    def run(suite: str) -> Run:
        command = [node, "--test", "--test-reporter=junit", *(str(path) for path in files(suite))]
        driven = sdk(suite)
        environment = {**os.environ, "EMULATOR_URL": server.http, "NODE_PATH": str(modules), "SDK": driven.name}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS)
        result = Run(output=f"{done.stdout}\n{done.stderr}")
        for case in ElementTree.fromstring(done.stdout).iter("testcase"):
            problem = case.find("failure")
            text = None if problem is None else (problem.text or problem.get("message") or "failed")
            result.failures[case.get("name", "")] = text
        sdk_results.of_run(server, driven, result.failures)
        return result

    return run


@pytest.mark.parametrize(("suite", "title"), [(suite, title) for suite in PACKAGES for title in titles(suite)])
def test_node(runs: Callable[[str], Run], suite: str, title: str) -> None:
    """One test of a suite."""
    run = runs(suite)
    assert title in run.failures, f"node did not run it:\n{run.output}"
    problem = run.failures[title]
    if problem:
        pytest.fail(problem, pytrace=False)


@pytest.mark.parametrize("suite", PACKAGES)
def test_node_runs_nothing_that_is_not_reported_here(runs: Callable[[str], Run], suite: str) -> None:
    run = runs(suite)
    assert run.failures.keys() - set(titles(suite)) == set(), run.output


@pytest.mark.parametrize("suite", PACKAGES)
def test_titles_are_unique_so_that_no_result_hides_another(suite: str) -> None:
    found = titles(suite)
    assert len(found) == len(set(found)) > 0


def test_the_opentok_lines_of_the_readme_work_as_printed(server: Server, node: str, modules: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (script,) = re.findall(r"^```js opentok\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [node, "-e", script.replace("http://localhost:8080", server.http)],
        env={**os.environ, "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.returncode) == ("recording: started\n", 0), done.stderr


def test_lock_file_names_no_registry_and_pins_every_package_by_its_digest() -> None:
    lock = json.loads((NODE / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert packages["node_modules/@vonage/server-sdk"]["version"] == "3.27.0"
    assert packages["node_modules/opentok"]["version"] == "2.23.2"
