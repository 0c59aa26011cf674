"""The `opentok` package with an application's key in place of an api secret: bearer tokens and UUID projects."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentok import Client, MediaModes, Roles

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.sdk.python.looks import session_fields
from tests.sdk.python.opentok.client import client_token


@pytest.fixture
def unified(server: Server, application: ApplicationClient, tmp_path: Path) -> Client:
    """The SDK in its Vonage mode, in which it does not take an API URL and has to be told afterwards."""
    key = tmp_path / "application.key"
    key.write_text(application.private_key)
    client = Client(application.id, str(key), timeout=30)
    client.endpoints.api_url = server.http
    return client


def test_session_belongs_to_the_application(unified: Client, application: ApplicationClient) -> None:
    assert session_fields(unified.create_session().session_id)[1] == application.id


def test_archive_and_client_token(unified: Client, application: ApplicationClient) -> None:
    session_id = unified.create_session(media_mode=MediaModes.routed).session_id
    application.join(session_id, 1, token=client_token(unified, session_id, Roles.moderator))
    archive = unified.start_archive(session_id)
    assert (archive.status, archive.partner_id) == ("started", None)
    assert unified.dial(session_id, client_token(unified, session_id), "sip:ada@example.com").id
