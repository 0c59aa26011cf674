"""Resources beyond what the service tells of them: all there are, what may follow, and states that are forced."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.control.models import ArchiveTransition, BroadcastTransition, CallTransition, Transition
from emulator.control.pictures import show_picture
from emulator.service.invocation import base_url
from emulator.spec import wire
from emulator.spec.wire import Audience, Json
from state import archives, broadcasts, calls, captions, connectors, renders
from state.application import Application
from state.archives import Archive
from state.broadcasts import Broadcast, RtmpTarget
from state.calls import Call, CallSettings
from state.captions import Captions
from state.connectors import Connector
from state.layouts import Layout
from state.lifecycles import LIFECYCLES
from state.records import Collection, Record
from state.renders import Render

router = APIRouter(tags=["Resources"])


@router.get("/lifecycles")
async def list_lifecycles() -> dict[str, Any]:
    """List every life cycle: its first status, and for each status those that may follow."""
    return {
        kind: {
            "initial": each.initial,
            "transitions": dict(each.transitions),
        }
        for kind, each in LIFECYCLES.items()
    }


# How they look: as the service shows them, and what it does not tell


def _show_layout(layout: Layout) -> Json:
    return {
        "type": layout.type,
        "stylesheet": layout.stylesheet or None,
        "screenshareType": layout.screenshare_type or None,
    }


def _show_archive(audience: Audience, archive: Archive) -> Json:
    composed = archive.new.output_mode == "composed"
    return {
        **wire.archive(audience, archive, precise=True),
        "automatic": archive.new.automatic,
        "layout": _show_layout(archive.layout) if composed else None,
        "recorded": archive.recorded + (audience.now - archive.recording_since if archive.recording_since else 0),
        "takenIn": list(archive.streams),
    }


def _show_broadcast(audience: Audience, broadcast: Broadcast) -> Json:
    return {
        **wire.broadcast(audience, broadcast),
        "layout": _show_layout(broadcast.layout),
        "hls": {"status": broadcast.hls.status} if broadcast.hls else None,
        "rtmp": [_show_target(target) for target in broadcast.rtmp],
    }


def _show_target(target: RtmpTarget) -> Json:
    return {
        "id": target.id or None,
        "serverUrl": target.server_url,
        "streamName": target.stream_name,
        "status": target.status,
    }


def _show_render(audience: Audience, render: Render) -> Json:
    return {
        **wire.render(audience, render, started=True),
        "name": render.new.name or None,
        "connectionId": render.connection_id or None,
        "maxDuration": render.new.max_duration,
    }


def _show_captions(audience: Audience, run: Captions) -> Json:
    return {
        "id": run.id,
        **wire.captions(audience, run),
        "maxDuration": run.new.max_duration,
        "partialCaptions": run.new.partial,
        "statusCallbackUrl": run.new.callback_url or None,
    }


def _show_call(audience: Audience, call: Call) -> Json:
    return {
        "id": call.id,
        "sessionId": call.session_id,
        "connectionId": call.connection_id,
        "streamId": call.stream_id,
        "uri": call.new.uri,
        "from": call.new.sender or None,
        "headers": dict(call.new.headers),
        "auth": _show_auth(call.new),
        "streams": list(call.new.streams),
        "secure": call.new.secure,
        "video": call.new.video,
        "observeForceMute": call.new.observe_force_mute,
        "sessionMigration": call.new.migrates,
        "status": call.status,
        "digits": list(call.digits),
        "reasonCode": call.reason_code or None,
        "reasonMessage": call.reason_message or None,
        "createdAt": call.created_at,
        "updatedAt": call.updated_at,
    }


def _show_auth(new: CallSettings) -> Json | None:
    """Return what the far side is told of who calls; of a password, only that there is one."""
    if not new.username and not new.password:
        return None
    return {"username": new.username, "password": "********" if new.password else None}


def _show_connector(audience: Audience, connector: Connector) -> Json:
    new = connector.new
    return {
        **wire.connector(connector),
        "sessionId": connector.session_id,
        "status": connector.status,
        "uri": new.uri,
        "streams": list(new.streams),
        "headers": dict(new.headers),
        "audioRate": new.audio_rate,
        "bidirectional": new.bidirectional,
        "audioTransport": dict(new.transport) or None,
        "sessionMigration": new.migrates,
        "createdAt": connector.created_at,
        "updatedAt": connector.updated_at,
    }


# What can be forced

WITH_FILE = ("uploaded", "available")
"""The statuses with which an archive's file arrives."""


def _force_archive(app: Application, archive: Archive, body: ArchiveTransition) -> None:
    if body.status not in WITH_FILE:
        for field in ("size", "duration"):
            if getattr(body, field) is not None:
                text = f"an archive that is {body.status} has no file yet, or keeps the one that it had"
                raise ControlError(400, text, field, f"allowed with status: {', '.join(WITH_FILE)}")
    archives.force(app, archive, body.status, body.reason, size=body.size, duration=body.duration)


def _force_broadcast(app: Application, broadcast: Broadcast, body: BroadcastTransition) -> None:
    if body.output is None:
        broadcasts.force(app, broadcast, body.status, body.reason)
        return
    states = [broadcast.hls.status] if broadcast.hls else []
    if body.output == "rtmp":
        states = [
            target.status
            for target in broadcast.rtmp
            if body.target in ("", target.id, target.stream_name, target.server_url)
        ]
    if not states:
        raise ControlError(
            404, f"the broadcast has no such {body.output} output", "target" if body.target else "output"
        )
    for status in states:
        _require(body.output, status, body.status)
    if body.output == "hls":
        broadcasts.force_hls(app, broadcast, body.status)
    else:
        broadcasts.set_target_status(app, broadcast.id, body.status, body.target)


def _force_call(app: Application, call: Call, body: CallTransition) -> None:
    calls.force(app, call, body.status, body.reason_code, body.reason_message)


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A kind of resource: where it is kept, how it looks, and how it is forced into a status."""

    name: str
    records: Callable[[Application], Collection[Any]]
    show: Callable[[Audience, Any], Json]
    force: Callable[[Application, Any, Any], None]
    body: type[Transition] | type[CallTransition] = Transition


KINDS: Mapping[str, ResourceView] = MappingProxyType(
    {
        "archives": ResourceView("archive", lambda app: app[Archive], _show_archive, _force_archive, ArchiveTransition),
        "broadcasts": ResourceView(
            "broadcast", lambda app: app[Broadcast], _show_broadcast, _force_broadcast, BroadcastTransition
        ),
        "renders": ResourceView(
            "render",
            lambda app: app[Render],
            _show_render,
            lambda app, render, body: renders.force(app, render, body.status, body.reason),
        ),
        "captions": ResourceView(
            "captions",
            lambda app: app[Captions],
            _show_captions,
            lambda app, run, body: captions.force(app, run, body.status, body.reason),
        ),
        "calls": ResourceView("call", lambda app: app[Call], _show_call, _force_call, CallTransition),
        "connectors": ResourceView(
            "connector",
            lambda app: app[Connector],
            _show_connector,
            lambda app, connector, body: connectors.force(app, connector, body.status),
        ),
    }
)
"""By the word in the path."""


def _require(kind: str, before: str, after: str) -> None:
    """Raise `ControlError` where a status may not follow: 409 naming those that may, 400 when there is no such."""
    _require_known(kind, after)
    table = LIFECYCLES[kind].transitions
    if after not in table[before]:
        message = f"{'an' if kind[0] in 'ah' else 'a'} {kind} that is {before} cannot become {after}"
        raise ControlError(409, message, "status", f"allowed: {', '.join(table[before]) or 'none'}")


def _require_known(kind: str, status: str) -> None:
    """Raise `ControlError` (400) for a status that the life cycle does not have."""
    table = LIFECYCLES[kind].transitions
    if status not in table:
        raise ControlError(400, f"{kind}: there is no status {status}", "status", f"there are: {', '.join(table)}")


def _audience(request: Request, app: Application) -> Audience:
    return Audience(app, app.id, base_url(request))


def _whole(request: Request, app: Application, kind: ResourceView, record: Record) -> Json:
    """Return one resource with what may follow, what is pending, and its picture while it is composed."""
    shown = kind.show(_audience(request, app), record)
    shown["allowed"] = LIFECYCLES[kind.name].transitions[shown["status"]]
    shown["pending"] = [
        {"action": timer.action, "due": timer.due} for timer in app.timeline if timer.subject == record.id
    ]
    if isinstance(record, Archive | Broadcast):
        shown["picture"] = show_picture(app, record)
    return shown


def _serve(path: str, kind: ResourceView) -> None:
    """Add the calls of one kind of resource."""
    root = f"/applications/{{application}}/{path}"

    async def list_them(
        request: Request,
        app: CurrentApplication,
        world: CurrentWorld,
        session: str | None = None,
        status: str | None = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> dict[str, Any]:
        if status is not None:
            _require_known(kind.name, status)
        with world.unit(app):
            audience = _audience(request, app)
            wanted = (
                record
                for record in kind.records(app)
                if session in (None, record.session_id) and status in (None, record.status)
            )
            items = [kind.show(audience, record) for record in deque(wanted, limit)]
        return {"count": len(items), "items": items}

    async def get_one(request: Request, app: CurrentApplication, world: CurrentWorld, resource: str) -> dict[str, Any]:
        with world.unit(app):
            return _whole(request, app, kind, kind.records(app).get(resource))

    async def transition(
        request: Request, app: CurrentApplication, world: CurrentWorld, resource: str, body: Any
    ) -> dict[str, Any]:
        with world.unit(app):
            record = kind.records(app).get(resource)
            of_output = getattr(body, "output", None) is not None
            if not of_output and not (isinstance(body, ArchiveTransition) and body.restates(record.status)):
                _require(kind.name, record.status, body.status)
            kind.force(app, record, body)
            shown = _whole(request, app, kind, record)
        return shown

    transition.__annotations__["body"] = kind.body
    name = kind.name
    for method, below, endpoint, summary in (
        ("GET", "", list_them, f"List every {name}, ended ones included, oldest first; the newest `limit` of them."),
        ("GET", "/{resource}", get_one, f"Read one {name}: what may follow, and what is pending."),
        ("POST", "/{resource}/transition", transition, f"Force a status that may follow on a {name}."),
    ):
        router.add_api_route(
            root + below, endpoint, methods=[method], summary=summary, name=f"{endpoint.__name__}_{path}"
        )


for _path, _kind in KINDS.items():
    _serve(_path, _kind)
