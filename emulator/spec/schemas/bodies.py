"""The fields of a request body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo


def paths(hint: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted paths of the fields of a model or type: `#` for an index, `*` for anything in a mapping."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        for name, field in hint.model_fields.items():
            for written in _written(name, field):
                yield prefix + written
                yield from paths(field.annotation, f"{prefix}{written}.")
        return
    origin = get_origin(hint)
    if origin is list:
        yield f"{prefix}#"
        yield from paths(get_args(hint)[0], f"{prefix}#.")
    elif origin is dict:
        yield f"{prefix}*"
    else:
        for each in get_args(hint):
            yield from paths(each, prefix)


def siblings(model: type[BaseModel], field: str) -> set[str]:
    """Return the names that there are where a field stands that nothing reads; `field` is in the words of `unread`."""
    above = field.rpartition(".")[0]
    prefix = above.replace("[]", ".#") + "." if above else ""
    below = (path.removeprefix(prefix) for path in paths(model) if path.startswith(prefix))
    return {name for name in below if "." not in name}


def _written(name: str, field: FieldInfo) -> list[str]:
    """Return the ways to write a field."""
    alias = field.validation_alias or field.alias or name
    return [str(each) for each in alias.choices] if isinstance(alias, AliasChoices) else [str(alias)]
