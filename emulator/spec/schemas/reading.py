"""How a request is read: by which contract, and what of it is let pass with a note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import GetCoreSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from emulator.spec.limits import LIMITS, Limit
from state.journal import Undocumented
from state.options import Options

MAX_NOTED = 200
"""Characters of a value that are noted."""


class Reading:
    """One request being read; `noted` is what it says that is documented otherwise and was let pass."""

    __slots__ = ("_options", "noted")

    def __init__(self, options: Options) -> None:
        self._options = options
        self.noted: list[Undocumented] = []

    @property
    def spec(self) -> bool:
        """Whether it is read by the specification."""
        return self._options.contract == "spec"

    def lets(self, name: str, value: Any, field: str = "") -> bool:
        """Tell whether a value passes that the limit `name` does not allow; noted where it is only documented."""
        limit: Limit = LIMITS[name]
        standing = limit.spec if self.spec else limit.service
        if standing == "documented" and self._options.documented_limits == "note":
            self.noted.append(Undocumented(field or limit.field, _brief(value), limit.allowed))
            return True
        return standing == "free"


_BY_DEFAULT = Options()


def reading_of(info: ValidationInfo) -> Reading:
    """Return how the request is read that pydantic is validating."""
    return info.context if isinstance(info.context, Reading) else Reading(_BY_DEFAULT)


@dataclass(frozen=True, slots=True)
class Limited:
    """Marks a field that has the limit `name`: what breaks it becomes `otherwise(value)` where the limit lets it pass.

    `otherwise` raises `ValueError` or `TypeError` for what cannot be taken at all.
    """

    name: str
    otherwise: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as the marked type does, and look at the limit only when that fails."""
        return core_schema.with_info_wrap_validator_function(self._check, handler(source))

    def _check(self, value: Any, handler: Callable[[Any], Any], info: ValidationInfo) -> Any:
        try:
            return handler(value)
        except ValidationError:
            try:
                instead = self.otherwise(value)
            except (TypeError, ValueError, OverflowError):
                instead = _NOTHING
            if instead is _NOTHING or not reading_of(info).lets(self.name, value):
                raise
            return instead


_NOTHING = object()


def always(value: Any) -> Callable[[Any], Any]:
    """Return what takes `value` in place of whatever was said."""
    return lambda _: value


def text(value: Any) -> str:
    """Return a text as it is. Raises `TypeError` for anything else."""
    if not isinstance(value, str):
        raise TypeError
    return value


def one_of(*words: str) -> Callable[[Any], str]:
    """Return what takes just these words."""

    def take(value: Any) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return take


def number(value: Any) -> int:
    """Return a number as one that timers can be set to, at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return min(max(int(value), 1), 2**31 - 1)


def _brief(value: Any) -> Any:
    """Return a value as the journal keeps it: plain, and not too long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    written = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return written[:MAX_NOTED]
