"""The table that a run prints, in Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line: `ok` is None where there is no budget to keep."""

    what: str
    measured: str
    budget: str = ""
    ok: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "yes", False: "**no**", None: ""}[self.ok]
        cells = (self.what, self.measured, self.budget, verdict)
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


HEAD = "| what | measured | budget | ok |\n|---|---|---|---|"


def at_most(what: str, value: float, limit: float, measured: str, budget: str) -> Row:
    """Return a row that is ok up to `limit`."""
    return Row(what, measured, f"≤ {budget}", value <= limit)


def at_least(what: str, value: float, limit: float, measured: str, budget: str) -> Row:
    """Return a row that is ok from `limit` on."""
    return Row(what, measured, f"≥ {budget}", value >= limit)


def spread(values: list[float], unit: str = "", digits: int = 2) -> str:
    """Write smallest and largest value and their number."""
    return f"{min(values):.{digits}f}–{max(values):.{digits}f}{unit} in {len(values)}"
