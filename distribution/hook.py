"""What hatchling calls when it builds a wheel: `emulator/`, `state/` and `scenarios/` become one package."""

from __future__ import annotations

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NamespaceBuildHook(BuildHookInterface[Any]):
    """Adds `vonage_video_emulator` to wheels: copies of the sources, or what finds them in an editable install."""

    PLUGIN_NAME = "custom"
    _folder = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the package to a folder of its own, from where the wheel takes it."""
        root = Path(self.root)
        namespace = runpy.run_path(str(root / "distribution" / "namespace.py"))
        self._folder = tempfile.mkdtemp(prefix="vonage-video-emulator-")
        name: str = namespace["NAME"]
        if version == "editable":
            module = Path(self._folder, "__init__.py")
            module.write_text(namespace["editable"](root), encoding="utf-8")
            build_data["force_include_editable"][str(module)] = f"{name}/__init__.py"
        else:
            build_data["force_include"][str(namespace["assemble"](root, Path(self._folder)))] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove that folder."""
        shutil.rmtree(self._folder)
