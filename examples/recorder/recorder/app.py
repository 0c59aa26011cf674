"""The service: start a call, record it, be told when the recording is there, and keep it.

uvicorn --factory recorder.app:from_environment
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel
from vonage import Auth, HttpClientOptions, Vonage
from vonage_http_client.errors import HttpRequestError
from vonage_video.models import CreateArchiveRequest, SessionOptions

from recorder import signature
from recorder.recordings import Recording, Recordings
from recorder.settings import Settings


class NewRecording(BaseModel):
    """Which call to record."""

    session_id: str


def from_environment() -> FastAPI:
    """Return the service with the settings of the environment."""
    return create_app(Settings.from_environment())


def create_app(settings: Settings) -> FastAPI:
    """Return the service."""
    auth = Auth(application_id=settings.application_id, private_key=settings.private_key)
    video = Vonage(auth, HttpClientOptions(video_host=settings.video_host)).video
    recordings = Recordings(video, settings.folder)
    app = FastAPI(title="Recorder")

    def known(archive_id: str) -> Recording:
        recording = recordings.get(archive_id)
        if recording is None:
            raise HTTPException(404, "there is no such recording")
        return recording

    @app.post("/calls", status_code=201)
    def start_call() -> dict[str, str]:
        """Begin a call; recording needs a routed session."""
        return {"session_id": video.create_session(SessionOptions(media_mode="routed")).session_id}

    @app.post("/recordings", status_code=201)
    def start_recording(body: NewRecording) -> Recording:
        """Record a call: 404 while nobody is in it, 409 when it is being recorded."""
        try:
            archive = video.start_archive(CreateArchiveRequest(session_id=body.session_id))
        except HttpRequestError as error:
            raise HTTPException(error.response.status_code, "the call cannot be recorded now") from error
        return recordings.add(archive.id, body.session_id)

    @app.post("/recordings/{archive_id}/stop")
    def stop_recording(archive_id: str) -> Recording:
        """Stop recording; the file comes later."""
        recording = known(archive_id)
        video.stop_archive(archive_id)
        return recording

    @app.get("/recordings")
    def list_recordings() -> list[dict[str, Any]]:
        """List the recordings."""
        return recordings.list()

    @app.get("/recordings/{archive_id}")
    def get_recording(archive_id: str) -> Recording:
        """Read one recording."""
        return known(archive_id)

    @app.get("/recordings/{archive_id}/file")
    def get_file(archive_id: str) -> FileResponse:
        """Download a recording that is saved."""
        recording = known(archive_id)
        if recording.status != "saved":
            raise HTTPException(409, f"the recording is {recording.status}")
        return FileResponse(recordings.file(recording), media_type="video/mp4")

    @app.post("/callbacks/archive", status_code=204)
    async def archive_changed(request: Request, later: BackgroundTasks) -> Response:
        """Hear from Vonage what became of a recording. It is answered at once, and downloaded afterwards."""
        body = await request.body()
        try:
            signature.check(request.headers.get("Authorization", ""), body, settings.signature_secret)
        except signature.NotFromVonageError as error:
            raise HTTPException(401, str(error)) from error
        archive = json.loads(body)
        recording = recordings.add(archive["id"], archive["sessionId"])
        if archive["status"] == "available":
            later.add_task(recordings.fetch, recording)
        elif archive["status"] == "failed":
            recording.status, recording.problem = "failed", archive["reason"] or ""
        elif archive["status"] == "stopped" and recording.status == "recording":  # it may come after `available`
            recording.status = "stopped"
        return Response(status_code=204, background=later)

    return app
