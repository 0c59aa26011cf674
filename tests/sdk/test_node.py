"""The suites of the Node SDKs: node's own runner runs each, and each of its tests is reported here.

The SDKs are installed once for each content of the lock file, outside the suites' folder.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import wellknown
from emulator.cli.recipes import RecipeTarget, recipe
from emulator.testing import Server
from tests.sdk.foreign import NEWEST, Run, completed, junit, kept, tool, unavailable
from tests.sdk.results import Results, Sdk

NAME = "Node SDK"
NODE = Path(__file__).parent / "node"
TITLE = re.compile(r"^test\('([^']+)'", re.MULTILINE)
OLDEST_NODE = 20
INSTALL_SECONDS = 300
RUN_SECONDS = 300


PACKAGES = {"vonage": "@vonage/server-sdk", "opentok": "opentok"}
"""The package that each suite drives, by its folder."""

AGENTS = {"vonage": "@vonage/server-sdk", "opentok": "OpenTok-Node-SDK"}


def files(suite: str) -> list[Path]:
    """Return the files of a suite."""
    return sorted((NODE / suite).glob("*.test.js"))


def titles(suite: str) -> list[str]:
    """Return the title of every test in a suite, read without running it."""
    return [title for path in files(suite) for title in TITLE.findall(path.read_text("utf-8"))]


def pinned(packages: Path) -> dict[str, str]:
    """Return the version of each package in the lock file of the folder `packages`."""
    lock = json.loads((packages / "package-lock.json").read_text("utf-8"))
    return {name.removeprefix("node_modules/"): entry.get("version", "") for name, entry in lock["packages"].items()}


@pytest.fixture(scope="session")
def node() -> str:
    """A node that has its test runner and `fetch`."""
    path = tool(NAME, "node")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        unavailable(NAME, f"node {version} is older than {OLDEST_NODE}")
    return path


@pytest.fixture(scope="session")
def packages(node: str, pytestconfig: pytest.Config) -> Path:
    """The folder with the SDKs installed as the lock file says, kept from run to run."""
    sources = [NODE / name for name in ("package.json", "package-lock.json", ".npmrc")]

    def install(folder: Path) -> None:
        for path in sources:
            shutil.copy(path, folder)
        newest = [f"{name}@latest" for name in json.loads(sources[0].read_text("utf-8"))["dependencies"]]
        what = ["install", "--package-lock", *newest] if NEWEST else ["ci"]
        command = [tool(NAME, "npm"), *what, "--ignore-scripts", "--no-audit", "--no-fund"]
        npm = completed(command, folder, INSTALL_SECONDS)
        if npm.returncode:
            unavailable(NAME, f"npm ended with status {npm.returncode}:\n{npm.stdout}{npm.stderr}")

    return kept(pytestconfig, "node-sdks", sources, install)


@pytest.fixture(scope="session")
def runs(server: Server, node: str, packages: Path, sdk_results: Results) -> Callable[[str], Run]:
    """What gives the run of a suite against the emulator: each runs once."""

    @functools.cache
    def run(suite: str) -> Run:
        command = [node, "--test", "--test-reporter=junit", *(str(path) for path in files(suite))]
        driven = Sdk(f"{suite}-node", pinned(packages)[PACKAGES[suite]], AGENTS[suite])
        environment = {"EMULATOR_URL": server.http, "NODE_PATH": str(packages / "node_modules"), "SDK": driven.name}
        done = completed(command, NODE, RUN_SECONDS, environment)
        result = Run(junit(ElementTree.fromstring(done.stdout)), f"{done.stdout}\n{done.stderr}")
        sdk_results.of_run(server, driven, result.failures)
        return result

    return run


@pytest.mark.parametrize(("suite", "title"), [(suite, title) for suite in PACKAGES for title in titles(suite)])
def test_node(runs: Callable[[str], Run], suite: str, title: str) -> None:
    """One test of a suite."""
    runs(suite).check(title)


@pytest.mark.parametrize("suite", PACKAGES)
def test_node_runs_nothing_that_is_not_reported_here(runs: Callable[[str], Run], suite: str) -> None:
    run = runs(suite)
    assert run.failures.keys() - set(titles(suite)) == set(), run.output


@pytest.mark.parametrize("suite", PACKAGES)
def test_titles_are_unique_so_that_no_result_hides_another(suite: str) -> None:
    found = titles(suite)
    assert len(found) == len(set(found)) > 0


def test_the_opentok_lines_of_the_docs_work_as_printed(server: Server, node: str, packages: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "sdks.md").read_text("utf-8")
    (script,) = re.findall(r"^```js opentok\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    command = [node, "-e", script.replace("http://localhost:8080", server.http)]
    done = completed(command, NODE, RUN_SECONDS, {"NODE_PATH": str(packages / "node_modules")})
    assert (done.stdout, done.returncode) == ("recording: started\n", 0), done.stderr


def test_the_recipe_runs_as_printed(server: Server, node: str, packages: Path, tmp_path: Path) -> None:
    key = tmp_path / "private.key"
    key.write_text(wellknown.PRIVATE_KEY)
    script = recipe("node", RecipeTarget(server.http, server.https, server.ca, key)) + (
        "vonage.video.createSession().then((session) => console.log(session.sessionId.slice(0, 2)));\n"
        "video.createSession().then((session) => console.log(session.sessionId.slice(0, 2)));\n"
        "opentok.createSession((error, session) => console.log(session.sessionId.slice(0, 2)));\n"
    )
    done = completed([node, "-e", script], tmp_path, RUN_SECONDS, {"NODE_PATH": str(packages / "node_modules")})
    assert done.stdout.split() == ["2_", "2_", "2_"], done.stderr


def test_lock_file_names_no_registry_and_pins_every_package_by_its_digest() -> None:
    lock = json.loads((NODE / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert packages["node_modules/@vonage/server-sdk"]["version"] == "3.27.0"
    assert packages["node_modules/opentok"]["version"] == "2.23.2"
