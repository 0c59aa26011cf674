"""Callbacks that OpenTok projects register: one SDK has calls for it (fidelity/sdk-wire.md 1)."""

from __future__ import annotations

from starlette.responses import Response

from emulator.service.invocation import Invocation
from emulator.spec import wire
from emulator.spec.errors import REQUIRED, InvalidRequestError
from emulator.spec.operations import operation
from emulator.spec.schemas.callbacks import RegisterCallback
from state import errors as refused
from state import registrations


@operation(
    "listCallbacks",
    "Callbacks",
    "GET",
    "/callback",
    "List the registered callbacks (OpenTok)",
    response="Registration",
    array=True,
)
async def list_callbacks(invocation: Invocation) -> Response:
    """Return all registered callbacks as a bare array, oldest first."""
    with invocation.unit() as app:
        return invocation.response([wire.registration(each) for each in app.registrations.values()])


@operation(
    "registerCallback",
    "Callbacks",
    "POST",
    "/callback",
    "Register a callback (OpenTok)",
    body=RegisterCallback,
    response="Registration",
    example={"group": "archive", "event": "status"},
    refusals=(InvalidRequestError(REQUIRED, "url"), refused.TooManyRegistrationsError()),
)
async def register_callback(invocation: Invocation) -> Response:
    """Register a URL for one group and event; return the registration."""
    body = invocation.body(RegisterCallback)
    with invocation.unit() as app:
        return invocation.response(wire.registration(registrations.register(app, body.group, body.event, body.url)))


@operation(
    "unregisterCallback",
    "Callbacks",
    "DELETE",
    "/callback/{callbackId}",
    "Remove a callback (OpenTok)",
    status=204,
    refusals=(refused.UnknownResourceError("registration"),),
)
async def unregister_callback(invocation: Invocation) -> Response:
    """Delete a registration; the response has no body."""
    with invocation.unit() as app:
        registrations.remove(app, invocation.params["callbackId"])
    return invocation.response()
