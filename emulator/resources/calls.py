"""SIP calls on the wire. The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType, WriteBody, monitored
from emulator.resources.wire_kind import WireKind
from emulator.spec.wire import Audience, Json
from state import calls
from state.calls import Call
from state.events import Event


def call_body(audience: Audience, each: Call) -> Json:
    """Return a SIP call (2.1): it has `projectId` for applications of Vonage too. Times in ms."""
    return {
        "id": each.id,
        "projectId": audience.project,
        "sessionId": each.session_id,
        "connectionId": each.connection_id,
        "streamId": each.stream_id,
        "createdAt": each.created_at,
        "updatedAt": each.updated_at,
    }


def _told(name: str) -> WriteBody:
    def write(audience: Audience, event: Event) -> Json:
        call = event.record
        body = monitored(audience, event, name)
        body["call"] = {"id": call.id, "connectionId": call.connection_id, "createdAt": call.created_at}
        if name == "callUpdated":
            body["state"] = call.status
        if name == "callDestroyed":
            body |= {"reason_code": call.reason_code, "reason_message": call.reason_message}
        return body

    return write


WIRE = WireKind(
    kind=calls.KIND,
    parameter="",
    naming=(),
    write=call_body,
    callbacks={
        "created": CallbackType("sip_call_created", "sip", _told("callCreated")),
        "updated": CallbackType("sip_call_updated", "sip", _told("callUpdated")),
        "destroyed": CallbackType("sip_call_destroyed", "sip", _told("callDestroyed")),
        "muteForced": CallbackType("sip_call_mute_forced", "sip", _told("muteForced")),
    },
)
