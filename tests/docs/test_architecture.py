"""The page that explains the inside names files that are there, and every room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TOPS = ("emulator", "state", "scenarios", "distribution", "docs", "tests")
WRITTEN = sorted(set(re.findall(rf"`((?:{'|'.join(TOPS)})/[\w./-]*)`", PAGE)))
# In pictures the names of the rooms alone.
DRAWN = sorted(set(re.findall(r"(?<![\w/`])((?!emulator/)[a-z_]+/[a-z_]+\.py)(?!`)", PAGE)))


def test_there_is_something_to_check() -> None:
    assert len(WRITTEN) > 50
    assert len(DRAWN) > 10


@pytest.mark.parametrize("path", WRITTEN)
def test_a_named_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", DRAWN)
def test_a_drawn_file_is_there(path: str) -> None:
    assert (ROOT / path).is_file() or (ROOT / "emulator" / path).is_file()


@pytest.mark.parametrize(
    "room", sorted(each.name for each in (ROOT / "emulator").iterdir() if (each / "__init__.py").is_file())
)
def test_every_room_is_explained(room: str) -> None:
    assert f"`emulator/{room}/`" in PAGE
