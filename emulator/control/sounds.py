"""What streams sound like for real audio connectors, and what went over their WebSockets."""

from __future__ import annotations

import re
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from emulator.adapters import is_real
from emulator.context import context_of
from emulator.control.common import READS_BODY, ControlError, CurrentApplication, CurrentWorld, NamedApplication
from emulator.services import services_of
from state import sessions
from state.application import Application
from state.connectors import Connector

router = APIRouter(prefix="/applications/{application}", tags=["Sounds"])

_UNHEARD: dict[int | str, dict[str, Any]] = {409: {"description": "Nothing is real that would hear it."}}
STREAM = "/sessions/{session}/streams/{stream}/sound"

_L16 = re.compile(r"audio/l16\s*;\s*rate=(\d{4,6})\s*(;.*)?", re.IGNORECASE)

_FORMS = "send a WAV file as audio/wav, or PCM (16 bits, little-endian, one channel) as audio/l16;rate=16000"


def _require_real(app: Application) -> None:
    if not is_real(app, "connector"):
        raise ControlError(
            409, "nobody would hear it: the application's audio connectors are not real", "", 'set real: ["connector"]'
        )


@router.put(STREAM, openapi_extra={READS_BODY: True})
async def give_sound(
    request: Request, app: NamedApplication, world: CurrentWorld, session: str, stream: str, loop: bool = False
) -> dict[str, Any]:
    """Let a stream say what the body holds, from now on: a WAV file, or PCM as `audio/l16;rate=16000`.

    It is said once, and silence follows; with `loop` it is said again and again. An empty body is silence.
    """
    from emulator.connectors import pcm

    _require_real(app)
    with world.unit(app):
        sessions.published(sessions.find(app, session), stream)
    content, declared = context_of(request).body, request.headers.get("content-type", "")
    raw = _L16.fullmatch(declared.strip())
    try:
        if raw is not None:
            rate, samples = int(raw[1]), pcm.from_bytes(content)
            if not pcm.LOWEST_RATE <= rate <= pcm.HIGHEST_RATE:
                raise pcm.SoundError(f"a rate is one of {pcm.LOWEST_RATE} to {pcm.HIGHEST_RATE} Hz")
        elif not content:
            rate, samples = pcm.RATES[0], pcm.from_bytes(b"")
        else:
            rate, samples = pcm.read_wav(content)
        adapter = services_of(request).adapters.connectors
        sound = await adapter.sounds.give(stream, rate, samples, loops=loop)
    except pcm.SoundError as error:
        raise ControlError(400, str(error), "", _FORMS) from None
    adapter.update_sounds(app)
    return {"seconds": sound.seconds, "loop": sound.loops}


@router.delete(STREAM, status_code=204, response_class=Response)
async def take_sound_back(
    request: Request, app: CurrentApplication, world: CurrentWorld, session: str, stream: str
) -> None:
    """Let a stream have its tone again."""
    _require_real(app)
    with world.unit(app):
        sessions.published(sessions.find(app, session), stream)
    adapter = services_of(request).adapters.connectors
    adapter.sounds.take_back(stream)
    adapter.update_sounds(app)


@router.get(STREAM, responses=_UNHEARD)
async def show_sound(
    request: Request, app: CurrentApplication, world: CurrentWorld, session: str, stream: str
) -> dict[str, Any]:
    """Return what a stream says: its `tone` in Hz, or the `seconds` of what it was given, and whether they `loop`."""
    _require_real(app)
    with world.unit(app):
        found = sessions.published(sessions.find(app, session), stream)
    sounds = services_of(request).adapters.connectors.sounds
    given = sounds.get(found.id)
    if given is None:
        return {"tone": sounds.tone(found.session_id, found.id)}
    return {"seconds": given.seconds, "loop": given.loops}


@router.get("/connectors/{connector}/sound", response_class=Response, responses=_UNHEARD)
async def listen(
    request: Request,
    app: CurrentApplication,
    world: CurrentWorld,
    connector: str,
    direction: Literal["in", "out"] = "in",
) -> Response:
    """Download what came `in` from a real connector's server and was played, or went `out` to it: the last 60 s, WAV.

    What came in has no pauses: it is what was sent, frame after frame. It is kept for a while after the end.
    """
    _require_real(app)
    with world.unit(app):
        found = app[Connector].get(connector)
    recordings = services_of(request).adapters.connectors.recordings(found.id)
    if recordings is None:
        raise ControlError(404, "nothing is kept of this connector: it was not connected by this process", "connector")
    return Response(recordings[direction].wav(), media_type="audio/wav")
