"""What endpoints share that put snapshots back."""

from __future__ import annotations

from fastapi import Request

from emulator.control.common import ControlError
from emulator.services import services_of
from emulator.tenants.restoring import SnapshotRestorer
from state.application import Application, Checkpoint
from state.documents import DocumentError
from state.errors import UnknownApplicationError


def restorer_of(request: Request) -> SnapshotRestorer:
    """Return what puts snapshots back."""
    return services_of(request).restorer


async def return_to(request: Request, checkpoint: Checkpoint) -> Application:
    """Let an application be what its checkpoint says, and return it. Raises `ControlError` (404, 409)."""
    try:
        return await restorer_of(request).return_to(checkpoint.snapshot)
    except DocumentError as error:
        problem = f"the checkpoint {checkpoint.id} cannot be returned to: {error}"
        raise ControlError(409, problem, error.field) from None
    except UnknownApplicationError as error:
        raise ControlError(404, str(error), "application") from None
