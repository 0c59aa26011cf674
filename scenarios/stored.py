"""Faults as they are kept (`Faults.dump`), and what is checked of those that somebody may have written by hand."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from scenarios.effects import EFFECTS
from scenarios.later_effects import Outcome
from scenarios.outcomes import BESIDE, CONCERNS
from scenarios.strict import RuleError, Strict, read
from scenarios.timeline import STEP, Step
from state.application import MAX_RULES
from state.spelling import did_you_mean

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Number = Annotated[int, Field(ge=0, lt=2**53)]


class StoredRule(Strict):
    """A rule with what it has counted."""

    rule: dict[str, Any]
    number: Number
    since: Number
    source: str
    hits: Count
    counters: list[Count]

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not isinstance(self.rule.get("name"), str) or not self.rule["name"]:
            raise ValueError("the rule needs its name")
        return self


class StoredOutcome(Strict):
    """What is to become of a resource."""

    settings: dict[str, Any]
    rule: str


class StoredPack(Strict):
    """A pack that is applied."""

    parameters: dict[str, Any]
    session: str
    applied_at: Number
    rules: list[str]
    timeline: list[Step]


class StoredFaults(Strict):
    """The faults of an application; `rules` are `StoredRule`, `fates` `StoredOutcome`, which are read one by one."""

    number: Number
    named: dict[str, Number]
    rules: Annotated[list[Any], Field(max_length=MAX_RULES)]
    fates: dict[str, Annotated[dict[str, Any], Field(min_length=1)]]
    packs: dict[str, StoredPack]
    cast: dict[str, dict[str, list[str]]]


def check(dumped: Any) -> Generator[None, None, StoredFaults]:
    """Return faults that were kept, step by step. Raises `RuleError`."""
    kept = read(StoredFaults, dumped)
    names: set[str] = set()
    for index, entry in enumerate(kept.rules):
        yield
        try:
            names.add(read(StoredRule, entry).rule["name"])
        except RuleError as error:
            raise error.below("rules", index) from None
    if len(names) < len(kept.rules):
        raise RuleError("two rules have one name")
    for subject, fates in kept.fates.items():
        yield
        for effect, planned in fates.items():
            try:
                _check_outcome(effect, read(StoredOutcome, planned).settings)
            except RuleError as error:
                raise error.below("fates", subject, effect) from None
    return kept


def _check_outcome(effect: str, settings: Mapping[str, Any]) -> None:
    model = EFFECTS.get(effect)
    if model is None or not issubclass(model, Outcome):
        outcomes = [name for name, each in EFFECTS.items() if issubclass(each, Outcome)]
        raise RuleError(f"there is no such outcome: {effect}", (), did_you_mean(effect, outcomes))
    known = model.keys()
    needed = {"targets" if name == "target" else name for name in known}
    if set(settings) != needed:
        raise RuleError(f"needs exactly {', '.join(sorted(needed)) or 'nothing'}", ("settings",))
    plain = {name: value for name, value in settings.items() if name != "targets"}
    targets = settings.get("targets", [])
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise RuleError("must be a list of texts", ("settings", "targets"))
    try:
        read(model, plain)
    except RuleError as error:
        raise error.below("settings") from None


def check_timer(kept: StoredFaults | None, action: str, subject: str, ids: Mapping[str, Collection[str]]) -> None:
    """Raise `RuleError` for a timer of faults that are not there, or of a resource that is not among the `ids`."""
    packs, fates = (kept.packs, kept.fates) if kept is not None else ({}, {})
    effect = action.removeprefix("fault.")
    effect = BESIDE.get(effect, effect)
    if action == STEP:
        pack, index, session = (*subject.split(" ", 2), "", "")[:3]
        if pack not in packs or not index.isdecimal() or int(index) >= len(packs[pack].timeline):
            raise RuleError("is no step of a pack in faults.packs", ("subject",))
        kind, resource = "session", session
    elif effect not in fates.get(subject, ()):
        raise RuleError(f"faults.fates has nothing of {action}", ("subject",))
    else:
        kind, resource = CONCERNS[effect].kind.name if effect in CONCERNS else "session", subject
    if kind == "session":
        resource = resource.partition(" ")[0]
    if resource not in ids[kind]:
        raise RuleError(f"there is no such {kind} in the snapshot", ("subject",))
