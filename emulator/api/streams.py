"""Streams, signals and force mute."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator import wire
from emulator.call import Call, Handler
from emulator.schemas.sessions import MuteSession, SetOneStreamClasses, SetStreamClasses, SignalBody
from state import sessions
from state.sessions import Stream


def _list(call: Call, streams: list[Stream]) -> Response:
    return call.answer({"count": len(streams), "items": [wire.stream(stream) for stream in streams]})


async def list_streams(call: Call) -> Response:
    with call.unit() as app:
        return call.part(sessions.streams(call.session(app)), wire.stream)


async def get_stream(call: Call) -> Response:
    with call.unit() as app:
        session = call.session(app)
        sessions.streams(session)
        return call.answer(wire.stream(sessions.published(session, call.params["streamId"])))


async def set_stream_class_lists(call: Call) -> Response:
    body = call.body(SetStreamClasses)
    with call.unit() as app:
        return _list(call, sessions.set_layout_classes(app, call.session(app), body.state()))


async def set_stream_class_list(call: Call) -> Response:
    body = call.body(SetOneStreamClasses)
    with call.unit() as app:
        classes = {call.params["streamId"]: tuple(body.layout_class_list)}
        (stream,) = sessions.set_layout_classes(app, call.session(app), classes)
        return call.answer(wire.stream(stream))


async def signal(call: Call) -> Response:
    body = call.body(SignalBody)
    with call.unit() as app:
        sessions.signal(app, call.session(app), body.type, body.data, call.params.get("connectionId", ""))
    return call.answer()


async def mute_session(call: Call) -> Response:
    body = call.body(MuteSession)
    with call.unit() as app:
        session = call.session(app)
        if body.active:
            sessions.mute_all(app, session, body.excluded_stream_ids)
        else:
            sessions.stop_muting(app, session)
    return _muted(call)


async def mute_stream(call: Call) -> Response:
    with call.unit() as app:
        sessions.mute_stream(app, call.session(app), call.params["streamId"])
    return _muted(call)


def _muted(call: Call) -> Response:
    """Sources disagree on the body (fidelity/rest-and-archives.md 10): the option `muteAnswer` decides."""
    return call.answer(wire.project_details(call.speaker) if call.app.options.mute_answer == "details" else None)


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
