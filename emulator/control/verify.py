"""Verifying what was asked: counts and order of calls, with the nearest ones where it was otherwise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Self

from fastapi import APIRouter, Request
from pydantic import Field, model_validator

from emulator.control.common import ControlBody, ControlError, CurrentApplication, store_of
from emulator.control.faults import CurrentInjector
from emulator.faults.targets import content_of, look_up
from emulator.service.operations import BY_ID
from scenarios.magic import MAGIC
from scenarios.targets import MISSING, same
from state.journal import Exchange
from state.spelling import did_you_mean

router = APIRouter(tags=["Requests"])


class Expected(ControlBody):
    """Calls that are expected: of an operation, and narrower by what else is given. Without a count: once or more."""

    operation: str
    exactly: int | None = Field(None, ge=0, strict=True)
    at_least: int | None = Field(None, ge=0, strict=True)
    at_most: int | None = Field(None, ge=0, strict=True)
    status: int | None = Field(
        None, ge=0, le=599, strict=True, description="status of the answer; 0 when there was none"
    )
    fault: str | None = Field(None, description="a rule that fired on it")
    body: dict[str, Any] = Field({}, description="fields of the request's body by dotted path, with their values")

    @model_validator(mode="after")
    def _one_count(self) -> Self:
        if self.exactly is not None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("give exactly, or atLeast and atMost")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("atLeast must not be greater than atMost")
        return self

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The smallest and the largest count allowed."""
        if self.exactly is not None:
            return self.exactly, self.exactly
        least = self.at_least if self.at_least is not None else (0 if self.at_most is not None else 1)
        return least, self.at_most

    def misses(self, exchange: Exchange) -> list[str]:
        """Return in what an exchange of the operation differs."""
        found = []
        if self.status is not None and exchange.status != self.status:
            found.append(f"status was {exchange.status}, expected {self.status}")
        if self.fault is not None and self.fault not in exchange.fault.split(", "):
            found.append(f"fault was {exchange.fault or 'none'}, expected {self.fault}")
        for path, wanted in self.body.items():
            value = look_up(content_of(exchange.operation, exchange.body), path)
            if not same(value, wanted):
                found.append(f"body.{path} was {_write(value)}, expected {_write(wanted)}")
        return found


class Verification(ControlBody):
    """What is to be verified: counts of calls, and an order in which operations were called (others may be between).

    `undocumented` and `unread` list the only fields that may have been noted as such; an empty list allows none.
    """

    calls: list[Expected] = Field([], max_length=100)
    order: list[str] = Field([], max_length=1000)
    undocumented: list[str] | None = Field(None, max_length=1000, description="fields that may be undocumented")
    unread: list[str] | None = Field(None, max_length=1000, description="fields that nothing may read")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.calls and not self.order and self.undocumented is None and self.unread is None:
            raise ValueError("say what is to be verified: calls, an order, undocumented or unread fields")
        return self


@router.post("/applications/{application}/requests/verify")
async def verify_requests(
    request: Request, app: CurrentApplication, injector: CurrentInjector, body: Verification
) -> dict[str, Any]:
    """Verify counts and order of the calls in the journal; 409 explains what was otherwise."""
    for operation in [*(expected.operation for expected in body.calls), *body.order]:
        if operation not in BY_ID:
            raise unknown_operation(operation)
    await store_of(request).read_journals(app)
    exchanges = app.journal.newest(len(app.journal))[::-1]
    rules = injector.of(app).rules if app.faults is not None else ()
    for index, expected in enumerate(body.calls):
        if expected.fault is not None:
            _require_fault(expected.fault, rules, exchanges, f"calls.{index}.fault")
    problems = [problem for expected in body.calls if (problem := _count(expected, exchanges))]
    if body.order and (problem := _order(body.order, exchanges)):
        problems.append(problem)
    problems += _noted(body, exchanges)
    if problems:
        given_up = app.journal.last - len(exchanges)
        if given_up:
            problems.append(f"the journal keeps {app.journal.size} exchanges and has given up {given_up} before these")
        raise ControlError(409, "; ".join(problems), _field(body))
    return {"verified": True, "requests": len(exchanges)}


def unknown_operation(operation: str) -> ControlError:
    """Return the response to the name of an operation that does not exist."""
    return ControlError(400, f"there is no operation {operation}", "operation", did_you_mean(operation, BY_ID))


def _require_fault(name: str, rules: Collection[str], exchanges: Sequence[Exchange], field: str) -> None:
    """Raise `ControlError` (400) for a fault that is no rule, and that no exchange names."""
    known = {fault for exchange in exchanges for fault in exchange.fault.split(", ")}
    known |= {*rules, "request", *(f"magic:{magic.word}" for magic in MAGIC)}
    if name not in known:
        raise ControlError(400, f"there is no rule {name}, and none fired", field, did_you_mean(name, known))


def _count(expected: Expected, exchanges: Sequence[Exchange]) -> str:
    """Return what is wrong with the count, or nothing."""
    own = [exchange for exchange in exchanges if exchange.operation == expected.operation]
    misses = [(expected.misses(exchange), exchange) for exchange in own]
    count = sum(not missed for missed, _ in misses)
    least, most = expected.bounds
    if count >= least and (most is None or count <= most):
        return ""
    text = f"{expected.operation} was called {_times(count)}{_narrowed(expected)}, expected {_wanted(least, most)}"
    near = [(missed, exchange) for missed, exchange in misses if missed]
    if count < least and near:
        missed, exchange = min(near, key=lambda item: len(item[0]))
        return f"{text}; nearest: request {exchange.number} ({', '.join(missed)})"
    if count < least:
        return f"{text}; nearest: {_others(exchanges)}"
    return text


def _order(order: list[str], exchanges: Sequence[Exchange]) -> str:
    """Return what is wrong with the order, or nothing."""
    called = [exchange.operation for exchange in exchanges]
    position = 0
    for index, operation in enumerate(order):
        try:
            position = called.index(operation, position) + 1
        except ValueError:
            where = f" after {' → '.join(order[:index])}" if index else ""
            happened = " → ".join(name for name in called if name in order) or "none of them"
            return f"{operation} was not called{where}; called were: {happened}"
    return ""


def _noted(body: Verification, exchanges: Sequence[Exchange]) -> list[str]:
    """Return the fields that were noted in the journal and are not among those allowed, by where they were first."""
    found: dict[str, str] = {}
    for exchange in exchanges:
        where = f"request {exchange.number}, {exchange.operation or exchange.path}"
        if body.undocumented is not None:
            for each in exchange.undocumented:
                if each.field not in body.undocumented:
                    text = f"{each.field} was {_write(each.value)}, documented is {each.documented}"
                    found.setdefault(f"undocumented {each.field}", f"undocumented: {text} ({where})")
        if body.unread is not None:
            for name in exchange.unread:
                if name not in body.unread:
                    found.setdefault(f"unread {name}", f"unread: nothing reads {name} ({where})")
    return list(found.values())


def _field(body: Verification) -> str:
    """Return the field that a problem is put down to: the first that says what was expected."""
    if body.calls:
        return "calls"
    if body.order:
        return "order"
    return "undocumented" if body.undocumented is not None else "unread"


def _narrowed(expected: Expected) -> str:
    return " as described" if expected.body or expected.status is not None or expected.fault is not None else ""


def _wanted(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    if least == most:
        return f"exactly {least}"
    return f"at most {most}" if not least else f"{least} to {most}"


def _others(exchanges: Sequence[Exchange]) -> str:
    counts = Counter(exchange.operation or f"{exchange.method} {exchange.path}" for exchange in exchanges)
    return ", ".join(f"{name} ({count})" for name, count in list(counts.items())[:10]) or "nothing was called"


def _times(count: int) -> str:
    return "1 time" if count == 1 else f"{count} times"


def _write(value: Any) -> str:
    return "not given" if value is MISSING else json.dumps(value)
