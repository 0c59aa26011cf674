"""Places in what people write: which model stands there, which names it has, and how a value there is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from state import spelling

MEANT = "meant"
"""The class variable of a model with other words for its fields: `{"rate": "speed"}`."""

FREE = "free"
"""The class variable of a model with its field that takes any names."""


def model_at(annotation: Any, path: Sequence[Any]) -> type[BaseModel] | None:
    """Return the model that stands at `path` below what is annotated so; None where there is none, or any value."""
    place = annotation
    for part in path:
        below = _below(place, part)
        if below is not None:
            place = below
    return next(_models(place), None)


def _below(annotation: Any, part: Any) -> Any:
    """Return how what is at one step is annotated; None for a step that is none, as the member of a union."""
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            if part in (field.alias, name):
                return field.annotation
    for each in _members(annotation):
        if get_origin(each) is list and isinstance(part, int):
            return get_args(each)[0]
        if get_origin(each) in (dict, Mapping):
            return get_args(each)[1]
    return None


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, or the type itself."""
    if isinstance(annotation, type) or get_origin(annotation) in (list, dict, Mapping):
        yield annotation
    else:
        for each in get_args(annotation):
            yield from _members(each)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for each in _members(annotation):
        if isinstance(each, type) and not get_origin(each) and issubclass(each, BaseModel):
            yield each


def names(model: type[BaseModel]) -> list[str]:
    """Return the names of a model's fields, as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def listed(model: type[BaseModel]) -> str:
    """Return the names of a model's fields as a suggestion."""
    return spelling.listed(names(model))


def _inside(annotation: Any, path: str, seen: frozenset[type]) -> Iterator[tuple[str, str]]:
    """Yield the names inside a field, each with its path: `streams[].name`, `webhooks.*.secret`."""
    for each in _members(annotation):
        if get_origin(each) is list:
            yield from _inside(get_args(each)[0], f"{path}[]", seen)
        elif get_origin(each) in (dict, Mapping):
            yield from _inside(get_args(each)[1], f"{path}.*", seen)
        elif isinstance(each, type) and not get_origin(each) and issubclass(each, BaseModel) and each not in seen:
            for name, field in each.model_fields.items():
                written = field.alias or name
                yield written, f"{path}.{written}"
                yield from _inside(field.annotation, f"{path}.{written}", seen | {each})


def inside(model: type[BaseModel]) -> dict[str, str]:
    """Return the names of fields inside of the model's fields, with the path to the first of each."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        for written, path in sorted(_inside(field.annotation, field.alias or name, frozenset({model})), key=_depth):
            found.setdefault(written, path)
    return found


def _depth(found: tuple[str, str]) -> int:
    return found[1].count(".")


def advice(model: type[BaseModel], name: str) -> str:
    """Return what to write instead of a field that the model does not have: the nearest one, or all there are."""
    here = names(model)
    if meant := getattr(model, MEANT, {}).get(name):
        return spelling.asked([meant])
    if found := spelling.alike(name, here) or spelling.having(name, here):
        return spelling.asked(found)
    if path := inside(model).get(name):
        return spelling.asked([path])
    if near := spelling.did_you_mean(name, here):
        return near
    free = getattr(model, FREE, "")
    return spelling.asked([f"{free}.{name}"]) if free else spelling.listed(here)


def form(model: type[BaseModel], key: Any, given: Any) -> str:
    """Return how to write a plain value that was given where the model stands, or which fields it has."""
    required = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    first = required or names(model)[:1]
    if len(first) == 1 and isinstance(key, str) and isinstance(given, str | int | float) and len(str(given)) <= 60:
        return f"write {json.dumps({key: {first[0]: given}}, ensure_ascii=False)}"
    return listed(model)
