"""No list of the kinds of resources is kept by hand: one that is added must not be missing anywhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.resources import RESOURCES

ROOT = Path(__file__).parent.parent
MOST = 2
"""Kinds that may be named together, such as the two that are composed, or that are legs."""

REGISTRIES = {
    "state/resources.py",
    "scenarios/resources/registry.py",
    "emulator/resources/registry.py",
    "emulator/control/resources/registry.py",
}

BY_OPERATION = {
    "emulator/service/": "handlers",
    "emulator/spec/operations.py": "paths",
    "emulator/spec/contract.py": "statuses and refusals of operations",
    "emulator/spec/limits.py": "limits of requests",
    "emulator/spec/schemas/bodies.py": "bodies of operations",
    "emulator/webhooks.py": "names of webhooks, which a type checker has to know; bodies.py is checked against it",
}
"""What is listed by operation or webhook: a kind may have several, or none."""

WORDS = {
    word: kind.name
    for kind in RESOURCES
    for word in (kind.name, kind.plural, kind.type.__name__, kind.type.__module__.rpartition(".")[2])
}
"""What a kind goes by in code."""


def kinds_in(node: ast.AST) -> Iterator[str]:
    """Yield the kinds that are named in an expression: by their word, class or module, or as the start of a name."""
    for part in ast.walk(node):
        word = ""
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " not in part.value:
            found = re.match(r"[a-z]+", part.value)
            word = found[0] if found else ""
        elif isinstance(part, ast.Name):
            word = part.id
        elif isinstance(part, ast.Attribute):
            word = part.attr
        if word in WORDS:
            yield WORDS[word]


def lists_in(source: str) -> Iterator[tuple[int, set[str]]]:
    """Yield line and kinds of everything that may be a list of kinds: collections, unions, imports, branches."""
    tree = ast.parse(source)
    imported: set[str] = set()
    asked: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield node.lineno, {kind for each in node.elts for kind in kinds_in(each)}
        elif isinstance(node, ast.Dict):
            yield node.lineno, {kind for each in node.keys if each for kind in kinds_in(each)}
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            yield node.lineno, set(kinds_in(node))
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").rpartition(".")[2], *(each.name for each in node.names)]
            imported.update(WORDS[name] for name in names if name in WORDS)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            asked.update(kinds_in(node.args[1]))
        elif isinstance(node, ast.Compare) and all(isinstance(each, ast.Constant) for each in node.comparators):
            asked.update(kind for each in node.comparators for kind in kinds_in(each))
    yield 1, imported
    yield 1, asked


SOURCES = [
    path
    for folder in ("state", "scenarios", "emulator")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not str(path.relative_to(ROOT)).startswith((*REGISTRIES, *BY_OPERATION))
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_lists_kinds(path: Path) -> None:
    found = [(line, sorted(kinds)) for line, kinds in lists_in(path.read_text()) if len(kinds) > MOST]
    assert not found, f"declare it with each kind, and derive it from the registry of the floor: {found}"


@pytest.mark.parametrize("registry", sorted(REGISTRIES))
def test_registries_are_such_lists(registry: str) -> None:
    """Else the test above would not see one."""
    kinds = {kind.name for kind in RESOURCES}
    assert [found for _, found in lists_in((ROOT / registry).read_text()) if found == kinds]


@pytest.mark.parametrize(
    "source",
    [
        'X = ("archive", "broadcast", "render")',
        'X = {"archives": 1, "calls": 2, "captions": 3}',
        "from state import archives, calls, renders",
        "from state.archives import Archive\nfrom state.calls import Call\nfrom state.renders import Render",
        'X = {"archive.started": 1, "call.created": 2, "render.starting": 3}',
        "def f(x: Archive | Call | Render) -> None: ...",
        'if k == "archive":\n    x = 1\nelif k == "call":\n    x = 2\nelif k == "render":\n    x = 3',
        "X = [app[Archive], app[Call], app[Render]]",
    ],
)
def test_every_way_to_list_kinds_is_seen(source: str) -> None:
    assert max(len(kinds) for _, kinds in lists_in(source)) == 3


def words_in(text: str) -> set[str]:
    """Return the kinds that are named in the literals, keys and classes of a page's file."""
    literals = re.findall(r"'([^'\n]*)'|\"([^\"\n]*)\"|\b(\w+):(?= ?['{\[(])|\.k-(\w+)", text)
    words = {word for groups in literals for word in " ".join(groups).split()}
    return {WORDS[word] for word in words if word in WORDS}


PAGE = [
    path
    for path in sorted((ROOT / "emulator" / "dashboard").rglob("*"))
    if path.suffix in (".js", ".css") and path.name != "kinds.js" and "vendor" not in path.parts
]


@pytest.mark.parametrize("path", PAGE, ids=lambda path: path.name)
def test_no_part_of_the_page_lists_kinds(path: Path) -> None:
    assert len(words_in(path.read_text())) <= MOST, "declare it in kinds.js"


@pytest.mark.parametrize(
    "text",
    ["'archive call render'.split(' ')", "['archives', 'calls', 'renders']", "{ archive: 'a', call: 'b', render: 'c' }",
     ".k-archive {} .k-call {} .k-render {}"],
)  # fmt: skip
def test_every_way_to_list_kinds_is_seen_in_the_page(text: str) -> None:
    assert len(words_in(text)) == 3
