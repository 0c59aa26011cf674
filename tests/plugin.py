"""The plugin as pip installs it, for test runs in processes of their own."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def installed_in(folder: Path) -> dict[str, str]:
    """Install the package's alias and entry points into `folder`; return the environment that has them on its path.

    This is what an installation adds to the packages themselves, taken from the same pyproject.toml. Where the project
    is installed, editable or not, pytest finds the same plugin twice and takes it once.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for source, target in project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].items():
        (folder / target).write_text((ROOT / source).read_text(encoding="utf-8"), encoding="utf-8")
    metadata = folder / "vonage_video_emulator-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vonage-video-emulator\nVersion: 0\n")
    entries = [f"{name} = {target}\n" for name, target in project["project"]["entry-points"]["pytest11"].items()]
    (metadata / "entry_points.txt").write_text("[pytest11]\n" + "".join(entries))
    # The project's folder goes last: a module of the same name in the folder of the run must win, as when installed.
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
