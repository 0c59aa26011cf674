"""Sessions made by the `opentok` package, and the tokens it makes for them."""

from __future__ import annotations

import time

import jwt
import pytest
from opentok import ArchiveModes, AuthError, Client, MediaModes, OpenTokException, Roles
from opentok.exceptions import RequestError

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.sdk.python.looks import session_fields
from tests.sdk.python.opentok.client import STRANGER, connect


def test_session_id_names_the_project_by_its_number(opentok: Client, application: ApplicationClient) -> None:
    session = opentok.create_session()
    assert session_fields(session.session_id)[1] == application.api_key
    assert application.session(session.session_id).media_mode == "relayed"


def test_routed_session(opentok: Client, application: ApplicationClient) -> None:
    session = opentok.create_session(media_mode=MediaModes.routed, location="12.34.56.78")
    made = application.session(session.session_id)
    assert (made.media_mode, made.archive_mode, made.location, made.e2ee) == ("routed", "manual", "12.34.56.78", False)
    assert "P" not in session_fields(session.session_id)


def test_session_that_is_always_archived(opentok: Client, application: ApplicationClient) -> None:
    session = opentok.create_session(
        media_mode=MediaModes.routed,
        archive_mode=ArchiveModes.always,
        archive_name="lesson",
        archive_resolution="1280x720",
    )
    application.join(session.session_id)
    (archive,) = opentok.list_archives(session_id=session.session_id)
    assert (archive.name, archive.resolution, archive.status) == ("lesson", "1280x720", "started")


def test_end_to_end_encrypted_session(opentok: Client, application: ApplicationClient) -> None:
    session = opentok.create_session(media_mode=MediaModes.routed, e2ee=True)
    assert application.session(session.session_id).e2ee


def test_session_with_an_impossible_mode_is_refused(opentok: Client) -> None:
    """The SDK does not look at the status: it fails on the body."""
    with pytest.raises(OpenTokException):
        opentok.create_session(archive_mode=ArchiveModes.always, media_mode=MediaModes.relayed)


@pytest.mark.parametrize("use_jwt", [True, False], ids=["jwt", "T1"])
def test_client_tokens_of_both_forms_let_somebody_in(
    opentok: Client, application: ApplicationClient, session_id: str, use_jwt: bool
) -> None:
    token = opentok.generate_token(
        session_id,
        role=Roles.moderator,
        data="name=Ada",
        initial_layout_class_list=["full", "focus"],
        expire_time=int(time.time()) + 600,
        use_jwt=use_jwt,
    )
    assert token.startswith("T1==") is not use_jwt
    (person,) = application.join(session_id, token=token)
    assert (person.role, person.data) == ("moderator", "name=Ada")


def test_session_makes_tokens_too(opentok: Client, application: ApplicationClient) -> None:
    session = opentok.create_session()
    claims = jwt.decode(session.generate_token(), application.api_secret, algorithms=["HS256"])
    assert (claims["session_id"], claims["iss"]) == (session.session_id, application.api_key)


def test_token_needs_a_session_of_the_project(server: Server, opentok: Client) -> None:
    neighbour = server.emulator.application("neighbour")
    other = connect(server, neighbour.api_key, neighbour.api_secret).create_session()
    with pytest.raises(OpenTokException, match="does not belong to the api_key"):
        opentok.generate_token(other.session_id)


def test_wrong_secret_is_an_auth_error_where_the_sdk_tells_it(server: Server, application: ApplicationClient) -> None:
    stranger = connect(server, application.api_key, STRANGER)
    with pytest.raises(RequestError, match="invalid credentials"):
        stranger.create_session()
    with pytest.raises(AuthError):
        stranger.list_archives()


def test_unknown_project_is_an_auth_error(server: Server) -> None:
    with pytest.raises(AuthError):
        connect(server, "999", STRANGER).get_archives()
