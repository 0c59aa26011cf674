"""Pictures: how streams are arranged in a composed archive or broadcast, or would be in a session."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.control.participants import CurrentSession, show_stream
from state import selection
from state.application import Application
from state.archive_records import Archive
from state.broadcasts import Broadcast
from state.layouts import Layout, Picture, compose
from state.resources import RESOURCE_KINDS

router = APIRouter(prefix="/applications/{application}/sessions", tags=["Participants"])

Size = Literal["640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920"]
Arranged = Literal["bestFit", "pip", "verticalPresentation", "horizontalPresentation"]


def show_picture(app: Application, composed: Archive | Broadcast) -> dict[str, Any] | None:
    """Return the picture of an archive or broadcast; None when it has ended or is not composed."""
    individual = getattr(composed.new, "output_mode", "composed") != "composed"
    if individual or composed.status not in RESOURCE_KINDS[composed.kind].live:
        return None
    session = app.sessions[composed.session_id]
    taken = selection.included_streams(composed, session)
    streams = [session.streams[stream] for stream, chosen in taken.items() if chosen.has_video]
    if not composed.new.has_video:
        streams = []
    return _show(compose(composed.layout, streams, composed.new.resolution), composed.layout.stylesheet)


def _show(picture: Picture, stylesheet: str = "") -> dict[str, Any]:
    """Return a picture; boxes in percent, null where the stylesheet says where a stream is."""
    return {
        "type": picture.type,
        "stylesheet": stylesheet or None,
        "width": picture.width,
        "height": picture.height,
        "tiles": [
            {
                "stream": show_stream(tile.stream),
                "role": tile.role or None,
                "box": {
                    "left": tile.box.left,
                    "top": tile.box.top,
                    "width": tile.box.width,
                    "height": tile.box.height,
                    "z": tile.box.z,
                }
                if tile.box
                else None,
            }
            for tile in picture.tiles
        ],
        "leftOut": [stream.id for stream in picture.left_out],
    }


@router.get("/{session}/picture")
async def get_picture(
    app: CurrentApplication,
    world: CurrentWorld,
    session: CurrentSession,
    type: Literal[Arranged, "custom"] = "bestFit",
    screenshareType: Annotated[Arranged | None, Query(description="only with bestFit")] = None,
    resolution: Size = "640x480",
) -> dict[str, Any]:
    """Tell how a layout would arrange what is published: who is in the picture, in which order, and where.

    A custom layout gets the order only: its stylesheet is applied to `<stream>` elements in this order.
    """
    if screenshareType and type != "bestFit":
        raise ControlError(400, "is possible with bestFit only", "screenshareType")
    with world.unit(app):
        layout = Layout(type, screenshare_type=screenshareType or "")
        return _show(compose(layout, session.streams.values(), resolution))
