"""Creating sessions with the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError
from vonage_video.models import CreateArchiveRequest, SessionOptions

from emulator.client import ApplicationClient, Participant
from tests.sdk.python.looks import session_fields
from tests.sdk.python.vonage.client import Moment, body, status


def test_session_without_options_is_routed_and_names_the_application(
    video: Video, application: ApplicationClient
) -> None:
    moment = Moment()
    session = video.create_session()
    version, project, location, created_at, noise, relayed = session_fields(session.session_id)[:6]
    assert (version, project, location, relayed) == ("1", application.id, "", "")
    assert moment.saw(int(created_at))
    assert len(noise) == 24
    assert session.model_dump(exclude_none=True) == {"session_id": session.session_id}


def test_create_answers_an_array_of_one_with_the_recorded_keys(video: Video, application: ApplicationClient) -> None:
    session = video.create_session()
    assert status(video) == 200
    assert video.http_client.last_response.headers["Content-Type"] == "application/json"
    (created,) = body(video)
    assert created["session_id"] == session.session_id
    assert created["project_id"] == created["partner_id"] == application.id
    assert isinstance(created["create_dt"], str)
    assert created["ice_credential_expiration"] == 86100
    for unset in (
        "session_status",
        "status_invalid",
        "media_server_hostname",
        "properties",
        "ice_server",
        "ice_servers",
    ):
        assert created[unset] is None


def test_every_session_has_its_own_id(video: Video) -> None:
    assert video.create_session().session_id != video.create_session().session_id


def test_relayed_session_carries_the_mark_sdks_look_for(video: Video) -> None:
    session = video.create_session(SessionOptions(media_mode="relayed"))
    assert session.media_mode == "relayed"
    assert session_fields(session.session_id)[5] == "P"


def test_routed_session_asked_for_by_name_is_not_marked_relayed(video: Video) -> None:
    session = video.create_session(SessionOptions(media_mode="routed"))
    assert session.media_mode == "routed"
    assert session_fields(session.session_id)[5] == ""


def test_location_hint_is_kept_in_the_session_id(video: Video) -> None:
    session = video.create_session(SessionOptions(location="203.0.113.7"))
    assert session.location == "203.0.113.7"
    assert session_fields(session.session_id)[2] == "203.0.113.7"


def test_python_spelling_of_e2ee_is_accepted(video: Video) -> None:
    session = video.create_session(SessionOptions(media_mode="routed", e2ee=True))
    assert session.e2ee is True
    assert session.session_id


def test_create_reads_its_form_although_the_sdk_labels_it_json_after_a_json_call(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    video.disable_mute_all_streams(session_id)
    session = video.create_session(SessionOptions(media_mode="relayed"))
    assert video.http_client.last_request.headers["Content-Type"] == "application/json"
    assert session_fields(session.session_id)[5] == "P"


def test_automatic_archive_starts_with_the_first_client_and_resists_stopping(
    video: Video, application: ApplicationClient
) -> None:
    session = video.create_session(SessionOptions(archive_mode="always"))
    assert session.archive_mode == "always"
    assert video.list_archives() == ([], 0, None)

    application.join(session.session_id)
    (archive,), count, _ = video.list_archives()
    assert count == 1
    assert (archive.session_id, archive.status, archive.output_mode) == (session.session_id, "started", "composed")
    assert video.stop_archive(archive.id).id == archive.id
    assert video.get_archive(archive.id).status == "started"


def test_manual_archive_beside_an_automatic_one_needs_a_tag(video: Video, application: ApplicationClient) -> None:
    session = video.create_session(SessionOptions(archive_mode="always"))
    application.join(session.session_id)
    with pytest.raises(HttpRequestError) as refused:
        video.start_archive(CreateArchiveRequest(session_id=session.session_id))
    assert refused.value.response.status_code == 409
    tagged = video.start_archive(CreateArchiveRequest(session_id=session.session_id, multi_archive_tag="mine"))
    assert (tagged.status, tagged.multi_archive_tag) == ("started", "mine")
