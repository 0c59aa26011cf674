"""Where a project lets its archives be uploaded to: set by a call of the API, until it is taken back.

Facts: fidelity/rest-and-archives.md 12.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from state.application import Application
from state.errors import Unknown


@dataclass(frozen=True, slots=True)
class StorageTarget:
    """A bucket or container: `type` is s3 or azure, `config` its settings by name, `fallback` opentok or none."""

    kind: ClassVar[str] = "storage"

    id: str
    type: str
    config: Mapping[str, str]
    fallback: str


def put(app: Application, type_: str, config: Mapping[str, str], fallback: str) -> StorageTarget:
    """Let archives that stop from now on be uploaded there; it takes the place of the one before."""
    target = StorageTarget(StorageTarget.kind, type_, config, fallback)
    app.storages[target.id] = target
    app.touch(target)
    return target


def get(app: Application) -> StorageTarget:
    """Return where archives are uploaded to. Raises `Unknown`."""
    if StorageTarget.kind not in app.storages:
        raise Unknown(StorageTarget.kind)
    return app.storages[StorageTarget.kind]


def remove(app: Application) -> None:
    """Let archives go where they went before. Raises `Unknown`."""
    target = get(app)
    del app.storages[target.id]
    app.remove(target)
