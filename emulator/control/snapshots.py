"""Snapshots and checkpoints: take the state of applications, and go back to it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from emulator.context import context_of
from emulator.control.applications import show
from emulator.control.common import (
    READS_BODY,
    ControlError,
    CurrentApplication,
    CurrentWorld,
    NamedApplication,
    store_of,
    unit,
)
from emulator.control.restoring import restorer_of, return_to
from emulator.services import services_of
from emulator.spec.responses import JSON
from emulator.tenants import snapshots
from state.application import MAX_CHECKPOINTS, Application, Checkpoint
from state.documents import DocumentError
from state.errors import UnknownApplicationError
from state.snapshots import Parsed
from state.spelling import did_you_mean

router = APIRouter(tags=["Snapshots"])

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def _writer(request: Request) -> snapshots.SnapshotWriter:
    return services_of(request).snapshot_writer


def _content(request: Request) -> bytes:
    """Return the body as the middleware read it: Starlette would copy it."""
    context = context_of(request)
    return context.body


def _refuse(error: DocumentError) -> ControlError:
    return ControlError(400, str(error), error.field)


@router.get("/snapshot", response_class=Response)
async def take_world(request: Request, world: CurrentWorld) -> Response:
    """Take the snapshot of every application, of one after the other: each is exact."""
    store, writer = store_of(request), _writer(request)
    await store.refresh()
    await store.read_journals(*world)
    taken: dict[str, bytes] = {}
    for app in world:
        async with store.transaction_for(world, app.id) as held:
            if held is not None:
                _, taken[held.id] = await writer.write(world, held)
        await asyncio.sleep(0)  # thousands of applications must not keep everybody else waiting
    return Response(snapshots.combine(taken), media_type=JSON)


@router.put("/snapshot", openapi_extra={READS_BODY: True})
async def restore_world(request: Request, world: CurrentWorld) -> dict[str, Any]:
    """Let the emulator have the applications of a snapshot, as they were; those that are not in it are deleted.

    Takes the snapshot of one application too. Nothing is changed when any of it cannot be read.
    """
    restorer, store, content = restorer_of(request), store_of(request), _content(request)
    async with restorer.turn(content):
        try:
            found = await restorer.read_all(content)
        except DocumentError as error:
            raise _refuse(error) from None
        wanted = {parsed.identity.id: parsed for parsed in found}
        await store.refresh()
        for app in world:
            if app.id not in wanted:
                async with store.transaction_for(world, app.id) as held:
                    if held is not None:
                        world.remove(held.id)
        # Whoever is made may have the api key that another one had; those that are there may swap theirs.
        made_last = sorted(wanted, key=lambda wanted_id: world.find(wanted_id) is None)
        restored = {each: await _restore(request, wanted[each], take=True) for each in made_last}
        return {"count": len(wanted), "items": [restored[each] for each in wanted]}


@router.get("/applications/{application}/snapshot", response_class=Response)
async def take_snapshot(request: Request, app: CurrentApplication, world: CurrentWorld) -> Response:
    """Take the snapshot of an application: all that it is, as JSON."""
    await store_of(request).read_journals(app)
    _, taken = await _writer(request).write(world, app)
    return Response(taken, media_type=JSON)


@router.put("/applications/{application}/snapshot", openapi_extra={READS_BODY: True})
async def restore_snapshot(request: Request, application: str) -> dict[str, Any]:
    """Let an application be what its snapshot says, exactly; one that is not there is made."""
    restorer, content = restorer_of(request), _content(request)
    async with restorer.turn(content):
        try:
            parsed = await restorer.read(content)
        except DocumentError as error:
            raise _refuse(error) from None
        identity = parsed.identity
        if application not in (identity.id, identity.credentials.api_key):
            raise ControlError(409, f"this is the snapshot of application {identity.id}", "application.id")
        return await _restore(request, parsed)


async def _restore(request: Request, parsed: Parsed, *, take: bool = False) -> dict[str, Any]:
    """Let an application be what its snapshot says; it is made where it is not there, or no longer."""
    try:
        return show(request, await restorer_of(request).put_back(parsed, make=True, take=take))
    except DocumentError as error:
        raise _refuse(error) from None
    except UnknownApplicationError:
        raise ControlError(404, f"there is no application {parsed.identity.id} any more", "application") from None


# Checkpoints


def show_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return a checkpoint without what it holds; `at` in ms of the clock."""
    return {"name": checkpoint.id, "at": checkpoint.at, "bytes": len(checkpoint.snapshot)}


def _checkpoint(app: Application, name: str) -> Checkpoint:
    found = app.checkpoints.get(name)
    if found is None:
        raise ControlError(404, f"there is no checkpoint {name}", "name", did_you_mean(name, app.checkpoints))
    return found


@router.get("/applications/{application}/checkpoints")
async def list_checkpoints(app: CurrentApplication) -> dict[str, Any]:
    """List the checkpoints of an application, by their names."""
    items = [show_checkpoint(each) for _, each in sorted(app.checkpoints.items())]
    return {"count": len(items), "items": items}


@router.put("/applications/{application}/checkpoints/{name}")
async def keep_checkpoint(request: Request, app: CurrentApplication, world: CurrentWorld, name: Name) -> dict[str, Any]:
    """Keep the state of now under a name, in place of what was kept under it; `seed` is what a reset goes back to."""
    await store_of(request).read_journals(app)
    if name not in app.checkpoints and len(app.checkpoints) >= MAX_CHECKPOINTS:
        raise ControlError(409, f"there are {MAX_CHECKPOINTS} checkpoints, the most that are kept: delete one", "name")
    at, taken = await _writer(request).write(world, app)
    try:
        snapshots.require_room(world, app, name, taken)
    except snapshots.TooMuchError as error:
        raise ControlError(409, str(error), "name") from None
    with world.unit(app):
        return show_checkpoint(snapshots.save(app, name, taken, at))


@router.post("/applications/{application}/checkpoints/{name}/restore")
async def restore_checkpoint(request: Request, app: NamedApplication, name: str) -> dict[str, Any]:
    """Let the application be what it was when the checkpoint was kept."""
    async with unit(request, app):
        checkpoint = _checkpoint(app, name)
    return show(request, await return_to(request, checkpoint))


@router.get("/applications/{application}/checkpoints/{name}", response_class=Response)
async def get_checkpoint(app: CurrentApplication, name: str) -> Response:
    """Read what a checkpoint holds: a snapshot."""
    return Response(_checkpoint(app, name).snapshot, media_type=JSON)


@router.delete("/applications/{application}/checkpoints/{name}", status_code=204, response_class=Response)
async def delete_checkpoint(app: CurrentApplication, world: CurrentWorld, name: str) -> None:
    """Forget a checkpoint."""
    _checkpoint(app, name)
    with world.unit(app):
        snapshots.forget(app, name)
