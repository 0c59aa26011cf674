"""Refusals as the `vonage` package reports them: each status becomes the exception the SDK has for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from vonage import Video
from vonage_http_client.errors import AuthenticationError, ForbiddenError, HttpRequestError, NotFoundError
from vonage_video.models import CreateArchiveRequest

from emulator.client import ApplicationClient
from emulator.testing import Server, running_server
from tests.sdk.python.vonage.client import connect

UNKNOWN_APPLICATION = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture(scope="module")
def stranger_key() -> str:
    """A private key that belongs to no application."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def neighbour(server: Server) -> ApplicationClient:
    """Another application of the same emulator."""
    return server.emulator.application("neighbour")


def test_token_signed_with_another_key_is_forbidden(
    server: Server, application: ApplicationClient, stranger_key: str
) -> None:
    with pytest.raises(ForbiddenError) as refused:
        connect(server, application.id, stranger_key).create_session()
    error = refused.value.response.json()
    assert (error["code"], error["message"], error["description"]) == (-1, "Invalid signature", "Invalid signature")


def test_key_of_another_application_is_forbidden(
    server: Server, application: ApplicationClient, neighbour: ApplicationClient
) -> None:
    with pytest.raises(ForbiddenError):
        connect(server, application.id, neighbour.private_key).list_archives()


def test_unknown_application_is_forbidden(server: Server, stranger_key: str) -> None:
    with pytest.raises(ForbiddenError) as refused:
        connect(server, UNKNOWN_APPLICATION, stranger_key).create_session()
    assert refused.value.response.json()["message"] == "Issuer not found"


def test_session_of_another_application_is_out_of_reach(
    server: Server, session_id: str, application: ApplicationClient, neighbour: ApplicationClient
) -> None:
    application.join(session_id)
    with pytest.raises((ForbiddenError, NotFoundError)):
        connect(server, neighbour.id, neighbour.private_key).list_streams(session_id)


def test_archive_of_another_application_is_not_found(
    server: Server, video: Video, session_id: str, application: ApplicationClient, neighbour: ApplicationClient
) -> None:
    application.join(session_id)
    archive = video.start_archive(CreateArchiveRequest(session_id=session_id))
    other = connect(server, neighbour.id, neighbour.private_key)
    with pytest.raises(NotFoundError):
        other.get_archive(archive.id)
    assert other.list_archives() == ([], 0, None)


def test_text_that_is_no_session_id_is_a_bad_request(video: Video) -> None:
    with pytest.raises(HttpRequestError) as refused:
        video.start_archive(CreateArchiveRequest(session_id="not-a-session"))
    assert refused.value.response.status_code == 400
    assert set(refused.value.response.json()) >= {"code", "message", "description"}


def test_error_text_of_the_service_reaches_the_exception(video: Video, session_id: str) -> None:
    with pytest.raises(NotFoundError, match="No clients are actively connected"):
        video.start_archive(CreateArchiveRequest(session_id=session_id))


def test_gateway_status_401_becomes_an_authentication_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger_key: str
) -> None:
    with running_server(environment={"VONAGE_EMULATOR_UNAUTHORIZED_STATUS": "401"}) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca))
        application = server.emulator.application()
        with pytest.raises(AuthenticationError):
            connect(server, application.id, stranger_key).create_session()


def test_contract_of_the_specification_calls_missing_clients_a_conflict(server: Server) -> None:
    application = server.emulator.application(contract="spec")
    video = connect(server, application.id, application.private_key)
    session_id = video.create_session().session_id
    with pytest.raises(HttpRequestError) as refused:
        video.start_archive(CreateArchiveRequest(session_id=session_id))
    assert refused.value.response.status_code == 409
