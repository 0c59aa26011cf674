"""Callbacks that OpenTok projects register: one SDK has calls for it (fidelity/sdk-wire.md 1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator import wire
from emulator.call import Call, Handler
from emulator.schemas.callbacks import RegisterCallback
from state import registrations


async def list_callbacks(call: Call) -> Response:
    with call.unit() as app:
        return call.answer([wire.registration(each) for each in app.registrations.values()])


async def register_callback(call: Call) -> Response:
    body = call.body(RegisterCallback)
    with call.unit() as app:
        return call.answer(wire.registration(registrations.register(app, body.group, body.event, body.url)))


async def unregister_callback(call: Call) -> Response:
    with call.unit() as app:
        registrations.remove(app, call.params["callbackId"])
    return call.answer()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "listCallbacks": list_callbacks,
        "registerCallback": register_callback,
        "unregisterCallback": unregister_callback,
    }
)
