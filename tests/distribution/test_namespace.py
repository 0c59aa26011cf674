"""Imports under the installed name: which are rewritten, and which are refused."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from distribution.namespace import PACKAGES, assemble, rewrite
from tests.distribution.environment import ROOT


@pytest.mark.parametrize(
    ("written", "installed"),
    [
        ("from emulator import __version__", "from vonage_video_emulator import __version__"),
        ("from emulator.store.base import Store", "from vonage_video_emulator.store.base import Store"),
        ("from state.world import World  # one", "from vonage_video_emulator.state.world import World  # one"),
        ("from scenarios.x import (\n    y,\n)", "from vonage_video_emulator.scenarios.x import (\n    y,\n)"),
        ("def late():\n    from state import world", "def late():\n    from vonage_video_emulator.state import world"),
        ("from  state.ids  import Ids", "from  vonage_video_emulator.state.ids  import Ids"),
        ("é = 1; from state import x; import y", "é = 1; from vonage_video_emulator.state import x; import y"),
        ("import emulator", "import vonage_video_emulator as emulator"),
        ("import state, json", "import vonage_video_emulator.state as state, json"),
        ("import json, scenarios.rules as rules", "import json, vonage_video_emulator.scenarios.rules as rules"),
        ("import emulator as e, state as s", "import vonage_video_emulator as e, vonage_video_emulator.state as s"),
        ("import x\r\nfrom state import z\r\n", "import x\r\nfrom vonage_video_emulator.state import z\r\n"),
        # Not an import of ours, or not an import.
        *[(text, text) for text in (
            "from .state import x", "from . import state", "import statement", "from emulators import x",
            "from docker.emulator import x", "import a.state", 'text = "from state import x"',
            '"""\nfrom emulator import x\n"""', "# import state", "state.emulator = scenarios",
        )],
    ],
)  # fmt: skip
def test_imports_are_rewritten_and_nothing_else(written: str, installed: str) -> None:
    assert rewrite(written.encode(), "module.py") == installed.encode()
    ast.parse(installed)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("import emulator.app", "from … import"),
        ("import json, state.world", "from … import"),
        ("from \\\n    state import x", "on one line"),
        ("import \\\n    state.world as w, json", ""),
    ],
)
def test_an_import_that_would_bind_another_name_is_refused(written: str, told: str) -> None:
    if told:
        with pytest.raises(SyntaxError, match=told):
            rewrite(written.encode(), "module.py")
    else:
        assert b"vonage_video_emulator.state.world as w, json" in rewrite(written.encode(), "module.py")


def test_a_module_with_the_name_of_another_package_is_refused(tmp_path: Path) -> None:
    for name in PACKAGES:
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "root" / "emulator" / "state").mkdir()
    with pytest.raises(FileExistsError, match="state"):
        assemble(tmp_path / "root", tmp_path / "wheel")


@pytest.mark.parametrize("top", PACKAGES)
def test_no_source_imports_what_is_never_installed(top: str) -> None:
    for path in (ROOT / top).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {name.partition(".")[0] for name in names} & {"tests", "benchmarks", "distribution"}, path
