"""No list of operations is kept by hand: what is said of one stands at its handler, and everything else derives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.evidence import table
from emulator.service.operations import BY_ID, OPERATIONS
from emulator.spec.operations import operation

ROOT = Path(__file__).parent.parent
MOST = 2
"""Operations that may be named together."""

CLIENTS = ("emulator/client/", "emulator/cli/")
"""What calls operations itself, or writes examples of how others do."""


def lists_in(source: str) -> Iterator[tuple[int, set[str]]]:
    """Yield line and operations of everything that may be a list of operations."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield node.lineno, {name for each in node.elts for name in named_in(each)}
        elif isinstance(node, ast.Dict):
            yield node.lineno, {name for each in node.keys if each for name in named_in(each)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, set(node.value.split()) & BY_ID.keys()
    compared = [
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        for each in node.comparators
        for name in named_in(each)
    ]
    yield 1, set(compared)


def named_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and part.value in BY_ID:
            yield str(part.value)


SOURCES = [
    path
    for folder in ("state", "scenarios", "emulator")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not str(path.relative_to(ROOT)).startswith(CLIENTS)
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_lists_operations(path: Path) -> None:
    found = [(line, sorted(names)) for line, names in lists_in(path.read_text()) if len(names) > MOST]
    assert not found, f"declare it at each handler: {found}"


@pytest.mark.parametrize(
    "source",
    [
        'X = ("startArchive", "dial", "getRender")',
        'X = {"startArchive": 1, ("dial", "uri"): 2, "getRender": 3}',
        'X = "startArchive dial getRender".split()',
        'if x == "startArchive":\n    y = 1\nelif x in ("dial", "getRender"):\n    y = 2',
    ],
)
def test_every_way_to_list_them_is_seen(source: str) -> None:
    assert max(len(names) for _, names in lists_in(source)) == 3


def test_every_operation_is_declared_once() -> None:
    assert len(OPERATIONS) == len(BY_ID)
    routes = [(method, each.full(path)) for each in OPERATIONS for method, path in each.routes]
    assert len(set(routes)) == len(routes)


def test_evidence_of_an_operation_without_a_source_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a page about all operations: one that is new must not take it away."""

    async def handler(_: object) -> None:
        """Return nothing."""

    new = operation("pauseArchive", "Archives", "POST", "/archive/{archiveId}/pause", "Pause")(handler)  # type: ignore[arg-type]
    monkeypatch.setattr(table, "OPERATIONS", (*OPERATIONS, new))
    (shown,) = [each for each in table.evidence()["operations"] if each["operation"] == "pauseArchive"]
    assert shown["source"]["level"] == "unknown"
