"""Files behind the links in responses: recordings, playlists, the certificate authority."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.resources.archives import link_signature
from emulator.services import services_of
from emulator.spec.recordings import TRANSCRIPT, file_of, transcript_of
from state.archive_records import Archive
from state.broadcasts import Broadcast

router = APIRouter(tags=["Files"])

MEDIA_TYPES: Mapping[str, str] = {"mp4": "video/mp4", "zip": "application/zip", "json": "application/json"}

PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:0\n"


@router.get("/files/{application}/{archive}/{name}", response_class=Response)
async def download(
    app: CurrentApplication,
    world: CurrentWorld,
    archive: str,
    name: str,
    Expires: int = 0,
    Signature: str = "",
) -> Response:
    """Download an archive's file; the link is good for 10 minutes of the application's clock."""
    with world.unit(app):
        found = app[Archive].get(archive)
        file = transcript_of(found) if name == TRANSCRIPT and found.transcription else file_of(found)
        if found.status != "available" or name != file.name:
            raise ControlError(404, f"there is no file {name} of an archive that is {found.status}")
        if not hmac.compare_digest(Signature.encode(), link_signature(app, found.id, Expires).encode()):
            raise ControlError(403, "the link is not one that was given out", "Signature")
        if Expires * 1000 < app.now:
            raise ControlError(403, "the link has expired; read the archive for a new one", "Expires")
    return Response(file.content, media_type=MEDIA_TYPES[name.rpartition(".")[2]])


@router.get("/hls/{application}/{broadcast}/playlist.m3u8", response_class=Response)
async def playlist(app: CurrentApplication, world: CurrentWorld, broadcast: str) -> Response:
    """Return the playlist of a broadcast: without segments, ended when the broadcast is."""
    with world.unit(app):
        found = app[Broadcast].get(broadcast)
        if found.hls is None or found.hls.status == "connecting":
            raise ControlError(404, "the playlist is not there yet")
        ended = "#EXT-X-ENDLIST\n" if found.hls.status == "ended" else ""
    return Response(PLAYLIST + ended, media_type="application/vnd.apple.mpegurl")


@router.get("/ca.pem", response_class=Response, responses={404: {"description": "HTTPS is off."}})
async def certificate_authority(request: Request) -> Response:
    """Download the certificate authority that the HTTPS listener's certificate is signed by."""
    try:
        content = (services_of(request).settings.data_dir / "ca.pem").read_bytes()
    except OSError:
        raise ControlError(404, "there is no certificate authority: HTTPS is off") from None
    return Response(content, media_type="application/x-pem-file")
