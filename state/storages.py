"""Where a project lets its archives be uploaded to: set by a call of the API, until it is taken back.

Facts: fidelity/rest-and-archives.md 12.13.
"""

from __future__ import annotations

from collections.abc import Mapping

from state.application import Application
from state.errors import UnknownResourceError
from state.project_records import StorageTarget


def put(app: Application, type_: str, config: Mapping[str, str], fallback: str) -> StorageTarget:
    """Let archives that stop from now on be uploaded there; it takes the place of the one before."""
    target = StorageTarget(StorageTarget.kind, type_, config, fallback)
    app.storages[target.id] = target
    app.touch(target)
    return target


def get(app: Application) -> StorageTarget:
    """Return where archives are uploaded to. Raises `UnknownResourceError`."""
    if StorageTarget.kind not in app.storages:
        raise UnknownResourceError(StorageTarget.kind)
    return app.storages[StorageTarget.kind]


def remove(app: Application) -> None:
    """Let archives go where they went before. Raises `UnknownResourceError`."""
    target = get(app)
    del app.storages[target.id]
    app.remove(target)
