"""Wheels of the project, and environments to install them into."""

from __future__ import annotations

import site
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.distribution.environment import ROOT, Environment

collect_ignore = ["project"]


@pytest.fixture(scope="session")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what is installed here, without the project itself."""
    folder = tmp_path_factory.mktemp("dependencies")
    for installed in map(Path, site.getsitepackages()):
        for entry in installed.iterdir():
            if not entry.name.lstrip("_").startswith("vonage_video_emulator") and entry.suffix != ".pth":
                (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture
def environment(dependencies: Path, tmp_path: Path) -> Environment:
    """A fresh environment that has the dependencies, and nothing of the project."""
    return Environment(tmp_path / "environment", dependencies)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an unpacked source distribution."""
    folder = tmp_path_factory.mktemp("sources")
    build(ROOT, "sdist", folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("vonage_video_emulator-*/"))


@pytest.fixture(scope="session")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the source distribution."""
    return build(sources, "wheel", tmp_path_factory.mktemp("wheel"))


def build(project: Path, target: str, folder: Path) -> Path:
    """Build a distribution of `project` into `folder`; return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    return next(folder.iterdir())
