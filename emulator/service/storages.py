"""Where archives are uploaded to: set, read, take back (fidelity/rest-and-archives.md 12.13)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.service.invocation import Handler, Invocation
from emulator.spec.schemas.storages import SECRET, SetArchiveStorage
from emulator.spec.wire import Json
from state import storages
from state.project_records import StorageTarget

_HIDDEN = "***"


def _show(target: StorageTarget) -> Json:
    config = {name: _HIDDEN if name in SECRET else value for name, value in target.config.items()}
    return {"type": target.type, "config": config, "fallback": target.fallback}


async def set_archive_storage(invocation: Invocation) -> Response:
    """Set where archives are uploaded to; return it, with its secrets hidden."""
    body = invocation.body(SetArchiveStorage)
    with invocation.unit() as app:
        return invocation.response(_show(storages.put(app, body.type, body.config, body.fallback)))


async def get_archive_storage(invocation: Invocation) -> Response:
    """Return where archives are uploaded to, with its secrets hidden."""
    with invocation.unit() as app:
        return invocation.response(_show(storages.get(app)))


async def delete_archive_storage(invocation: Invocation) -> Response:
    """Delete the upload target; the response has no body."""
    with invocation.unit() as app:
        storages.remove(app)
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "setArchiveStorage": set_archive_storage,
        "getArchiveStorage": get_archive_storage,
        "deleteArchiveStorage": delete_archive_storage,
    }
)
