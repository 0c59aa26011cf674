"""Callbacks that OpenTok projects register: one SDK has calls for it (fidelity/sdk-wire.md 1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.service.invocation import Handler, Invocation
from emulator.spec import wire
from emulator.spec.schemas.callbacks import RegisterCallback
from state import registrations


async def list_callbacks(invocation: Invocation) -> Response:
    """Return all registered callbacks as a bare array, oldest first."""
    with invocation.unit() as app:
        return invocation.response([wire.registration(each) for each in app.registrations.values()])


async def register_callback(invocation: Invocation) -> Response:
    """Register a URL for one group and event; return the registration."""
    body = invocation.body(RegisterCallback)
    with invocation.unit() as app:
        return invocation.response(wire.registration(registrations.register(app, body.group, body.event, body.url)))


async def unregister_callback(invocation: Invocation) -> Response:
    """Delete a registration; the response has no body."""
    with invocation.unit() as app:
        registrations.remove(app, invocation.params["callbackId"])
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "listCallbacks": list_callbacks,
        "registerCallback": register_callback,
        "unregisterCallback": unregister_callback,
    }
)
