"""Where archives are uploaded to: set, read, take back (fidelity/rest-and-archives.md 12.13)."""

from __future__ import annotations

from starlette.responses import Response

from emulator.service.invocation import Invocation
from emulator.spec.errors import REQUIRED, InvalidRequestError
from emulator.spec.operations import operation
from emulator.spec.schemas.storages import SECRET, SetArchiveStorage
from emulator.spec.wire import Json
from state import errors as refused
from state import storages
from state.project_records import StorageTarget

_STORAGE = "/archive/storage"
_OLD = "/archive/storageBeta"


_HIDDEN = "***"


def _show(target: StorageTarget) -> Json:
    config = {name: _HIDDEN if name in SECRET else value for name, value in target.config.items()}
    return {"type": target.type, "config": config, "fallback": target.fallback}


@operation(
    "setArchiveStorage",
    "Archives",
    "PUT",
    _STORAGE,
    "Set where archives are uploaded to (OpenTok)",
    aliases=(("PUT", _OLD),),
    body=SetArchiveStorage,
    response="ArchiveStorage",
    example={"type": "s3", "config": {"accessKey": "key", "secretKey": "secret", "bucket": "archives"}},
    refusals=(InvalidRequestError(REQUIRED, "type"),),
)
async def set_archive_storage(invocation: Invocation) -> Response:
    """Set where archives are uploaded to; return it, with its secrets hidden."""
    body = invocation.body(SetArchiveStorage)
    with invocation.unit() as app:
        return invocation.response(_show(storages.put(app, body.type, body.config, body.fallback)))


@operation(
    "getArchiveStorage",
    "Archives",
    "GET",
    _STORAGE,
    "Get where archives are uploaded to",
    aliases=(("GET", _OLD),),
    response="ArchiveStorage",
    refusals=(refused.UnknownResourceError("storage"),),
)
async def get_archive_storage(invocation: Invocation) -> Response:
    """Return where archives are uploaded to, with its secrets hidden."""
    with invocation.unit() as app:
        return invocation.response(_show(storages.get(app)))


@operation(
    "deleteArchiveStorage",
    "Archives",
    "DELETE",
    _STORAGE,
    "Let archives stay in the cloud",
    aliases=(("DELETE", _OLD),),
    status=204,
    refusals=(refused.UnknownResourceError("storage"),),
)
async def delete_archive_storage(invocation: Invocation) -> Response:
    """Delete the upload target; the response has no body."""
    with invocation.unit() as app:
        storages.remove(app)
    return invocation.response()
