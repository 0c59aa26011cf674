"""Broadcasts on the wire. The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType
from emulator.resources.wire_kind import WireKind
from emulator.spec.wire import Audience, Json, selected_streams
from state import broadcasts
from state.broadcasts import Broadcast


def broadcast_body(audience: Audience, each: Broadcast, *, started: bool = False) -> Json:
    """Return a broadcast, its keys in the recorded order (1.1). Times in ms, `maxDuration` in s.

    `started`: it is the response of start, which has no `hlsStatus`.
    """
    new = each.new
    project = int(audience.project) if audience.opentok else audience.app.id
    running = each.status == "started"
    body: Json = {
        "id": each.id,
        "sessionId": each.session_id,
        "projectId" if audience.opentok else "applicationId": project,
        "createdAt": each.created_at,
        "broadcastUrls": _broadcast_urls(audience, each, started) if running else None,
        "updatedAt": each.updated_at,
        "status": each.status,
        "streamMode": new.stream_mode,
        "hasAudio": new.has_audio,
        "hasVideo": new.has_video,
        "maxDuration": new.max_duration,
    }
    if new.tag:
        body["multiBroadcastTag"] = new.tag
    if new.max_bitrate is not None:
        body["maxBitrate"] = new.max_bitrate
    hls = {"hls": {"lowLatency": new.hls.low_latency, "dvr": new.hls.dvr}} if new.hls else {}
    if audience.opentok:  # recorded in this order, and with the last two the other way round once it is stopped
        last = {"partnerId": project, "event": "broadcast"}
        body |= {"settings": hls, "resolution": new.resolution}
        body |= last if running else dict(reversed(last.items()))
    else:
        body |= {"settings": hls, "event": "broadcast", "resolution": new.resolution}
    if each.reason:
        body["reason"] = each.reason
    if running and each.selected and new.stream_mode == "manual":
        body["streams"] = selected_streams(each.selected, new)
    return body


def _broadcast_urls(audience: Audience, each: Broadcast, started: bool) -> Json:
    urls: Json = {}
    if each.rtmp:
        urls["rtmp"] = [
            {
                "status": target.status,
                **({"id": target.id} if target.id else {}),
                "serverUrl": target.server_url,
                "streamName": target.stream_name,
            }
            for target in each.rtmp
        ]
    if each.hls:
        if not started:
            urls["hlsStatus"] = each.hls.status
        dvr = "?DVR" if each.hls.dvr else ""
        urls["hls"] = f"{audience.base_url}/_emulator/hls/{audience.app.id}/{each.id}/playlist.m3u8{dvr}"
    return urls


_STATUS = CallbackType("broadcast_status", "broadcast", lambda audience, event: broadcast_body(audience, event.record))

WIRE = WireKind(
    kind=broadcasts.KIND,
    parameter="broadcastId",
    naming=("multiBroadcastTag",),
    write=broadcast_body,
    callbacks=dict.fromkeys(broadcasts.KIND.events, _STATUS),
)
