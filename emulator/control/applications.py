"""Applications: make, list, read, change, reset, delete."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from emulator.context import context_of
from emulator.control.common import ControlError, CurrentApplication, CurrentWorld, NamedApplication, store_of, unit
from emulator.control.restoring import return_to
from emulator.services import services_of
from emulator.settings import ApplicationBehaviour, ApplicationConfig
from emulator.spec.opentok import OPENTOK
from emulator.tenants.snapshots import SEED
from state.application import Application
from state.errors import ApplicationExistsError, TooManyApplicationsError
from state.options import Options
from state.resources import RESOURCES

router = APIRouter(tags=["Applications"])


def show(request: Request, app: Application) -> dict[str, Any]:
    """Return an application with its credentials: it exists for tests only."""
    options = ApplicationConfig.model_construct(**app.options.model_dump())
    urls = services_of(request).urls
    return {
        "id": app.id,
        "name": app.name,
        "apiKey": app.credentials.api_key,
        "apiSecret": app.credentials.api_secret,
        "publicKey": app.credentials.public_key,
        "privateKey": app.credentials.private_key or None,
        "signatureSecret": app.credentials.signature_secret,
        **options.model_dump(by_alias=True, include=set(Options.model_fields)),
        "webhooks": _webhooks(app, opentok=False),
        "opentokCallbacks": _webhooks(app, opentok=True),
        "createdAt": app.created_at,
        "baseUrls": urls or {"http": context_of(request).base_url},
        "counts": counts(app),
    }


def _webhooks(app: Application, *, opentok: bool) -> dict[str, Any]:
    return {
        key.removeprefix(OPENTOK): {"address": each.address, "active": each.active, "secret": each.secret}
        for key, each in app.webhooks.items()
        if key.startswith(OPENTOK) == opentok
    }


def counts(app: Application) -> dict[str, int]:
    """Return how many there are of each kind."""
    return {
        "sessions": len(app.sessions),
        **{kind.plural: len(app[kind.type]) for kind in RESOURCES},
        "requests": len(app.journal),
        "callbacks": len(app.outbox),
    }


@router.post("/applications", status_code=201)
async def create_application(
    request: Request, world: CurrentWorld, body: ApplicationConfig | None = None
) -> dict[str, Any]:
    """Make an application; what the body leaves out is made or taken from the settings."""
    applications = services_of(request).applications
    body = body or ApplicationConfig()
    if any(world.find(name) for name in (body.id, body.api_key) if name):
        await store_of(request).refresh()  # another process may have deleted that one; of those it made, the hold tells
    try:
        app = applications.make(body)
    except TooManyApplicationsError as error:
        raise ControlError(409, str(error)) from None
    made = app.credentials
    async with unit(request, app):
        if app.credentials is not made:  # another process made it just before
            raise ApplicationExistsError("id", app.id)
        return show(request, app)


@router.get("/applications")
async def list_applications(request: Request, world: CurrentWorld) -> dict[str, Any]:
    """List every application."""
    store = store_of(request)
    await store.refresh()
    await store.read_journals(*world)
    items = [show(request, app) for app in world]
    return {"count": len(items), "items": items}


@router.get("/applications/{application}")
async def get_application(request: Request, app: CurrentApplication) -> dict[str, Any]:
    """Read one application."""
    await store_of(request).read_journals(app)
    return show(request, app)


@router.patch("/applications/{application}")
async def change_application(
    request: Request, app: CurrentApplication, world: CurrentWorld, body: ApplicationBehaviour
) -> dict[str, Any]:
    """Change an application; a new pace holds at once, also for what is being processed."""
    applications = services_of(request).applications
    with world.unit(app):
        applications.change(app, body)
    return show(request, app)


@router.post("/applications/{application}/reset", status_code=204, response_class=Response)
async def reset_application(request: Request, app: NamedApplication) -> None:
    """Forget every resource, timer, event and exchange; credentials, options, clock and checkpoints stay.

    An application with a checkpoint `seed` becomes what it was then, clock included.
    """
    async with unit(request, app):
        seed = app.checkpoints.get(SEED)
        if seed is None:
            app.reset()
            return
    await return_to(request, seed)


@router.delete("/applications/{application}", status_code=204, response_class=Response)
async def delete_application(app: CurrentApplication, world: CurrentWorld) -> None:
    """Delete an application with all it has."""
    world.remove(app.id)
