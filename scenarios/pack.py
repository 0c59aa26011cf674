"""Scenario packs: YAML files with parameters, rules and a timeline of what participants do.

`${name}` in a value takes the parameter's value: as it is where it is all of the value, else inside the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from scenarios.rules import Rule, read_rule
from scenarios.strict import Path, RuleError, Strict, read, require_writable
from scenarios.targets import Names
from scenarios.timeline import Step, require_players
from scenarios.yaml_positions import Document, parse
from state.spelling import did_you_mean

NAME = r"[a-z0-9][a-z0-9-]{0,63}"
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")

Value = int | Annotated[float, Field(allow_inf_nan=True)] | str | bool  # `Parameter` says what is wrong with NaN

_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
}


def _named(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise ValueError("a pack's name is up to 64 small letters, digits and `-`, the first one a letter or digit")
    return name


class Parameter(Strict):
    """What can be set when a pack is applied."""

    type: Literal["integer", "number", "string", "boolean"]
    default: Value
    description: str = ""
    min: float | None = None
    max: float | None = None
    choices: list[Value] | None = None

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        for choice in self.choices or ():
            self._check_type(choice, "choices")
        self.check(self.default, "default")
        return self

    def check(self, value: Any, what: str) -> None:
        """Raise ValueError unless the value fits."""
        self._check_type(value, what)
        if isinstance(value, int | float):
            if self.min is not None and value < self.min:
                raise ValueError(f"{what} must be {self.min:g} or more (got {value!r})")
            if self.max is not None and value > self.max:
                raise ValueError(f"{what} must be {self.max:g} or less (got {value!r})")
        if self.choices is not None and value not in self.choices:
            raise ValueError(f"{what} must be one of {', '.join(map(str, self.choices))} (got {value!r})")

    def _check_type(self, value: Any, what: str) -> None:
        right = isinstance(value, _TYPES[self.type]) and isinstance(value, bool) == (self.type == "boolean")
        if not right or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"{what} must be {'an' if self.type == 'integer' else 'a'} {self.type} (got {value!r})")


class PackFile(Strict):
    """A pack as it is written."""

    name: Annotated[str, AfterValidator(_named)] = Field(json_schema_extra={"pattern": f"^{NAME}$"})
    description: str = Field(min_length=1)
    parameters: dict[str, Parameter] = {}
    rules: list[Any] = []
    timeline: list[Any] = []

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.rules and not self.timeline:
            raise ValueError("a pack needs rules or a timeline")
        return self


@dataclass(frozen=True)
class Rendered:
    """A pack with its parameters set: rules and steps as JSON."""

    name: str
    parameters: dict[str, Any]
    rules: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


@dataclass(frozen=True)
class Pack:
    """A pack that can be applied. `bundled`: it came with the emulator."""

    written: PackFile
    document: Document
    names: Names
    bundled: bool = True

    @property
    def name(self) -> str:
        """The pack's name."""
        return self.written.name

    def render(self, parameters: Mapping[str, Any] | None = None) -> Rendered:
        """Return the rules and steps with these parameters. Raises `RuleError`, with its path inside the file."""
        values = self._values(parameters or {})
        used: set[str] = set()
        rules = [self._filled(rule, values, ("rules", index), used) for index, rule in enumerate(self.written.rules)]
        steps = [
            self._filled(step, values, ("timeline", index), used) for index, step in enumerate(self.written.timeline)
        ]
        named = [self._checked(rule, index) for index, rule in enumerate(rules)]
        self._require_own_names(named)
        for index, step in enumerate(steps):
            _below(("timeline", index), read, Step, step)
        _below(("timeline",), require_players, [Step.model_validate(step) for step in steps])
        for name in self.written.parameters:
            if name not in used:
                raise RuleError(f"nothing uses the parameter {name}: write ${{{name}}}", ("parameters", name), key=True)
        return Rendered(self.name, values, named, steps)

    def show(self) -> dict[str, Any]:
        """Return the pack as JSON."""
        return {
            "name": self.name,
            "description": self.written.description,
            "bundled": self.bundled,
            "parameters": {
                name: parameter.model_dump(exclude_none=True) for name, parameter in self.written.parameters.items()
            },
            "rules": self.written.rules,
            "timeline": self.written.timeline,
        }

    def _checked(self, rule: Any, index: int) -> dict[str, Any]:
        """Return a rule under the name that it has in an application: that of the pack and its own."""
        _below(("rules", index), read_rule, rule, self.names)
        named = {**rule, "name": f"{self.name}:{rule.get('name') or index + 1}"}
        _below(("rules", index), read_rule, named, self.names)
        return named

    @staticmethod
    def _require_own_names(rules: Sequence[Mapping[str, Any]]) -> None:
        seen: set[str] = set()
        for index, rule in enumerate(rules):
            if rule["name"] in seen:
                raise RuleError(f"there is a rule {rule['name']} already in this pack", ("rules", index, "name"))
            seen.add(rule["name"])

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        known = self.written.parameters
        for name, value in given.items():
            if name not in known:
                text = f"{self.name} has no parameter {name}"
                raise RuleError(text, ("parameters", name), did_you_mean(name, known), key=True)
            try:
                known[name].check(value, name)
            except ValueError as error:
                raise RuleError(str(error), ("parameters", name)) from None
        return {name: given.get(name, parameter.default) for name, parameter in known.items()}

    def _filled(self, value: Any, values: Mapping[str, Any], path: Path, used: set[str]) -> Any:
        if isinstance(value, Mapping):
            return {key: self._filled(item, values, (*path, key), used) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, values, (*path, index), used) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        for name in _PLACEHOLDER.findall(value):
            if name not in values:
                raise RuleError(f"there is no parameter {name}", path, did_you_mean(name, values))
            used.add(name)
        whole = _PLACEHOLDER.fullmatch(value)
        return values[whole[1]] if whole else _PLACEHOLDER.sub(lambda found: str(values[found[1]]), value)


def _below(path: Path, function: Any, *arguments: Any) -> None:
    try:
        function(*arguments)
    except RuleError as error:
        raise error.below(*path) from None


def load(text: str, file: str, names: Names, *, bundled: bool = True) -> Pack:
    """Return the pack of a YAML text, checked with its defaults. Raises `PackError` for the first mistake."""
    document = parse(text, file)
    try:
        if not isinstance(document.data, Mapping):
            raise RuleError("expected a mapping with name, description, rules and timeline")
        require_writable(document.data)
        pack = Pack(read(PackFile, document.data), document, names, bundled)
        pack.render()
    except RuleError as error:
        raise document.error(error, _indent_hint(error)) from None
    return pack


def _indent_hint(error: RuleError) -> str:
    """Say where a key belongs that is indented too far, or not far enough."""
    if not error.key or "body" in error.path[:-1]:  # a field of a request may be called as it likes
        return ""
    key = str(error.path[-1])
    for model, owner, depth in ((Rule, "the rule", 3), (Step, "the step", 3), (PackFile, "the pack", 1)):
        if key in set(model.keys()) and len(error.path) != depth:
            return f"{key} belongs to {owner}: check the indent"
    return ""
