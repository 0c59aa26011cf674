"""Streams, signals and force mute.

The numbers are sections of fidelity/rest-and-archives.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.service.invocation import Handler, Invocation
from emulator.spec import wire
from emulator.spec.schemas.sessions import MuteSession, SetOneStreamClasses, SetStreamClasses, SignalBody
from state import sessions
from state.session_records import Stream, streams


def _list(invocation: Invocation, streams: list[Stream]) -> Response:
    return invocation.response({"count": len(streams), "items": [wire.stream(stream) for stream in streams]})


async def list_streams(invocation: Invocation) -> Response:
    """Return the streams of a session (8.1)."""
    with invocation.unit() as app:
        return invocation.part(streams(invocation.read_session(app)), wire.stream)


async def get_stream(invocation: Invocation) -> Response:
    """Return one stream of a session (8.2)."""
    with invocation.unit() as app:
        session = invocation.read_session(app)
        streams(session)
        return invocation.response(wire.stream(sessions.published(session, invocation.params["streamId"])))


async def set_stream_class_lists(invocation: Invocation) -> Response:
    """Set the layout classes of several streams; return these streams (8.3)."""
    body = invocation.body(SetStreamClasses)
    with invocation.unit() as app:
        return _list(invocation, sessions.set_layout_classes(app, invocation.session(app), body.state()))


async def set_stream_class_list(invocation: Invocation) -> Response:
    """Set the layout classes of one stream; return it."""
    body = invocation.body(SetOneStreamClasses)
    with invocation.unit() as app:
        classes = {invocation.params["streamId"]: tuple(body.layout_class_list)}
        (stream,) = sessions.set_layout_classes(app, invocation.session(app), classes)
        return invocation.response(wire.stream(stream))


async def signal(invocation: Invocation) -> Response:
    """Send a signal to all clients of a session, or to one (9)."""
    body = invocation.body(SignalBody)
    with invocation.unit() as app:
        sessions.signal(app, invocation.session(app), body.type, body.data, invocation.params.get("connectionId", ""))
    return invocation.response()


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


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "listStreams": list_streams,
        "getStream": get_stream,
        "setStreamClassLists": set_stream_class_lists,
        "setStreamClassList": set_stream_class_list,
        "signalSession": signal,
        "signalConnection": signal,
        "muteSession": mute_session,
        "muteStream": mute_stream,
    }
)
