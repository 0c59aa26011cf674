"""The service under test, running for real, with the emulator in the place of Vonage."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from recorder.app import create_app
from recorder.settings import Settings
from vonage_video_emulator.client import ApplicationClient
from vonage_video_emulator.testing import Server

SAVE_SECONDS = 10


@pytest.fixture(autouse=True)
def trust(video_emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK trust the emulator's certificate."""
    for name, value in video_emulator.trust.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def settings(video_emulator: Server, video_application: ApplicationClient, tmp_path: Path) -> Settings:
    """The settings of production, but for the host."""
    return Settings(
        application_id=video_application.id,
        private_key=video_application.private_key,
        signature_secret=video_application.signature_secret,
        folder=tmp_path / "recordings",
        video_host=video_emulator.https_host,
    )


@pytest.fixture
def recorder(
    video_emulator: Server, video_application: ApplicationClient, settings: Settings
) -> Iterator[httpx.Client]:
    """The running service, which is told what becomes of the archives of the test's application."""
    listener = socket.create_server((video_emulator.callback_address, 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    address = f"http://{video_emulator.callback_host}:{port}/callbacks/archive"
    video_application.change(webhooks={"archive_status": {"address": address}})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def call(recorder: httpx.Client, video_application: ApplicationClient) -> str:
    """The session id of a call with two people in it."""
    session_id: str = recorder.post("/calls").raise_for_status().json()["session_id"]
    video_application.join(session_id, 2)
    return session_id


@pytest.fixture
def wait_until(recorder: httpx.Client) -> Callable[[str, str], dict[str, Any]]:
    """Wait until a recording has a status, and return it: the service saves in the background."""

    def wait(recording_id: str, status: str) -> dict[str, Any]:
        deadline = time.monotonic() + SAVE_SECONDS
        while True:
            recording: dict[str, Any] = recorder.get(f"/recordings/{recording_id}").raise_for_status().json()
            if recording["status"] == status:
                return recording
            assert time.monotonic() < deadline, f"not {status}: {recording}"
            time.sleep(0.02)

    return wait
