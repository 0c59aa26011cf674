"""Installing the project takes nothing that is a user's: neither a name, nor a file."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from distribution.namespace import NAME, PACKAGES
from tests.distribution.conftest import build
from tests.distribution.environment import ROOT, Environment, digests
from tests.store import postgres

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "a-game"
version = "1"
[tool.hatch.build.targets.wheel]
packages = ["emulator", "state", "scenarios"]
[tool.hatch.build]
dev-mode-dirs = ["."]
"""
# Plugins of ours that a user need not have, and that cost.
FLAGS = " ".join(f"-p no:{name}" for name in ("cacheprovider", "schemathesis", "hypothesispytest", "playwright"))
TYPED = """
from vonage_video_emulator.client import Emulator
from vonage_video_emulator.testing import running_server

def first(emulator: Emulator) -> str:
    return emulator.applications()[0].id

reveal_type(Emulator)
reveal_type(running_server)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project, whose packages have the names of our sources."""
    folder = tmp_path / "project"
    for name in PACKAGES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text('OWNER = "the project"\n')
        (folder / name / "__main__.py").write_text(f'print("the project\'s {name}")\n')
        (folder / name / "world.py").write_text("LEVEL = 1\n")
        (folder / name / "levels.json").write_text("[1, 2]\n")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "pytest.ini").write_text(f"[pytest]\nfilterwarnings = error\naddopts = {FLAGS}\n")
    shutil.copytree(ROOT / "tests" / "distribution" / "project", folder / "tests")
    return folder


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of a PostgreSQL database."""
    with postgres.running() as server:
        yield server.new_database("wheel")


@pytest.fixture
def modules(wheel: Path) -> list[str]:
    """The name of every module in the wheel, without those that are programs."""
    with zipfile.ZipFile(wheel) as archive:
        files = [Path(name) for name in archive.namelist() if name.endswith(".py")]
    names = [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]
    return [name for name in names if not name.endswith("__main__")]


def test_a_wheel_has_one_package(wheel: Path, modules: list[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0].partition("-")[0] for name in archive.namelist()}
        names = set(archive.namelist())
    assert tops == {NAME}
    assert {f"{NAME}.app", f"{NAME}.client", f"{NAME}.state.world", f"{NAME}.scenarios.engine"} <= set(modules)
    for top, package in PACKAGES.items():
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{package.replace('.', '/')}/{path.relative_to(ROOT / top)}" in names


def test_a_wheel_is_the_same_from_a_clone_and_from_the_source_distribution(wheel: Path, tmp_path: Path) -> None:
    contents = []
    for file in (wheel, build(ROOT, "wheel", tmp_path / "direct")):
        with zipfile.ZipFile(file) as archive:
            contents.append({name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name})
    assert contents[0] == contents[1]


@pytest.mark.extended
@pytest.mark.parametrize("ours_first", [False, True])
def test_beside_a_distribution_with_packages_of_these_names(
    ours_first: bool, environment: Environment, wheel: Path, project: Path, modules: list[str], tmp_path: Path
) -> None:
    theirs = build(project, "wheel", tmp_path / "theirs")
    before = environment.files()
    environment.install(*([wheel, theirs] if ours_first else [theirs, wheel]))
    for name in PACKAGES:
        shutil.rmtree(project / name)  # what is installed is found
    if ours_first:
        environment.run("-m", NAME, "version", folder=tmp_path)
    else:
        use(environment, project, modules)
    environment.pip("uninstall", "--yes", "vonage-video-emulator")
    left = {name: digest for name, digest in environment.files().items() if name not in before}
    with zipfile.ZipFile(theirs) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == {
            name for name in left if ".dist-info/" not in name
        }
    for name in PACKAGES:
        assert environment.run("-m", name, folder=tmp_path).stdout == f"the project's {name}\n"
    environment.run("-m", NAME, "version", folder=tmp_path, status=1)


@pytest.mark.extended
@pytest.mark.parametrize(
    ("form", "way"), [("wheel", "PYTHONPATH=."), ("wheel", "editable project"), ("editable", "PYTHONPATH=.")]
)
def test_beside_a_project_with_folders_of_these_names(
    form: str,
    way: str,
    environment: Environment,
    wheel: Path,
    project: Path,
    modules: list[str],
    database: str,
    tmp_path: Path,
) -> None:
    environment.install(*(["-e", ROOT] if form == "editable" else [wheel]))
    check_that_nothing_else_is_found(environment, tmp_path)
    before = digests(project)
    if way == "editable project":
        environment.install("-e", project)
        use(environment, project, modules)
    else:
        use(environment, project, modules, POSTGRESQL_URL=database, PYTHONPATH=".")
    assert digests(project) == before


def check_that_nothing_else_is_found(environment: Environment, folder: Path) -> None:
    others = [*PACKAGES, "tests", "benchmarks", "docs", "examples", "distribution"]
    code = f"from importlib.util import find_spec; print([name for name in {others} if find_spec(name)])"
    assert environment.run("-c", code, folder=folder).stdout == "[]\n"


def use(environment: Environment, project: Path, modules: list[str], **variables: str) -> None:
    """Run the tests of the project, which use everything that we have and everything that it has."""
    environment.run(
        "-m", "pytest", "-q", "-x", "tests", folder=project, variables={"MODULES": json.dumps(modules), **variables}
    )


@pytest.mark.extended
def test_a_users_strict_types_see_ours(environment: Environment, wheel: Path, tmp_path: Path) -> None:
    environment.install(wheel)
    (tmp_path / "typed.py").write_text(TYPED)
    command: list[str | Path] = ["-m", "mypy", "--strict", "--python-executable", environment.python, "typed.py"]
    told = environment.run(*command, folder=tmp_path).stdout
    assert "def (base_url: builtins.str =" in told or f"{NAME}.client" in told
    assert "Any" not in told.split("running_server")[0]
    assert "Success: no issues found" in told
