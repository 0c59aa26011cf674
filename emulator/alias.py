"""This package under a second name: installed next to it as `vonage_video_emulator`.

pytest loads plugins of installed packages into every test run, also into those of projects that have an `emulator`
module of their own. Under this name the plugin neither needs nor hides that one.
"""

from __future__ import annotations

import sys
from pathlib import Path

_FOLDERS = [Path(__file__).resolve().parent, *map(Path, sys.path)]

# Importing `vonage_video_emulator.client` reads `emulator/client`; an editable install has it in another folder.
__path__ = [str(folder / "emulator") for folder in _FOLDERS if (folder / "emulator" / "pytest_plugin.py").is_file()][:1]
