"""Recording a call: what a user of the service sees, and what happens when things go wrong."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from vonage_video_emulator.client import ApplicationClient, Clock, Outbox

WaitUntil = Callable[[str, str], dict[str, Any]]


def start(recorder: httpx.Client, call: str) -> str:
    """Start recording a call and return the recording's id."""
    recording_id: str = recorder.post("/recordings", json={"session_id": call}).raise_for_status().json()["id"]
    return recording_id


@pytest.fixture
def outbox(video_application: ApplicationClient) -> Outbox:
    """The callbacks that the emulator sends."""
    return video_application.outbox


def test_a_recorded_call_is_saved_as_it_was_recorded(
    recorder: httpx.Client, call: str, video_clock: Clock, video_application: ApplicationClient, wait_until: WaitUntil
) -> None:
    recording_id = start(recorder, call)
    video_clock.advance(90)
    recorder.post(f"/recordings/{recording_id}/stop").raise_for_status()

    archive = video_application.wait_for("archive.available", recording_id).data
    recording = wait_until(recording_id, "saved")
    content = recorder.get(f"/recordings/{recording_id}/file").content

    assert archive["duration"] >= 90
    assert recording["size"] == len(content) == archive["size"] > 0
    assert base64.b64encode(hashlib.sha256(content).digest()).decode() == archive["sha256sum"]
    assert [each["id"] for each in recorder.get("/recordings").json()] == [recording_id]


def test_a_call_without_anybody_cannot_be_recorded(recorder: httpx.Client) -> None:
    session_id = recorder.post("/calls").json()["session_id"]
    assert recorder.post("/recordings", json={"session_id": session_id}).status_code == 404
    assert recorder.get("/recordings").json() == []


def test_a_call_is_recorded_once_at_a_time(recorder: httpx.Client, call: str) -> None:
    start(recorder, call)
    assert recorder.post("/recordings", json={"session_id": call}).status_code == 409


def test_a_recording_that_everybody_left_is_saved_too(
    recorder: httpx.Client, call: str, video_application: ApplicationClient, wait_until: WaitUntil
) -> None:
    recording_id = start(recorder, call)
    for participant in video_application.session(call).participants:
        video_application.leave(call, participant.connection_id)
    video_application.advance(60)
    wait_until(recording_id, "saved")


def test_a_callback_that_is_late_leaves_the_recording_stopped_until_it_comes(
    recorder: httpx.Client, call: str, outbox: Outbox, video_clock: Clock, wait_until: WaitUntil
) -> None:
    outbox.hold("archive.available")
    recording_id = start(recorder, call)
    recorder.post(f"/recordings/{recording_id}/stop")
    video_clock.run_until_idle()
    wait_until(recording_id, "stopped")
    assert recorder.get(f"/recordings/{recording_id}/file").status_code == 409

    video_clock.advance(3600)  # the link in the callback has expired when it comes
    outbox.release()
    wait_until(recording_id, "saved")


def test_callbacks_that_come_twice_and_in_the_wrong_order_change_nothing(
    recorder: httpx.Client, call: str, outbox: Outbox, video_clock: Clock, wait_until: WaitUntil
) -> None:
    recording_id = start(recorder, call)
    recorder.post(f"/recordings/{recording_id}/stop")
    video_clock.run_until_idle()
    wait_until(recording_id, "saved")

    (stopped,), (available,) = outbox.callbacks("archive.stopped"), outbox.callbacks("archive.available")
    again = [outbox.duplicate(available.id), outbox.duplicate(stopped.id)]
    video_clock.run_until_idle()
    assert [outbox.callback(each.id).status for each in again] == ["delivered", "delivered"]
    assert recorder.get(f"/recordings/{recording_id}").json()["status"] == "saved"
    assert len(recorder.get("/recordings").json()) == 1


def test_a_recording_that_failed_says_why(
    recorder: httpx.Client, call: str, video_application: ApplicationClient, wait_until: WaitUntil
) -> None:
    recording_id = start(recorder, call)
    video_application.archive_transition(recording_id, "failed", "disk full")
    assert wait_until(recording_id, "failed")["problem"] == "disk full"


def test_a_forged_callback_is_refused(recorder: httpx.Client, call: str, outbox: Outbox, video_clock: Clock) -> None:
    recording_id = start(recorder, call)
    video_clock.advance(0)  # on return the callback of the start has been delivered
    (callback,) = outbox.callbacks("archive.started")
    genuine = callback.attempts[0].request
    assert genuine is not None
    token = genuine.headers["Authorization"]
    forged = genuine.body.replace('"started"', '"failed"')

    for authorization, body in ((token, forged), ("Bearer " + token[-20:], genuine.body), ("", genuine.body)):
        answer = recorder.post("/callbacks/archive", content=body, headers={"Authorization": authorization})
        assert answer.status_code == 401
    assert recorder.get(f"/recordings/{recording_id}").json()["status"] == "recording"
