"""Snapshots: the state of applications as JSON, taken, restored, kept as checkpoints, and read at the start.

What a snapshot holds is exact: ids, clock, pending timers, failure rules, outbox, the numbers of events and exchanges.
The exchanges themselves are not in it, nor are checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from emulator.faults.faulting import Faulting
from emulator.settings import SettingsError
from state import documents
from state.application import Application, Checkpoint
from state.documents import SCHEMA, BadDocument, Identity, Parsed
from state.errors import ApplicationExists
from state.world import World

SEED = "seed"
"""The checkpoint that a reset goes back to."""


def take(app: Application) -> bytes:
    """Return the snapshot of an application, as lines that people can read. Inside a unit."""
    return _lines(documents.dump(app))


def take_all(apps: Sequence[Application]) -> bytes:
    """Return the snapshot of several applications, in the order of their ids."""
    ordered = sorted(apps, key=lambda app: app.id)
    return _lines({"schema": SCHEMA, "applications": [documents.dump(app) for app in ordered]})


def _lines(document: Any) -> bytes:
    return orjson.dumps(orjson.loads(documents.write(document)), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(content: bytes) -> Parsed:
    """Return the snapshot of one application, ready to be restored. Raises `BadDocument`."""
    return documents.parse(_json(content))


def read_all(content: bytes) -> list[Parsed]:
    """Return the snapshots of several applications, or of one. Raises `BadDocument`."""
    document = _json(content)
    if not isinstance(document, Mapping) or "applications" not in document:
        return [documents.parse(document)]
    if document.get("schema") != SCHEMA:
        raise BadDocument("schema", f"is {document.get('schema')!r}; this version reads {SCHEMA}")
    if not isinstance(document["applications"], list):
        raise BadDocument("applications", "must be a list")
    found: dict[str, Parsed] = {}
    for index, each in enumerate(document["applications"]):
        try:
            parsed = documents.parse(each)
        except BadDocument as error:
            raise BadDocument(f"applications.{index}.{error.field}", str(error)) from None
        if parsed.identity.id in found:
            raise BadDocument(f"applications.{index}.application.id", "comes twice")
        found[parsed.identity.id] = parsed
    return list(found.values())


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadDocument("", f"the body is not JSON: {error}") from None


def add(world: World, identity: Identity) -> Application:
    """Add the application that a snapshot is of, still without anything in it. Raises `BadDocument`."""
    try:
        return world.add(identity.id, identity.name, identity.credentials, identity.options)
    except ApplicationExists as error:
        raise _taken(error) from None


def restore(world: World, faulting: Faulting, app: Application, parsed: Parsed) -> None:
    """Let an application be what it was, inside a unit; what was to be sent is sent. Raises `BadDocument`."""

    def restore_faults(app: Application, dumped: Mapping[str, Any]) -> None:
        try:
            faulting.restore(app, dumped)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise BadDocument("faults", f"cannot be read: {error}") from None

    faulting.prepare()
    if parsed.identity.id != app.id:
        raise BadDocument("application.id", f"is {parsed.identity.id}, not {app.id}")
    before = app.credentials
    try:
        world.rekey(app, parsed.identity.credentials)
    except ApplicationExists as error:
        raise _taken(error) from None
    try:
        documents.install(app, parsed, restore_faults)
    except BadDocument:
        world.rekey(app, before)
        raise
    documents.resume(app)


def _taken(error: ApplicationExists) -> BadDocument:
    return BadDocument(f"application.credentials.{error.field}", str(error))


def keep(app: Application, name: str, snapshot: bytes) -> Checkpoint:
    """Keep a snapshot as a checkpoint of the application, inside a unit."""
    checkpoint = Checkpoint(name, app.now, snapshot)
    app.checkpoints[name] = checkpoint
    app.touch(checkpoint)
    return checkpoint


def forget(app: Application, name: str) -> None:
    """Forget a checkpoint, inside a unit."""
    app.remove(app.checkpoints.pop(name))


def reset(world: World, faulting: Faulting, app: Application) -> None:
    """Let an application be as its checkpoint `seed` says, or else empty; inside a unit.

    Event numbers go on, so that whoever waits for events sees them.
    """
    seed = app.checkpoints.get(SEED)
    if seed is None:
        app.reset()
    else:
        restore(world, faulting, app, read(seed.snapshot))


def plant(world: World, faulting: Faulting, path: Path) -> None:
    """Make the applications of a seed file, each with the checkpoint `seed`.

    Those that a store has kept stay as they are. Raises `SettingsError`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"seed_file: {path} cannot be read: {error.strerror}") from None
    try:
        for parsed in read_all(content):
            app = world.find(parsed.identity.id)
            if app is None:
                app = add(world, parsed.identity)
                restore(world, faulting, app, parsed)
                keep(app, SEED, take(app))
    except BadDocument as error:
        raise SettingsError(f"seed_file: {path}: {error.field}: {error}") from None
