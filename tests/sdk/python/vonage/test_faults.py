"""Faults as the `vonage` package reports them; it repeats what the connection drops, so the journal is asked too."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from vonage import Video
from vonage_http_client.errors import ForbiddenError, HttpRequestError, NotFoundError, RateLimitedError, ServerError
from vonage_video.errors import InvalidArchiveStateError
from vonage_video.models import CreateArchiveRequest, InitiateSipRequest, SipOptions

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.scenarios.calls import control
from tests.sdk.python.vonage.client import client_token


@pytest.fixture(autouse=True)
def _people(people: Any) -> None:
    """There is somebody to record."""


def fault(server: Server, application: ApplicationClient, operation: str, then: Any, **rule: Any) -> None:
    control(
        server, application, "POST", "/faults", {"name": "sdk", "when": {"operation": operation}, "then": then, **rule}
    )


def attempts(server: Server, application: ApplicationClient, operation: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = control(server, application, "GET", f"/requests?operation={operation}")["items"]
    return items


def start(video: Video, session_id: str, **options: Any) -> Any:
    return video.start_archive(CreateArchiveRequest(session_id=session_id, **options))


@pytest.mark.parametrize(
    ("effect", "error", "status"),
    [
        ("forbidden", ForbiddenError, 403),
        ("notFound", NotFoundError, 404),
        ("timeout408", HttpRequestError, 408),
        ("conflict", HttpRequestError, 409),
        ("rateLimited", RateLimitedError, 429),
        ("internal", ServerError, 500),
        ("unavailable", HttpRequestError, 503),
    ],
)
def test_a_status_becomes_the_sdks_exception(
    server: Server,
    application: ApplicationClient,
    video: Video,
    session_id: str,
    effect: str,
    error: type[HttpRequestError],
    status: int,
) -> None:
    fault(server, application, "startArchive", effect, times=1)
    with pytest.raises(error) as raised:
        start(video, session_id)
    assert raised.value.response.status_code == status
    assert raised.value.response.headers["x-emulator-fault"] == "sdk"
    assert start(video, session_id).status.value == "started"


def test_the_documented_conflict_of_stopping(
    server: Server, application: ApplicationClient, video: Video, session_id: str
) -> None:
    archive = start(video, session_id)
    fault(server, application, "stopArchive", "conflict", times=1)
    with pytest.raises(InvalidArchiveStateError):
        video.stop_archive(archive.id)
    assert video.stop_archive(archive.id).status.value == "stopped"


def test_a_read_that_is_rate_limited_with_retry_after_is_repeated_by_the_sdk(
    server: Server, application: ApplicationClient, video: Video
) -> None:
    fault(server, application, "listArchives", {"rateLimited": {"retryAfter": 0}}, times=2)
    assert video.list_archives()[1] == 0
    assert [each["status"] for each in attempts(server, application, "listArchives")] == [200, 429, 429]


@pytest.mark.parametrize("effect", ["reset", "emptyReply"])
def test_a_dropped_connection_is_repeated_by_the_sdk_even_for_a_post(
    server: Server, application: ApplicationClient, video: Video, session_id: str, effect: str
) -> None:
    """The answer is lost, the SDK asks again by itself, and is told that somebody records: its own first attempt."""
    fault(server, application, "startArchive", effect, position="after", times=1)
    with pytest.raises(HttpRequestError) as raised:
        start(video, session_id)
    assert raised.value.response.status_code == 409
    second, first = attempts(server, application, "startArchive")
    assert (first["fault"], first["status"]) == ("sdk", 0)
    assert (second["fault"], second["status"]) == ("", 409)


def test_a_connection_that_is_always_dropped_is_given_up(
    server: Server, application: ApplicationClient, video: Video, session_id: str
) -> None:
    fault(server, application, "startArchive", "emptyReply")
    with pytest.raises(requests.ConnectionError):
        start(video, session_id)
    assert len(attempts(server, application, "startArchive")) >= 10


@pytest.mark.parametrize("effect", ["truncated", "garbage"])
def test_what_is_no_answer_is_a_connection_error(
    server: Server, application: ApplicationClient, video: Video, effect: str
) -> None:
    fault(server, application, "getArchive", effect, times=20)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        video.get_archive("0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33")


def test_a_stall_is_the_sdks_timeout(server: Server, application: ApplicationClient, video: Video) -> None:
    fault(server, application, "getArchive", "stall", times=20)
    video.http_client._timeout = 0.1
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        video.get_archive("0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33")


def test_malformed_json_is_nothing_to_the_sdk(
    server: Server, application: ApplicationClient, video: Video, session_id: str
) -> None:
    """It takes an answer that it cannot read for an empty one, and fails on that."""
    fault(server, application, "startArchive", "malformedJson", times=1)
    with pytest.raises(TypeError):
        start(video, session_id)


def test_an_upload_that_fails(server: Server, application: ApplicationClient, video: Video, session_id: str) -> None:
    fault(server, application, "startArchive", "uploadFails", times=1)
    archive = start(video, session_id)
    video.stop_archive(archive.id)
    application.wait_for("archive.failed", timeout=5)
    assert video.get_archive(archive.id).status.value == "failed"


def test_a_magic_uri_needs_nothing_but_the_sdk(application: ApplicationClient, video: Video, session_id: str) -> None:
    options = SipOptions(uri="sip:emulator-fail-busy@example.com")
    video.initiate_sip_call(
        InitiateSipRequest(session_id=session_id, token=client_token(video, session_id), sip=options)
    )
    event = application.wait_for("call.destroyed", timeout=5)
    assert event.reason == "486"
