"""The suite must use all that the `vonage` package can do with video."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from vonage import Video

SUITE = Path(__file__).parent

EXCLUDED = {
    "http_client": "a property that gives the transport; it sends nothing by itself",
}


def called_names(source: str) -> set[str]:
    """Return the names of all methods called in, or handed on by, `source`."""
    tree = ast.parse(source)
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_every_public_method_of_the_sdk_is_exercised() -> None:
    methods = {name for name, _ in inspect.getmembers(Video) if not name.startswith("_")} - EXCLUDED.keys()
    assert len(methods) > 30, "the SDK has lost its methods, or this check its way of finding them"
    used = set[str]().union(*(called_names(path.read_text(encoding="utf-8")) for path in SUITE.glob("test_*.py")))
    assert methods - used == set()
