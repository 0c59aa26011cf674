"""Reading what people write: strict models, and one clear mistake with its place and a suggestion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from state import nesting, places
from state.nesting import UnwritableError
from state.spelling import did_you_mean

Path = tuple[str | int, ...]
"""Where in a document: keys and indexes from its top."""

M = TypeVar("M", bound="Strict")


class RuleError(Exception):
    """What was written cannot be used; `path` leads to the wrong value, or with `key` to the wrong key."""

    def __init__(self, message: str, path: Path = (), suggestion: str = "", *, key: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.suggestion = suggestion
        self.key = key

    def below(self, *path: str | int) -> RuleError:
        """Return the same mistake, in a document that holds this one at `path`."""
        return RuleError(self.message, (*path, *self.path), self.suggestion, key=self.key)

    @property
    def field(self) -> str:
        """The path as text, with dots."""
        return ".".join(str(part) for part in self.path)

    def __str__(self) -> str:
        text = f"{self.field}: {self.message}" if self.path else self.message
        return f"{text}; {self.suggestion}" if self.suggestion else text


def unknown(message: str, name: str, known: Iterable[str], *, key: str = "") -> PydanticCustomError:
    """Return what a validator raises for a name that does not exist; `key`: which key of the mapping is wrong."""
    return mistake(message, did_you_mean(name, known), key=key)


def mistake(message: str, suggestion: str, *, key: str = "") -> PydanticCustomError:
    """Return what a validator raises for a mistake, with what to write instead."""
    return PydanticCustomError("mistake", "{text}", {"text": message, "suggestion": suggestion, "key": key})


class Strict(BaseModel):
    """Something that people write: camelCase, unknown fields refused with the nearest known one.

    Types are as they are written: no number as text, no truth value as a number, no number without an end.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    noun: ClassVar[str] = "field"
    """What a key is called."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = cls.keys()
            for key in data:
                if key not in known:
                    raise mistake(f"there is no such {cls.noun}: {key}", cls.advice(str(key)), key=str(key))
        return data

    @classmethod
    def advice(cls, key: str) -> str:
        """Return what to write instead of a key that there is not."""
        return places.advice(cls, key)

    @classmethod
    def keys(cls) -> frozenset[str]:
        """Return the names of the fields as they are written."""
        return frozenset(field.alias or name for name, field in cls.model_fields.items())


def read(model: type[M], data: Any, context: Any = None) -> M:
    """Return `data` as `model`. Raises `RuleError` for the first thing that is wrong."""
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        raise _error(model, error) from None


def require_writable(data: Any) -> None:
    """Raise `RuleError` for a document that could not be shown or stored (`state.nesting.check`)."""
    try:
        nesting.check(data)
    except UnwritableError as error:
        raise RuleError(str(error), error.path) from None


def _error(model: type[Strict], error: ValidationError) -> RuleError:
    # Of the alternatives of a union (`str | list[str]`) each reports; the first one is the usual way to write it.
    problem = error.errors(include_url=False)[0]
    path: Path = tuple(part for part in problem["loc"] if not _is_alternative(part))
    context = problem.get("ctx", {})
    if problem["type"] == "mistake":
        if context["key"]:
            path = (*path, context["key"])
        return RuleError(str(context["text"]), path, str(context["suggestion"]), key=bool(context["key"]))
    if problem["type"] == "missing":
        return RuleError(f"{path[-1]} is required", path[:-1])
    if problem["type"] in ("model_type", "dict_type", "model_attributes_type"):
        wanted = places.model_at(model, path)
        suggestion = places.form(wanted, path[-1] if path else None, problem["input"]) if wanted else ""
        return RuleError(f"expected a mapping (got {_short(problem['input'])})", path, suggestion)
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if not isinstance(problem["input"], Mapping):
        message += f" (got {_short(problem['input'])})"
    return RuleError(message, path)


def _is_alternative(part: str | int) -> bool:
    """Tell whether pydantic named a member of a union rather than a key."""
    return isinstance(part, str) and (
        part in ("str", "int", "float", "bool", "none", "Test", "function-after[_known(), str]")
        or part.startswith(("list[", "function-", "constrained-", "dict["))
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
