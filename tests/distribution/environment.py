"""A fresh Python environment, made in no time: what it depends on is linked, not installed again."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
EMPTY: Mapping[str, str] = {}


class Environment:
    """An environment in `folder` that finds the packages in `dependencies` after its own."""

    def __init__(self, folder: Path, dependencies: Path) -> None:
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        self.packages = next(folder.glob("lib/python*/site-packages"))
        (self.packages / "dependencies.pth").write_text(f"{dependencies}\n")

    def pip(self, *arguments: str | Path) -> None:
        """Run pip for this environment, without a network."""
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.python, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, *what: str | Path) -> None:
        """Install wheels, or with `-e` before it a folder."""
        self.pip("install", "--no-deps", "--no-index", "--no-build-isolation", *what)

    def run(
        self, *arguments: str | Path, folder: Path, status: int = 0, variables: Mapping[str, str] = EMPTY
    ) -> subprocess.CompletedProcess[str]:
        """Run Python in `folder`; it has to end with `status`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [self.python, *arguments]
        done = subprocess.run(
            command, cwd=folder, env={**inherited, **variables}, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def files(self) -> dict[str, str]:
        """Return the digest of every installed file, without bytecode and pip's own notes."""
        return digests(self.packages)


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below `folder` but bytecode, by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
