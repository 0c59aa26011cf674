"""Broadcasts: start, stop, get, list, layout, streams.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.resources.broadcasts import broadcast_body
from emulator.service import refused_of
from emulator.service.compositions import select_streams
from emulator.service.invocation import Invocation
from emulator.spec import wire
from emulator.spec.contract import SERVICE, SPEC
from emulator.spec.errors import LAYOUT, REQUIRED, InvalidRequestError
from emulator.spec.operations import NO_BODY_IN_SPEC, PAGED_BY_SESSION, operation
from emulator.spec.responses import ErrorBody
from emulator.spec.schemas.broadcasts import StartBroadcast
from emulator.spec.schemas.common import ChangedLayout, StreamSelection
from state import broadcasts
from state import errors as refused
from state.broadcasts import Broadcast
from state.errors import UnknownResourceError

_BROADCAST = "/broadcast/{broadcastId}"


def _shape(invocation: Invocation, broadcast: Broadcast, *, started: bool = False) -> wire.Json:
    return invocation.shape("Broadcast", broadcast_body(invocation.audience, broadcast, started=started))


@operation(
    "listBroadcasts",
    "Broadcasts",
    "GET",
    "/broadcast",
    "List broadcasts for a project",
    query=PAGED_BY_SESSION,
    response="BroadcastList",
    refusals=(InvalidRequestError("must be a whole number from 0 on (got 'x')", "offset"),),
)
async def list_broadcasts(invocation: Invocation) -> Response:
    """Return one page of the broadcasts, the newest first, of one session if asked (1.4)."""
    with invocation.unit() as app:
        return invocation.page(app[Broadcast], lambda broadcast: _shape(invocation, broadcast), by_session=True)


@operation(
    "startBroadcast",
    "Broadcasts",
    "POST",
    "/broadcast",
    "Start a live streaming broadcast",
    body=StartBroadcast,
    response="Broadcast",
    example={"outputs": {"hls": {}}},
    differs=f"default of maxDuration: {SERVICE.broadcast_max_duration} s, "
    f"in the specification {SPEC.broadcast_max_duration} s",
    refusals=(
        refused.NoClientsError(),
        *refused_of.SESSION,
        refused.AlreadyRunningError("broadcast"),
        refused.TooManyTargetsError(),
        refused.NotRoutedError("broadcast"),
        InvalidRequestError(REQUIRED, "sessionId"),
    ),
    texts={
        "sessionId": "You do not pass in a session ID or you pass in an invalid session ID.",
        "layout": LAYOUT,
    },
    adds=True,
)
async def start_broadcast(invocation: Invocation) -> Response:
    """Start a broadcast of a session; return it as start writes it (1.1)."""
    body = invocation.body(StartBroadcast)
    with invocation.unit() as app:
        new = body.state(invocation.contract.broadcast_max_duration)
        broadcast = broadcasts.start(app, invocation.session(app, body.session_id), new)
        return invocation.response(_shape(invocation, broadcast, started=True))


@operation(
    "getBroadcast",
    "Broadcasts",
    "GET",
    _BROADCAST,
    "Get a broadcast",
    response="Broadcast",
    refusals=refused_of.resource("broadcast"),
)
async def get_broadcast(invocation: Invocation) -> Response:
    """Return one broadcast; the option `stoppedBroadcast` says whether one that has ended is still found."""
    with invocation.unit() as app:
        broadcast = app[Broadcast].get(invocation.params["broadcastId"])
        if broadcast.status != "started" and app.options.stopped_broadcast == "gone":
            raise UnknownResourceError("broadcast")
        return invocation.response(_shape(invocation, broadcast))


@operation(
    "stopBroadcast",
    "Broadcasts",
    "POST",
    _BROADCAST + "/stop",
    "Stop a broadcast",
    response="Broadcast",
    refusals=(*refused_of.resource("broadcast"), refused.WrongStatusError("broadcast", "stop", "stopped")),
)
async def stop_broadcast(invocation: Invocation) -> Response:
    """Stop a broadcast; return it (1.2)."""
    with invocation.unit() as app:
        return invocation.response(_shape(invocation, broadcasts.stop(app, invocation.params["broadcastId"])))


@operation(
    "setBroadcastLayout",
    "Broadcasts",
    "PUT",
    _BROADCAST + "/layout",
    "Change the layout of a broadcast",
    aliases=(("POST", _BROADCAST + "/layout"),),
    body=ChangedLayout,
    response="Broadcast",
    empty=NO_BODY_IN_SPEC,
    refusals=(
        *refused_of.resource("broadcast"),
        refused.WrongStatusError("broadcast", "change the layout of", "stopped"),
        InvalidRequestError(REQUIRED, "type"),
    ),
    texts={"": LAYOUT},
    adds=True,
)
async def set_broadcast_layout(invocation: Invocation) -> Response:
    """Change the layout of a broadcast; return it (1.5)."""
    layout = invocation.body(ChangedLayout).state()
    with invocation.unit() as app:
        return invocation.response(
            _shape(invocation, broadcasts.set_layout(app, invocation.params["broadcastId"], layout))
        )


@operation(
    "selectBroadcastStreams",
    "Broadcasts",
    "PATCH",
    _BROADCAST + "/streams",
    "Add or remove streams",
    aliases=(("PUT", _BROADCAST + "/streams"),),
    body=StreamSelection,
    status=204,
    example={"addStream": "6f3e3a34-9a0c-4b6b-8a0b-0a9b3a3d1c11"},
    refusals=(
        *refused_of.resource("broadcast"),
        refused.UnknownStreamError(),
        refused.SelectsItselfError("broadcast"),
        refused.WrongStatusError("broadcast", "select streams of", "stopped"),
        InvalidRequestError("give either addStream or removeStream", "addStream"),
    ),
    answers={
        refused.UnknownResourceError: ErrorBody(404, "Broadcast or stream not found", code=404),
        refused.UnknownStreamError: ErrorBody(404, "Broadcast or stream not found", code=404),
    },
    adds=True,
)
async def select_broadcast_streams(invocation: Invocation) -> Response:
    """Add a stream to a broadcast in manual mode, or remove it (1.6)."""
    with invocation.unit() as app:
        select_streams(invocation, app, broadcasts, invocation.params["broadcastId"])
    return invocation.response()
