"""Snapshots: the state of applications as JSON, taken, restored, kept as checkpoints, and read at the start.

What a snapshot holds is exact: ids, clock, pending timers, failure rules, outbox, the numbers of events and exchanges.
The exchanges themselves are not in it, nor are checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import orjson
from pydantic import ValidationError

from emulator import keys
from emulator.applications import OPENTOK
from emulator.faults.faulting import Faulting
from emulator.settings import OpentokFamily, SettingsError, WebhookConfig, WebhookKey
from state import callbacks, documents, snapshots
from state.application import Application, Checkpoint
from state.documents import BadDocument, Identity
from state.errors import ApplicationExists
from state.outbox import Webhook
from state.snapshots import SCHEMA, Parsed
from state.world import World

SEED = "seed"
"""The checkpoint that a reset goes back to."""


def take(app: Application) -> bytes:
    """Return the snapshot of an application, as lines that people can read. Inside a unit."""
    return _lines(snapshots.dump(app))


def join(taken: Mapping[str, bytes]) -> bytes:
    """Return the snapshot of several applications, from those of each, by their ids."""
    items = [taken[each].rstrip().replace(b"\n", b"\n    ") for each in sorted(taken)]
    listed = b"[\n    " + b",\n    ".join(items) + b"\n  ]" if items else b"[]"
    return b'{\n  "schema": %d,\n  "applications": %s\n}\n' % (SCHEMA, listed)


def _lines(document: Any) -> bytes:
    return orjson.dumps(orjson.loads(documents.write(document)), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(faulting: Faulting, content: bytes) -> Parsed:
    """Return the snapshot of one application, ready to be restored. Raises `BadDocument`."""
    return _parse(faulting, _json(content))


def read_all(faulting: Faulting, content: bytes) -> list[Parsed]:
    """Return the snapshots of several applications, or of one. Raises `BadDocument`."""
    document = _json(content)
    if not isinstance(document, Mapping) or "applications" not in document:
        return [_parse(faulting, document)]
    if document.get("schema") != SCHEMA:
        raise BadDocument("schema", f"is {document.get('schema')!r}; this version reads {SCHEMA}")
    if not isinstance(document["applications"], list):
        raise BadDocument("applications", "must be a list")
    taken: set[tuple[str, str]] = set()
    found: list[Parsed] = []
    for index, each in enumerate(document["applications"]):
        try:
            parsed = _parse(faulting, each)
            own = parsed.identity
            for name, value in (("id", own.id), ("credentials.api_key", own.credentials.api_key)):
                if (name, value) in taken:
                    raise BadDocument(f"application.{name}", "is that of two applications")
                taken.add((name, value))
        except BadDocument as error:
            raise BadDocument(f"applications.{index}.{error.field}", str(error)) from None
        found.append(parsed)
    return found


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadDocument("", f"the body is not JSON: {error}") from None


def _parse(faulting: Faulting, document: Any) -> Parsed:
    """Read a snapshot, and refuse what reads well and still could not be served: keys, webhooks, faults, timers."""
    from scenarios.strict import Mistake

    faulting.prepare()
    parsed = snapshots.parse(document)
    identity = parsed.identity
    for field, value, pattern in (
        ("id", identity.id, r"[A-Za-z0-9_-]{1,64}"),
        ("credentials.api_key", identity.credentials.api_key, r"[0-9]{1,18}"),
    ):
        if not re.fullmatch(pattern, value):
            raise BadDocument(f"application.{field}", f"must match {pattern}")
    try:
        keys.normal(identity.credentials.public_key)
    except ValueError as error:
        raise BadDocument("application.credentials.public_key", str(error)) from None
    for kind, webhook in identity.webhooks.items():
        _check_webhook(kind, webhook)
    try:
        faulting.check(parsed)
    except Mistake as mistake:
        raise BadDocument(mistake.field, "; ".join(filter(None, (mistake.message, mistake.suggestion)))) from None
    except Exception as error:  # written by hand, it may be anything
        raise BadDocument("faults", f"cannot be read: {error}") from None
    return parsed


def _check_webhook(kind: str, webhook: Webhook) -> None:
    family = kind.removeprefix(OPENTOK)
    known = get_args(WebhookKey if family == kind else OpentokFamily)
    if family not in known:
        raise BadDocument(f"application.webhooks.{kind}", f"there is no such webhook; those are {', '.join(known)}")
    try:
        WebhookConfig(address=webhook.address, active=webhook.active, secret=webhook.secret)
    except ValidationError as error:
        (field, *_), message = error.errors()[0]["loc"], str(error.errors()[0]["msg"])
        raise BadDocument(f"application.webhooks.{kind}.{field}", message.removeprefix("Value error, ")) from None


def restore(world: World, faulting: Faulting, app: Application, parsed: Parsed, *, take: bool = False) -> None:
    """Let an application be what it was, inside a unit; what was to be sent is sent.

    Raises `BadDocument`, as when its api key is another one's, unless it is to `take` it.
    """
    if parsed.identity.id != app.id:
        raise BadDocument("application.id", f"is {parsed.identity.id}, not {app.id}")
    try:
        world.rekey(app, parsed.identity.credentials, take=take)
    except ApplicationExists as error:
        raise BadDocument(f"application.credentials.{error.field}", str(error)) from None
    snapshots.install(app, parsed, faulting.restore)
    callbacks.resume(app)


def add(world: World, identity: Identity) -> Application:
    """Add the application that a snapshot is of, still without anything in it. Raises `BadDocument`."""
    try:
        return world.add(identity.id, identity.name, identity.credentials, identity.options)
    except ApplicationExists as error:
        raise BadDocument(f"application.credentials.{error.field}", str(error)) from None


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
        restore(world, faulting, app, read(faulting, seed.snapshot))


def plant(world: World, faulting: Faulting, path: Path) -> list[Parsed]:
    """Make the applications of a seed file; those that a store has kept stay as they are. Raises `SettingsError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"seed_file: {path} cannot be read: {error.strerror}") from None
    try:
        found = read_all(faulting, content)
        for parsed in found:
            if world.find(parsed.identity.id) is None:
                restore(world, faulting, add(world, parsed.identity), parsed)
    except BadDocument as error:
        raise SettingsError(f"seed_file: {path}: {error.field}: {error}") from None
    return found


def root(world: World, planted: Sequence[Parsed], before: Collection[str]) -> None:
    """Keep the checkpoint `seed` of planted applications, with what the settings have said of them since.

    Those of `before` were kept by a store: they have theirs already, or get what the file says.
    """
    for parsed in planted:
        app = world.get(parsed.identity.id)
        if app.id not in before:
            keep(app, SEED, take(app))
        elif SEED not in app.checkpoints:
            keep(app, SEED, _lines(parsed.source))
