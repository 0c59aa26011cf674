"""YAML with the place of everything in it, so that a mistake can be shown where it was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from scenarios.strict import Path, RuleError
from state.nesting import MAX_DEPTH

MAX_NODES = 10_000
MERGE = "tag:yaml.org,2002:merge"

Place = tuple[int, int]
"""Line and column, from 1."""


class PackError(Exception):
    """A pack cannot be used; the text names file, line and column, and what to do."""

    def __init__(self, file: str, place: Place, message: str, suggestion: str = "") -> None:
        self.file, (self.line, self.column) = file, place
        self.message = message
        self.suggestion = suggestion
        super().__init__(f"{file}:{self.line}:{self.column}: {message}" + (f"; {suggestion}" if suggestion else ""))


@dataclass
class Document:
    """What a YAML text says, and where each key and value stands."""

    file: str
    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def error(self, error: RuleError, suggestion: str = "") -> PackError:
        """Return the mistake with its place: the nearest one that is written there."""
        path = error.path
        if error.key and path in self.keys:
            place = self.keys[path]
        else:
            while path and path not in self.values:
                path = path[:-1]
            place = self.values.get(path, (1, 1))
        where = ".".join(str(part) for part in (error.path[:-1] if error.key else error.path))
        message = f"{where}: {error.message}" if where else error.message
        return PackError(self.file, place, message, suggestion or error.suggestion)


def parse(text: str, file: str) -> Document:
    """Read YAML. Raises `PackError` where it is none, or where a key is written twice."""
    document = Document(file)
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        if node is not None:
            _Reader(document).read(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if "expected a single document" in str(error.context):
            raise PackError(file, _place(mark), "another document begins here (---): one file is one pack") from None
        tab = "\t" in str(error.problem) or "'\\t'" in str(error.problem)
        hint = "indent with spaces, not tabs" if tab else "check the indent of this line and of the one before"
        raise PackError(file, _place(mark), f"this is no YAML: {error.problem or error.context}", hint) from None
    except yaml.YAMLError as error:
        raise PackError(file, (1, 1), f"this is no YAML: {error}") from None
    except RecursionError:
        raise PackError(file, (1, 1), "this is nested too deeply for a pack") from None
    return document


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._construct: Any = yaml.constructor.SafeConstructor()
        self._nodes = 0

    def read(self, node: yaml.Node) -> None:
        self._document.data = self._value(node, ())

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise PackError(self._document.file, _place(node.start_mark), "this is too large for a pack")
        if len(path) > MAX_DEPTH:
            text = f"this is nested too deeply: {MAX_DEPTH} levels are allowed"
            raise PackError(self._document.file, _place(node.start_mark), text)
        self._document.values[path] = _place(node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return {key: self._value(value, (*path, key)) for key, value in self._pairs(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> list[tuple[str, yaml.Node]]:
        pairs = []
        for key_node, value in node.value:
            place = _place(key_node.start_mark)
            if key_node.tag == MERGE:
                raise PackError(self._document.file, place, "keys cannot be merged in (<<): write them out")
            key = str(self._scalar(key_node))
            if (*path, key) in self._document.keys:
                raise PackError(self._document.file, place, f"{key} is written twice")
            self._document.keys[(*path, key)] = place
            pairs.append((key, value))
        return pairs

    def _scalar(self, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise PackError(self._document.file, _place(node.start_mark), "a key must be text")
        if node.tag.rpartition(":")[2] in ("timestamp", "binary"):
            return node.value
        try:
            return self._construct.construct_object(node)
        except (ValueError, KeyError, IndexError, OverflowError):
            kind = node.tag.rpartition(":")[2]
            place = _place(node.start_mark)
            raise PackError(self._document.file, place, f"{node.value[:50]!r} is no {kind}") from None


def _place(mark: yaml.Mark | None) -> Place:
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
