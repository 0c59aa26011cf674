"""Writes docs/limits.md from the table of limits: `python -m tests.docs.limits`."""

from __future__ import annotations

from pathlib import Path

from emulator.spec.limits import LIMITS, Enforcement, Limit

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
BEGIN, END = "<!-- limits -->\n", "<!-- /limits -->\n"


def rows() -> str:
    """Return the tables of the page: a section for each standing in the service."""
    titles: dict[Enforcement, str] = {
        "documented": "Documented, not enforced: accepted and noted",
        "enforced": "Enforced: refused",
        "ours": "Ours: refused to protect the emulator",
    }
    parts = []
    for standing, title in titles.items():
        found = [limit for limit in LIMITS.values() if limit.service == standing]
        lines = "".join(_row(limit) for limit in found)
        parts.append(f"### {title}\n\n| where | field | allowed | in `spec` | source |\n|---|---|---|---|---|\n{lines}")
    return "\n".join(parts)


def _row(limit: Limit) -> str:
    where = ", ".join(f"`{name}`" for name in limit.where.split(", ")) if "every" not in limit.where else limit.where
    spec = "" if limit.spec == limit.service else limit.spec
    return f"| {where} | {limit.field} | {limit.allowed} | {spec} | {_source(limit.source)} |\n"


def _source(source: str) -> str:
    return f"fidelity/{source}" if ".md" in source.partition(" ")[0] else source


def page(text: str) -> str:
    """Return the page with its tables renewed."""
    head, _, rest = text.partition(BEGIN)
    return head + BEGIN + rows() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
