"""The plugin as pip installs it, for test runs in processes of their own."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from distribution import namespace

ROOT = Path(__file__).parents[1]


def installed_in(folder: Path) -> dict[str, str]:
    """Install the project into `folder`, editable; return the environment that has it on its path.

    The entry points are taken from the same pyproject.toml as those of an installation. Where the project is installed,
    editable or not, pytest finds the same plugin twice and takes it once.
    """
    package = folder / namespace.NAME
    package.mkdir()
    (package / "__init__.py").write_text(namespace.editable(ROOT), encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    metadata = folder / f"{namespace.NAME}-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vonage-video-emulator\nVersion: 0\n")
    entries = [f"{name} = {target}\n" for name, target in project["project"]["entry-points"]["pytest11"].items()]
    (metadata / "entry_points.txt").write_text("[pytest11]\n" + "".join(entries))
    return {**os.environ, "PYTHONPATH": str(folder)}
