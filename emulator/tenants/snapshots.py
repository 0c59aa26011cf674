"""Snapshots: the state of applications as JSON, taken, restored, kept as checkpoints, and read at the start.

What a snapshot holds is exact: ids, clock, pending timers, failure rules, outbox, the numbers of events and exchanges.
The exchanges themselves are not in it, nor are checkpoints.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import orjson
from pydantic import ValidationError

from emulator.faults.injector import FaultInjector
from emulator.settings import SettingsError, WebhookConfig
from emulator.spec.opentok import OPENTOK
from emulator.tenants import keys
from emulator.webhooks import OpentokFamily, WebhookKey
from state import callbacks, connectors, snapshots
from state.application import Application, Checkpoint
from state.documents import DocumentError, Identity
from state.errors import ApplicationExistsError, TooManyApplicationsError
from state.memory import ALL, CHECKPOINTS
from state.outbox import Webhook
from state.reading import Reader
from state.snapshots import SCHEMA, Parsed, Prepared, prepare
from state.world import World

SEED = "seed"
"""The checkpoint that a reset goes back to."""

FIRST_SLICE = 0.005
SLICE = 0.0005
REST = 0.001
"""s that a snapshot is read at once: most are read by then; and of each later slice, and that others have between."""

T = TypeVar("T")
Reading = Generator[None, None, T]


def take(app: Application) -> bytes:
    """Return the snapshot of an application, as lines that people can read. Inside a unit."""
    return now(snapshots.write(snapshots.dump(app)))


class SnapshotWriter:
    """Writes snapshots beside the other work of the process, one at a time: each takes twice its size meanwhile."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def write(self, world: World, app: Application) -> tuple[int, bytes]:
        """Return the time of an application's snapshot, ms since the epoch, and the snapshot as lines."""
        async with self._lock:
            with world.unit(app):
                at, dumped = app.now, snapshots.dump(app)
            return at, await beside_others(snapshots.write(dumped))


def combine(taken: dict[str, bytes]) -> bytes:
    """Return the snapshot of several applications, from those of each, by their ids."""
    items = [taken.pop(each).rstrip().replace(b"\n", b"\n    ") for each in sorted(taken)]
    listed = b"[\n    " + b",\n    ".join(items) + b"\n  ]" if items else b"[]"
    return b'{\n  "schema": %d,\n  "applications": %s\n}\n' % (SCHEMA, listed)


def _lines(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(content: bytes) -> Reading[Parsed]:
    """Return the snapshot of one application, read in steps; `check` it before it is restored.

    Raises `DocumentError`.
    """
    return snapshots.parse(content)


def read_all(content: bytes) -> Reading[list[Parsed]]:
    """Return the snapshots of several applications, or of one, read in steps; `check` them. Raises `DocumentError`."""
    reader = Reader(content)
    snapshots.require_object(reader)
    found: list[Parsed] | None = None
    parts, others = snapshots.Parts(reader), False
    for name in reader.members():
        if name == "applications":
            found = yield from _read_several(reader)
        elif found is not None and name != "schema":
            raise DocumentError(name, "there is no such part beside applications")
        else:
            others = others or name != "schema"
            yield from parts.read(name)
    reader.end()
    if found is None:
        return [(yield from parts.parsed())]
    if others:
        raise DocumentError("applications", "is all there is, where there are several")
    parts.require_schema()
    return found


def _read_several(reader: Reader) -> Reading[list[Parsed]]:
    if reader.peek() != "[":
        raise DocumentError("applications", "must be a list")
    taken: set[tuple[str, str]] = set()
    found: list[Parsed] = []
    for index in reader.elements():
        try:
            snapshots.require_object(reader)
            parts = snapshots.Parts(reader)
            for name in reader.members():
                yield from parts.read(name)
            parsed = yield from parts.parsed()
            own = parsed.identity
            for name, value in (("id", own.id), ("credentials.api_key", own.credentials.api_key)):
                if (name, value) in taken:
                    raise DocumentError(f"application.{name}", "is that of two applications")
                taken.add((name, value))
        except DocumentError as error:
            raise _of_one(index, error) from None
        found.append(parsed)
    return found


def _of_one(index: int, error: DocumentError) -> DocumentError:
    return DocumentError(f"applications.{index}.{error.field}".rstrip("."), str(error))


def check_all(injector: FaultInjector, found: Sequence[Parsed]) -> Reading[None]:
    """Do what `check` does for several snapshots. Raises `DocumentError`."""
    for index, parsed in enumerate(found):
        try:
            yield from check(injector, parsed)
        except DocumentError as error:
            raise (_of_one(index, error) if len(found) > 1 else error) from None


def now(reading: Reading[T]) -> T:
    """Return what is read in steps, at once."""
    while True:
        try:
            next(reading)
        except StopIteration as end:
            result: T = end.value
            return result


async def beside_others(reading: Reading[T]) -> T:
    """Return what is read in steps, while others are served between them."""
    until = time.perf_counter() + FIRST_SLICE
    while True:
        try:
            while time.perf_counter() < until:
                next(reading)
        except StopIteration as end:
            result: T = end.value
            return result
        await asyncio.sleep(REST)
        until = time.perf_counter() + SLICE


def check(injector: FaultInjector, parsed: Parsed) -> Reading[None]:
    """Refuse what reads well and still could not be served, step by step: keys, webhooks, timers, faults.

    Those become the `rules` of what was parsed. Raises `DocumentError`.
    """
    from scenarios.strict import RuleError

    injector.prepare()
    identity = parsed.identity
    for field, value, pattern in (
        ("id", identity.id, r"[A-Za-z0-9_-]{1,64}"),
        ("credentials.api_key", identity.credentials.api_key, r"[0-9]{1,18}"),
    ):
        if not re.fullmatch(pattern, value):
            raise DocumentError(f"application.{field}", f"must match {pattern}")
    try:
        keys.normal(identity.credentials.public_key)
    except ValueError as error:
        raise DocumentError("application.credentials.public_key", str(error)) from None
    for kind, webhook in identity.webhooks.items():
        _check_webhook(kind, webhook)
    try:
        parsed.rules = yield from injector.read(parsed)
    except RuleError as error:
        raise DocumentError(error.field, "; ".join(filter(None, (error.message, error.suggestion)))) from None
    except Exception as error:  # written by hand, it may be anything
        raise DocumentError("faults", f"cannot be read: {error}") from None


def _check_webhook(kind: str, webhook: Webhook) -> None:
    family = kind.removeprefix(OPENTOK)
    known = get_args(WebhookKey if family == kind else OpentokFamily)
    if family not in known:
        raise DocumentError(f"application.webhooks.{kind}", f"there is no such webhook; those are {', '.join(known)}")
    try:
        WebhookConfig(address=webhook.address, active=webhook.active, secret=webhook.secret)
    except ValidationError as error:
        (field, *_), message = error.errors()[0]["loc"], str(error.errors()[0]["msg"])
        raise DocumentError(f"application.webhooks.{kind}.{field}", message.removeprefix("Value error, ")) from None


def restore(world: World, app: Application, prepared: Prepared, *, take: bool = False) -> None:
    """Restore an application from a snapshot, inside a unit, and send its callbacks.

    Raises `DocumentError`, as when its api key is another one's, unless it is to `take` it.
    """
    parsed = prepared.parsed
    if parsed.identity.id != app.id:
        raise DocumentError("application.id", f"is {parsed.identity.id}, not {app.id}")
    try:
        world.rekey(app, parsed.identity.credentials, take=take)
    except ApplicationExistsError as error:
        raise DocumentError(f"application.credentials.{error.field}", str(error)) from None
    snapshots.install(app, prepared, world.defaults)
    connectors.fail_lost(app)  # whatever WebSockets it had, they are not in the snapshot
    callbacks.resume(app)


def add(world: World, identity: Identity) -> Application:
    """Add the application that a snapshot is of, still without anything in it. Raises `DocumentError`."""
    try:
        return world.add(identity.id, identity.name, identity.credentials, identity.options)
    except ApplicationExistsError as error:
        raise DocumentError(f"application.credentials.{error.field}", str(error)) from None
    except TooManyApplicationsError as error:
        raise DocumentError("application", str(error)) from None


def require_room(world: World, app: Application, name: str, snapshot: bytes) -> None:
    """Refuse a checkpoint that takes too much room. Raises `TooMuchError`."""
    others = sum(len(each.snapshot) for each in app.checkpoints.values() if each.id != name)
    if others + len(snapshot) > CHECKPOINTS:
        raise TooMuchError(
            f"the checkpoints of an application have {CHECKPOINTS} bytes at most, this one has {len(snapshot)} and the "
            f"others have {others}: delete one"
        )
    of_all = others + sum(each.bytes["checkpoints"] for each in world if each is not app)
    if of_all + len(snapshot) > ALL // 2:
        raise TooMuchError(
            f"the checkpoints of all applications have {ALL // 2} bytes at most, this one has {len(snapshot)} and the "
            f"others have {of_all}: delete some"
        )


class TooMuchError(ValueError):
    """A snapshot would take more memory than is allowed; the text names the limit."""


def save(app: Application, name: str, snapshot: bytes, at: int | None = None) -> Checkpoint:
    """Save a snapshot, taken `at` ms or now, as a checkpoint of the application, inside a unit."""
    checkpoint = Checkpoint(name, app.now if at is None else at, snapshot)
    app.checkpoints[name] = checkpoint
    app.touch(checkpoint)
    return checkpoint


def forget(app: Application, name: str) -> None:
    """Delete a checkpoint, inside a unit."""
    app.remove(app.checkpoints.pop(name))


@dataclass(frozen=True, slots=True)
class SeededApplication:
    """An application of a seed file, and what the file says of it."""

    parsed: Parsed
    source: bytes


def load_seed(world: World, injector: FaultInjector, path: Path) -> list[SeededApplication]:
    """Create the applications of a seed file, except those that the store has. Raises `SettingsError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"the seed {path} cannot be read ({error.strerror}): --seed and VONAGE_EMULATOR_SEED_FILE name a file, "
            "as GET …/snapshot gives it"
        ) from None
    try:
        found = now(read_all(content))
        now(check_all(injector, found))
        for parsed in found:
            if world.find(parsed.identity.id) is None:
                restore(world, add(world, parsed.identity), now(prepare(world, parsed)))
    except DocumentError as error:
        field = f"{error.field}: " if error.field else ""
        raise SettingsError(f"the seed {path}: {field}{error}") from None
    return [SeededApplication(parsed, content[slice(*parsed.span)]) for parsed in found]


def save_seed_checkpoint(world: World, seeded: Sequence[SeededApplication], before: Collection[str]) -> None:
    """Save the checkpoint `seed` of the applications of a seed file, as they are after the settings were applied.

    Those named in `before` came from a store: they keep the checkpoint that they have, or get what the file says.
    """
    for each in seeded:
        app = world.get(each.parsed.identity.id)
        if app.id not in before:
            save(app, SEED, take(app))
        elif SEED not in app.checkpoints:
            save(app, SEED, _lines(orjson.loads(each.source)))
