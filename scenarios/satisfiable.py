"""Refuses rules that can never fire: what they ask for does not go together, or does not exist."""

from __future__ import annotations

from collections.abc import Mapping

from scenarios.effect import Effect
from scenarios.predicates import When
from scenarios.response_effects import StaleRead
from scenarios.strict import Path, RuleError
from scenarios.targets import Names
from state.spelling import did_you_mean

_NOT_OF_CALLBACKS = ("operation", "tag", "role", "header")


def require(when: When, effects: Mapping[str, Effect], names: Names) -> None:
    """Raise `RuleError` unless a call, or a callback, can be such that the effects happen."""
    if when.callback is not None:
        _require_callback(when, ("when",))
        return
    everything = frozenset(names.operations)
    _require(when, names, ("when",), everything)
    for name, effect in effects.items():
        known = names.reads if isinstance(effect, StaleRead) else effect.follows
        fitting = [operation for operation in known if operation in everything]
        if fitting and not when.operations(names) & frozenset(fitting):
            verb = "changes the answer of" if isinstance(effect, StaleRead) else "follows"
            text = f"{name} {verb} {' or '.join(sorted(fitting))} only, and this rule is about other operations"
            raise RuleError(text, ("then",), key=True)


def _require(when: When, names: Names, path: Path, around: frozenset[str]) -> None:
    """Check one `when`, within conditions that leave the operations `around`."""
    if when.callback is not None:
        raise RuleError("`callback` stands at the top of `when`, not inside of it", (*path, "callback"), key=True)
    possible = around & when.operations(names)
    if not possible:
        at = next((key for key in ("tag", "operation") if key in when.model_fields_set), "")
        raise RuleError("this can never hold: no operation is left", (*path, at) if at else path)
    if when.state is not None and names.stateful and not possible & frozenset(names.stateful):
        raise RuleError("what this rule is about has no state", (*path, "state"), key=True)
    if when.role is not None and names.fields and not possible & names.with_field("token"):
        raise RuleError("what this rule is about has no client token in its body", (*path, "role"), key=True)
    for field in when.body or () if names.fields else ():
        if not possible & names.with_field(field):
            known = {name for operation in possible for name in names.fields.get(operation, ()) if name[-1] not in "#*"}
            text = f"no body that this rule is about has a field {field}"
            raise RuleError(text, (*path, "body", field), did_you_mean(field, known), key=True)
    for inner, below in when.inner():
        # What is refused inside `not` need not go together with what is around it.
        _require(inner, names, (*path, *below), frozenset(names.operations) if below == ("not",) else possible)


def _require_callback(when: When, path: Path, *, top: bool = True) -> None:
    if when.callback is not None and not top:
        raise RuleError("`callback` stands at the top of `when`, not inside of it", (*path, "callback"), key=True)
    for key in _NOT_OF_CALLBACKS:
        if getattr(when, key) is not None:
            raise RuleError(f"a callback has no {key}", (*path, key), key=True)
    for inner, below in when.inner():
        _require_callback(inner, (*path, *below), top=False)
