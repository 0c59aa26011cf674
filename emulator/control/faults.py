"""Fault rules: write, list with their hits, read, replace, remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from starlette.responses import Response

from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.faults.injector import FaultInjector
from emulator.services import services_of

router = APIRouter(prefix="/applications/{application}/faults", tags=["Faults"])

RuleBody = Annotated[
    Any,
    Body(
        description="A rule, or a list of rules: `when`, `then`, `position`, `times`, `priority`, `name`.",
        examples=[{"name": "flaky", "when": {"operation": "startArchive"}, "then": "conflict", "times": 2}],
    ),
]


def injector_of(request: Request) -> FaultInjector:
    """Return what lets faults happen."""
    return services_of(request).injector


CurrentInjector = Annotated[FaultInjector, Depends(injector_of)]


def refused(error: Exception) -> ControlError:
    """Return the response to a mistake in what was written."""
    from scenarios.strict import RuleError

    assert isinstance(error, RuleError)
    return ControlError(400, error.message, error.field, error.suggestion)


@router.post("", status_code=201)
async def add_faults(
    app: CurrentApplication, world: CurrentWorld, injector: CurrentInjector, body: RuleBody
) -> dict[str, Any]:
    """Write a rule, or a list of them: all or none. The response is the rule, or `{"count", "items"}` for a list."""
    from scenarios.strict import RuleError

    written = body if isinstance(body, list) else [body]
    with world.unit(app):
        faults = injector.of(app)
        names: set[str] = set()
        try:
            faults.require_room(written)
        except RuleError as error:
            raise refused(error) from None
        size = 0
        for index, data in enumerate(written):
            try:
                rule = faults.check(data)
                size += rule.size
                faults.require_patterns(size)
                if rule.name and (rule.name in names or rule.name in faults.rules):
                    raise RuleError(f"there is a rule {rule.name} already", ("name",))
            except RuleError as error:
                raise refused(error.below(index) if isinstance(body, list) else error) from None
            names.add(rule.name)
        shown = [faults.add(data, app.now, taken=names).show() for data in written]
    return {"count": len(shown), "items": shown} if isinstance(body, list) else shown[0]


@router.get("")
async def list_faults(app: CurrentApplication, injector: CurrentInjector) -> dict[str, Any]:
    """List the rules with their hits, oldest first; spent ones stay listed."""
    if app.faults is None:
        return {"count": 0, "items": []}
    items = [fault.show() for fault in injector.of(app).rules.values()]
    return {"count": len(items), "items": items}


@router.get("/{name}")
async def get_fault(app: CurrentApplication, injector: CurrentInjector, name: str) -> dict[str, Any]:
    """Read one rule."""
    faults = injector.of(app)
    if name not in faults.rules:
        raise ControlError(404, f"there is no rule {name}", "name", faults.nearest(name))
    return faults.rules[name].show()


@router.put("/{name}")
async def put_fault(
    app: CurrentApplication, world: CurrentWorld, injector: CurrentInjector, name: str, body: RuleBody
) -> dict[str, Any]:
    """Write a rule under this name; one that is there already is replaced and begins anew."""
    from scenarios.strict import RuleError

    if not isinstance(body, Mapping):
        raise ControlError(400, "expected a rule")
    if body.get("name", name) != name:
        raise ControlError(400, f"the path says {name}", "name")
    with world.unit(app):
        try:
            return injector.of(app).add({**body, "name": name}, app.now, replace=True).show()
        except RuleError as error:
            raise refused(error) from None


@router.delete("/{name}", status_code=204, response_class=Response)
async def delete_fault(app: CurrentApplication, injector: CurrentInjector, name: str) -> None:
    """Remove a rule; what it has already decided of a resource stays so."""
    faults = injector.of(app)
    if name not in faults.rules:
        raise ControlError(404, f"there is no rule {name}", "name", faults.nearest(name))
    faults.remove(name)


@router.delete("", status_code=204, response_class=Response)
async def delete_faults(app: CurrentApplication, world: CurrentWorld, injector: CurrentInjector) -> None:
    """Remove every rule, and the packs that brought some; what they have already decided of resources stays so."""
    if app.faults is not None:
        from scenarios import packs

        with world.unit(app):
            packs.clear(app, injector.of(app))
