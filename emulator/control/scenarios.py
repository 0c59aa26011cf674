"""Scenario packs: which there are; apply, inspect and remove them in an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from emulator.control.common import ControlBody, ControlError, CurrentApplication, CurrentWorld
from emulator.control.faults import CurrentInjector, injector_of, refused
from emulator.services import services_of
from state import sessions
from state.spelling import did_you_mean

if TYPE_CHECKING:
    from scenarios.pack import Pack
    from scenarios.packs import Library

router = APIRouter(tags=["Scenarios"])


class ApplyScenario(ControlBody):
    """How a pack is applied: with parameters, and to one session or to the application and every new session."""

    free: ClassVar[str] = "parameters"
    parameters: dict[str, Any] = Field({}, description="those that the pack has; left out: their defaults")
    session: str = Field("", description="a session id: rules hold for it only, and the timeline begins in it now")


def library_of(request: Request) -> Library:
    """Return where packs are found."""
    from scenarios.packs import Library

    return Library(injector_of(request).names, services_of(request).settings.scenario_dir)


def pack_of(request: Request, name: str) -> Pack:
    """Return the pack with this name. Raises `ControlError`: 404, or 400 when its file is wrong."""
    from scenarios.strict import RuleError
    from scenarios.yaml_positions import PackError

    try:
        return library_of(request).get(name)
    except RuleError as error:
        raise ControlError(404, error.message, "name", error.suggestion) from None
    except PackError as error:
        raise ControlError(400, str(error), "name", error.suggestion) from None


@router.get("/scenarios")
async def list_scenarios(request: Request) -> dict[str, Any]:
    """List the packs, and what is wrong with files of the scenario folder that are none."""
    packs, errors = library_of(request).all()
    items = [pack.show() for pack in packs.values()]
    return {"count": len(items), "items": items, "errors": [str(error) for error in errors]}


@router.get("/scenarios/schema.json")
async def scenario_schema(request: Request) -> dict[str, Any]:
    """Return the JSON Schema of packs, for editors."""
    from scenarios.schema import schema

    return schema(injector_of(request).names)


@router.get("/scenarios/{name}")
async def get_scenario(request: Request, name: str) -> dict[str, Any]:
    """Read one pack."""
    return pack_of(request, name).show()


@router.get("/applications/{application}/scenarios")
async def list_applied(app: CurrentApplication, world: CurrentWorld, injector: CurrentInjector) -> dict[str, Any]:
    """List the packs that are applied, with what they have done so far."""
    from scenarios import packs

    with world.unit(app):
        faults = injector.of(app)
        items = [packs.inspect(app, faults, name) for name in faults.packs]
    return {"count": len(items), "items": items}


@router.put("/applications/{application}/scenarios/{name}")
async def apply_scenario(
    request: Request,
    app: CurrentApplication,
    world: CurrentWorld,
    injector: CurrentInjector,
    name: str,
    body: ApplyScenario | None = None,
) -> dict[str, Any]:
    """Apply a pack, anew if it is applied already."""
    from scenarios import packs
    from scenarios.strict import RuleError

    body = body or ApplyScenario()
    pack = pack_of(request, name)
    with world.unit(app):
        if body.session:
            sessions.find(app, body.session)
        try:
            shown = packs.apply(app, injector.of(app), pack, body.parameters, body.session)
        except packs.NameTakenError as taken:
            message = f"there is a rule {taken.name} already, which this scenario did not bring"
            raise ControlError(409, message, "name", f"remove it first: DELETE …/faults/{taken.name}") from None
        except RuleError as error:
            raise refused(error) from None
    return shown


@router.get("/applications/{application}/scenarios/{name}")
async def inspect_scenario(
    app: CurrentApplication, world: CurrentWorld, injector: CurrentInjector, name: str
) -> dict[str, Any]:
    """Tell what an applied pack has done so far: hits of its rules, and the steps still to come."""
    from scenarios import packs

    with world.unit(app):
        _require_applied(app, injector, name)
        return packs.inspect(app, injector.of(app), name)


@router.delete("/applications/{application}/scenarios/{name}", status_code=204, response_class=Response)
async def remove_scenario(app: CurrentApplication, world: CurrentWorld, injector: CurrentInjector, name: str) -> None:
    """Remove an applied pack: its rules, and the steps still to come."""
    from scenarios import packs

    with world.unit(app):
        _require_applied(app, injector, name)
        packs.remove(app, injector.of(app), name)


def _require_applied(app: Any, injector: Any, name: str) -> None:
    applied = injector.of(app).packs
    if name not in applied:
        raise ControlError(404, f"the scenario {name} is not applied", "name", did_you_mean(name, applied))
