"""Renders on the wire. The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType
from emulator.resources.wire_kind import WireKind
from emulator.spec.wire import Audience, Json, project_key, whole_seconds
from state import renders
from state.renders import Render


def render_body(audience: Audience, each: Render, *, started: bool = False) -> Json:
    """Return a render, its keys in the recorded order (4.1, 4.2). Times in ms.

    `started`: it is the response of start, which alone has the name, and times that are no whole seconds.
    """
    body: Json = {
        "id": each.id,
        "sessionId": each.session_id,
        "createdAt": each.created_at if started else whole_seconds(each.created_at),
        "updatedAt": each.updated_at if started else whole_seconds(each.updated_at),
        "url": each.new.url,
        "status": each.status,
    }
    if started and each.new.name:
        body["name"] = each.new.name
    if each.stream_id:
        body["streamId"] = each.stream_id
    if each.reason:
        body["reason"] = each.reason
    body |= {"event": "render", **project_key(audience), "resolution": each.new.resolution}
    if each.new.callback_url:
        body["callbackUrl"] = each.new.callback_url
    return body


def render_callback(each: Render) -> Json:
    """Return the body of a render's callback, the same for Vonage and OpenTok (4.5)."""
    body: Json = {"id": each.id, "sessionId": each.session_id}
    if each.stream_id:
        body["streamId"] = each.stream_id
    body["status"] = each.status
    if each.reason:
        body["reason"] = each.reason
    return body


_STATUS = CallbackType("render_status", "render", lambda audience, event: render_callback(event.record))

WIRE = WireKind(
    kind=renders.KIND,
    parameter="renderId",
    naming=("properties.name",),
    write=render_body,
    # One that starts has none (4.5).
    callbacks={status: _STATUS for status in renders.TRANSITIONS if status != "starting"},
)
