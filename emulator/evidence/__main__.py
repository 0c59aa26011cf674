"""`python -m emulator.evidence`: write `docs/evidence.md` anew, from a clone of the repository."""

from __future__ import annotations

from pathlib import Path

from emulator.evidence.page import markdown
from emulator.evidence.table import evidence

(Path(__file__).parents[2] / "docs" / "evidence.md").write_text(markdown(evidence()), encoding="utf-8")
