"""The specification: what it lets a request say, and which answers it lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from hypothesis import strategies as st

FILE = Path(__file__).parent / "vonage-video-openapi.yml"

Schema = dict[str, Any]

_TEXTS = st.sampled_from(["", " ", "x", "undefined", "null", "http://", "é" * 200, "\x00", "0", "<&>", "a" * 9000])


@dataclass(frozen=True)
class Listed:
    """One operation of the specification: `schema` of its body (None: it has none), `answers` by status."""

    id: str
    method: str
    path: str
    schema: Schema | None
    form: bool
    query: dict[str, Schema]
    answers: dict[int, Schema | None]

    def refuses(self, status: int, body: Any) -> str:
        """Return what is wrong with an answer, or nothing."""
        if status not in self.answers:
            return f"status {status} is not listed: {sorted(self.answers)}"
        schema = self.answers[status]
        if schema is None or status >= 300:
            return ""
        problem = next(iter(jsonschema_rs.validator_for(_strict(schema)).iter_errors(body)), None)
        return "" if problem is None else f"{problem.message} at {problem.instance_path}"


@cache
def document() -> dict[str, Any]:
    """Return the specification."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return read


@cache
def operations() -> dict[str, Listed]:
    """Return the operations by name."""
    return {each.id: each for each in _operations()}


def _operations() -> Iterator[Listed]:
    for path, methods in document()["paths"].items():
        for method, written in methods.items():
            content = written.get("requestBody", {}).get("content", {})
            schema = next((each["schema"] for each in content.values()), None)
            parameters = [resolved(each) for each in written.get("parameters", [])]
            yield Listed(
                written["operationId"],
                method.upper(),
                path,
                resolved(schema) if schema else None,
                "application/x-www-form-urlencoded" in content,
                {each["name"]: each["schema"] for each in parameters if each["in"] == "query"},
                {int(status): _answer(each) for status, each in written["responses"].items()},
            )


def _answer(written: Any) -> Schema | None:
    schema = resolved(written).get("content", {}).get("application/json", {}).get("schema")
    return resolved(schema) if schema else None


def resolved(schema: Any) -> Any:
    """Return a part of the specification without references."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            found: Any = document()
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            return resolved(found)
        return {key: resolved(value) for key, value in schema.items()}
    return [resolved(each) for each in schema] if isinstance(schema, list) else schema


def _strict(schema: Any) -> Any:
    """Return a schema that allows no key which it does not name."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if isinstance(strict.get("properties"), dict):
        strict["additionalProperties"] = False
    if strict.pop("nullable", False):
        strict["type"] = [strict["type"], "null"]
    return strict


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Return what a schema allows, the ends of it most of all."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "string":
            return _TEXTS | st.text(max_size=20)
        case "integer":
            return st.sampled_from([0, 1, -1, 59, 60, 36_001, 2**31, 2**63, -(10**12)]) | st.integers(-(2**53), 2**53)
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(values(schema["items"]), max_size=7)
    properties = schema.get("properties")
    if properties is None:
        return st.dictionaries(st.text(max_size=5), _TEXTS | st.integers(0, 9) | st.booleans(), max_size=3)
    required = schema.get("required", ())
    return st.fixed_dictionaries(
        {name: values(properties[name]) for name in required},
        optional={name: values(each) for name, each in properties.items() if name not in required},
    )
