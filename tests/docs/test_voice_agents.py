"""The complete test of docs/voice-agents.md passes when it is copied."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plugin import installed_in

PAGE = (Path(__file__).parents[2] / "docs" / "voice-agents.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_the_example_passes(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in installed_in(tmp_path).items():
        monkeypatch.setenv(name, value)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n")
    pytester.makepyfile(BLOCKS["agent"])
    pytester.runpytest_subprocess(timeout=60).assert_outcomes(passed=1)
