"""Streams, signals and force mute.

The numbers are sections of fidelity/rest-and-archives.md.
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.service import refused_of
from emulator.service.invocation import Invocation
from emulator.spec import wire
from emulator.spec.contract import EMPTY_LIST, NOT_CONNECTED
from emulator.spec.errors import LAYOUT, NO_DATA, REQUIRED, SIGNAL_SIZE, InvalidRequestError
from emulator.spec.operations import CONNECTION, NO_BODY_IN_SPEC, PARTS, SESSION, STREAM, operation
from emulator.spec.responses import ErrorBody
from emulator.spec.schemas.sessions import MuteSession, SetOneStreamClasses, SetStreamClasses, SignalBody
from state import errors as refused
from state import sessions
from state.session_records import Stream, streams

SIGNAL = "One of the signal properties, data, type, sessionId or connectionId, is invalid."

_WITHOUT_STREAMS = (refused.NoStreamsYetError(), refused.NeverUsedError(), *refused_of.SESSION)
_NOT_SENT = (
    InvalidRequestError(REQUIRED, "type"),
    InvalidRequestError(REQUIRED, "data"),
    InvalidRequestError(SIGNAL_SIZE, status=413, whole=True),
)
"""What is refused of streams where there are none, and of signals."""


def _list(invocation: Invocation, streams: list[Stream]) -> Response:
    return invocation.response({"count": len(streams), "items": [wire.stream(stream) for stream in streams]})


@operation(
    "listStreams",
    "Streams",
    "GET",
    SESSION + "/stream",
    "Get information on all streams in a session",
    query=PARTS,
    response="StreamList",
    refusals=_WITHOUT_STREAMS,
    spec_answers={refused.NeverUsedError: EMPTY_LIST, refused.NoStreamsYetError: EMPTY_LIST},
)
async def list_streams(invocation: Invocation) -> Response:
    """Return the streams of a session (8.1)."""
    with invocation.unit() as app:
        return invocation.part(streams(invocation.read_session(app)), wire.stream)


@operation(
    "setStreamClassLists",
    "Streams",
    "PUT",
    SESSION + "/stream",
    "Change stream layout classes",
    body=SetStreamClasses,
    response="StreamList",
    empty=NO_BODY_IN_SPEC,
    refusals=(*_WITHOUT_STREAMS, refused.UnknownStreamError()),
    texts={"": LAYOUT},
    adds=True,
)
async def set_stream_class_lists(invocation: Invocation) -> Response:
    """Set the layout classes of several streams; return these streams (8.3)."""
    body = invocation.body(SetStreamClasses)
    with invocation.unit() as app:
        return _list(invocation, sessions.set_layout_classes(app, invocation.session(app), body.state()))


@operation(
    "getStream",
    "Streams",
    "GET",
    STREAM,
    "Get information on a single stream",
    response="Stream",
    refusals=(*_WITHOUT_STREAMS, refused.UnknownStreamError()),
    answers={refused.UnknownStreamError: ErrorBody(408, "You passed in an invalid stream ID.")},
    spec_answers={refused.UnknownStreamError: ErrorBody(404, "Not found. The stream is not found.")},
)
async def get_stream(invocation: Invocation) -> Response:
    """Return one stream of a session (8.2)."""
    with invocation.unit() as app:
        session = invocation.read_session(app)
        streams(session)
        return invocation.response(wire.stream(sessions.published(session, invocation.params["streamId"])))


@operation(
    "setStreamClassList",
    "Streams",
    "PUT",
    STREAM,
    "Change the layout classes of one stream (OpenTok)",
    body=SetOneStreamClasses,
    response="Stream",
    empty=NO_BODY_IN_SPEC,
    refusals=(*_WITHOUT_STREAMS, refused.UnknownStreamError()),
    adds=True,
)
async def set_stream_class_list(invocation: Invocation) -> Response:
    """Set the layout classes of one stream; return it."""
    body = invocation.body(SetOneStreamClasses)
    with invocation.unit() as app:
        classes = {invocation.params["streamId"]: tuple(body.layout_class_list)}
        (stream,) = sessions.set_layout_classes(app, invocation.session(app), classes)
        return invocation.response(wire.stream(stream))


@operation(
    "muteSession",
    "Moderation",
    "POST",
    SESSION + "/mute",
    "Mute all streams in a session",
    body=MuteSession,
    response="ProjectDetails",
    empty=NO_BODY_IN_SPEC,
    refusals=(refused.NoClientsError(), *refused_of.SESSION),
)
async def mute_session(invocation: Invocation) -> Response:
    """Mute all streams and those to come, or stop muting those to come (10.2)."""
    body = invocation.body(MuteSession)
    with invocation.unit() as app:
        session = invocation.session(app)
        if body.active:
            sessions.mute_all(app, session, body.excluded_stream_ids)
        else:
            sessions.stop_muting(app, session)
    return _muted(invocation)


@operation(
    "muteStream",
    "Moderation",
    "POST",
    STREAM + "/mute",
    "Mute a single stream",
    response="ProjectDetails",
    empty=NO_BODY_IN_SPEC,
    refusals=(*_WITHOUT_STREAMS, refused.UnknownStreamError()),
)
async def mute_stream(invocation: Invocation) -> Response:
    """Mute one stream (10.1)."""
    with invocation.unit() as app:
        sessions.mute_stream(app, invocation.session(app), invocation.params["streamId"])
    return _muted(invocation)


def _muted(invocation: Invocation) -> Response:
    """Sources disagree on the body (10): the option `muteAnswer` decides."""
    return invocation.response(
        wire.project_details(invocation.audience) if invocation.app.options.mute_answer == "details" else None
    )


async def _signal(invocation: Invocation) -> Response:
    """Send a signal to all clients of a session, or to one (9)."""
    body = invocation.body(SignalBody)
    with invocation.unit() as app:
        sessions.signal(app, invocation.session(app), body.type, body.data, invocation.params.get("connectionId", ""))
    return invocation.response()


signal_session = operation(
    "signalSession",
    "Signaling",
    "POST",
    SESSION + "/signal",
    "Send a signal to all connections",
    body=SignalBody,
    status=204,
    xml_when_anything=True,
    refusals=(*_NOT_SENT, refused.NoClientsError(), *refused_of.SESSION),
    texts={"": SIGNAL},
    missing={"data": NO_DATA},
)(_signal)

signal_connection = operation(
    "signalConnection",
    "Signaling",
    "POST",
    CONNECTION + "/signal",
    "Send a signal to one connection",
    body=SignalBody,
    status=204,
    xml_when_anything=True,
    refusals=(
        refused.MalformedIdError("connection"),
        *_NOT_SENT,
        refused.NotConnectedError(),
        refused.NoClientsError(),
        *refused_of.SESSION,
    ),
    answers={refused.MalformedIdError: ErrorBody(400, SIGNAL)},
    spec_answers={refused.MalformedIdError: ErrorBody(404, NOT_CONNECTED)},
    texts={"": SIGNAL},
    missing={"data": NO_DATA},
)(_signal)
