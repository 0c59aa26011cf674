"""What a rule does: every effect by its name, and how they are written in `then`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, create_model, model_validator

from scenarios import later_effects as later
from scenarios import response_effects as response
from scenarios.effect import Effect
from scenarios.strict import Strict
from state.spelling import asked


def _declared(*modules: ModuleType) -> Iterator[type[Effect]]:
    """Yield the effects that are declared in modules: classes that no other effect is made from."""
    for module in modules:
        own = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
        yield from (each for each in own if issubclass(each, Effect) and not each.__subclasses__())


def _name(effect: type[Effect]) -> str:
    return effect.__name__[0].lower() + effect.__name__[1:]


EFFECTS: Mapping[str, type[Effect]] = MappingProxyType({_name(effect): effect for effect in _declared(response, later)})
"""Every effect by its name."""

if TYPE_CHECKING:
    _Effects = Strict
else:
    _Effects = create_model(
        "_Effects",
        __base__=Strict,
        **{name: (effect | None, Field(None, description=effect.__doc__)) for name, effect in EFFECTS.items()},
    )


class Then(_Effects):
    """One effect by its name, or a mapping of effects to what they are set to (nothing for the defaults)."""

    noun = "effect"
    meant: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("delay", "delayMs", "sleep", "slow", "wait"), "latency"),
        **dict.fromkeys(("respond", "response", "body", "code", "error", "statusCode"), "status"),
        **dict.fromkeys(("disconnect", "abort", "connectionReset", "close"), "reset"),
        **dict.fromkeys(("timeout", "hang"), "stall"),
    }

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if isinstance(data, str | int) and not isinstance(data, bool):
            return {str(data): {}}
        if isinstance(data, Mapping):
            if not data:
                raise ValueError("name an effect")
            return {name: {} if value is None else value for name, value in data.items()}
        return data

    @classmethod
    def advice(cls, key: str) -> str:
        """Return the effect that was meant by an unknown name, or by a status."""
        if key.isdecimal():
            documented = [name for name, effect in EFFECTS.items() if str(getattr(effect, "status", "")) == key]
            return asked(documented) or f'write {{"status": {{"status": {key}}}}}'
        return super().advice(key)

    def effects(self) -> dict[str, Effect]:
        """Return the effects by name."""
        return {name: getattr(self, name) for name in EFFECTS if getattr(self, name, None) is not None}
