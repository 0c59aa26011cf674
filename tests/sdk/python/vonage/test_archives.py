"""The life of an archive, driven by the `vonage` package."""

from __future__ import annotations

import base64
import hashlib
import ssl

import httpx
import pytest
from vonage import Video
from vonage_http_client.errors import HttpRequestError, NotFoundError
from vonage_video.errors import InvalidArchiveStateError
from vonage_video.models import Archive, ComposedLayout, CreateArchiveRequest, ListArchivesFilter

from emulator.client import ApplicationClient, Participant
from emulator.testing import Server
from tests.eventually import eventually
from tests.sdk.python.vonage.client import Moment, body, connect, is_lower_uuid, status

NOTHING = "00000000-0000-4000-8000-00000000dead"


def start(video: Video, session_id: str, **options: object) -> Archive:
    return video.start_archive(CreateArchiveRequest(session_id=session_id, **options))


def until(video: Video, archive_id: str, wanted: str) -> Archive:
    """Wait until the archive has the status `wanted` and return it."""

    def probe() -> Archive | None:
        archive = video.get_archive(archive_id)
        return archive if archive.status == wanted else None

    found = eventually(probe, f"archive {archive_id} is {wanted}")
    assert found is not None
    return found


def test_started_archive_has_every_field_at_its_default(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    moment = Moment()
    archive = start(video, session_id)
    assert status(video) == 200
    assert is_lower_uuid(archive.id)
    assert archive.status == "started"
    assert archive.name in (None, "")
    assert archive.reason == ""
    assert archive.session_id == session_id
    assert archive.application_id == application.id
    assert moment.saw(archive.created_at)
    assert archive.updated_at >= archive.created_at
    assert moment.saw(archive.updated_at)
    assert (archive.size, archive.duration) == (0, 0)
    assert (archive.output_mode, archive.stream_mode, archive.resolution) == ("composed", "auto", "640x480")
    assert (archive.has_audio, archive.has_video, archive.has_transcription) == (True, True, False)
    assert (archive.sha256_sum, archive.password, archive.multi_archive_tag) == ("", "", "")
    assert archive.event == "archive"


def test_started_archive_says_null_for_the_url_and_leaves_unset_options_out(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    start(video, session_id)
    answer = body(video)
    assert answer["url"] is None
    for absent in ("maxBitrate", "quantizationParameter", "transcription", "partnerId", "projectId"):
        assert absent not in answer


def test_started_archive_has_json_types_that_stricter_sdks_need(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    start(video, session_id)
    answer = body(video)
    assert all(type(answer[name]) is bool for name in ("hasAudio", "hasVideo", "hasTranscription"))
    assert all(type(answer[name]) is int for name in ("createdAt", "updatedAt", "size", "duration"))
    assert all(type(answer[name]) is str for name in ("reason", "sha256sum", "password", "multiArchiveTag"))


def test_started_archive_repeats_the_options_it_was_given(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive = start(
        video,
        session_id,
        name="interview",
        has_audio=True,
        has_video=True,
        layout=ComposedLayout(type="bestFit", screenshare_type="pip"),
        multi_archive_tag="first",
        output_mode="composed",
        resolution="1080x1920",
        stream_mode="auto",
        max_bitrate=1_500_000,
    )
    assert (archive.name, archive.multi_archive_tag) == ("interview", "first")
    assert (archive.resolution, archive.max_bitrate) == ("1080x1920", 1_500_000)


def test_quantization_parameter_is_kept(video: Video, session_id: str, people: list[Participant]) -> None:
    assert start(video, session_id, quantization_parameter=22).quantization_parameter == 22


def test_individual_archive_has_no_resolution_and_may_be_transcribed(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive = start(video, session_id, output_mode="individual", has_transcription=True)
    assert archive.output_mode == "individual"
    assert "resolution" not in body(video)
    assert archive.has_transcription is True
    assert archive.transcription.status == "requested"
    assert archive.transcription.primaryLanguageCode == "en-US"
    assert archive.transcription.hasSummary is False


def test_reading_again_rounds_times_to_whole_seconds(video: Video, session_id: str, people: list[Participant]) -> None:
    moment = Moment()
    archive = video.get_archive(start(video, session_id).id)
    assert archive.status == "started"
    assert moment.saw_second(archive.created_at)
    assert archive.updated_at % 1000 == 0


def test_stopped_archive_says_who_stopped_it_and_has_no_size_yet(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    stopped = video.stop_archive(start(video, session_id, name="talk").id)
    assert status(video) == 200
    assert (stopped.status, stopped.reason, stopped.name) == ("stopped", "user initiated", "talk")
    assert (stopped.size, stopped.duration, stopped.sha256_sum, stopped.url) == (0, 0, "", None)
    assert stopped.updated_at % 1000 == 0


def test_stopped_archive_becomes_available_with_url_size_and_digest(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    video.stop_archive(archive_id)
    archive = until(video, archive_id, "available")
    assert archive.reason == "user initiated"
    assert archive.url.startswith("http")
    assert "archive.mp4" in archive.url
    assert archive_id in archive.url
    assert isinstance(archive.size, int)
    assert isinstance(archive.duration, int)
    assert len(base64.b64decode(archive.sha256_sum, validate=True)) == 32


def test_archive_is_uploaded_before_it_is_available(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    video.stop_archive(archive_id)
    until(video, archive_id, "available")
    assert [event.type for event in application.events(type="archive")] == [
        "archive.started",
        "archive.stopped",
        "archive.uploaded",
        "archive.available",
    ]


def test_duration_is_in_seconds_and_the_file_is_what_the_archive_says(
    server: Server, video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    application.freeze()
    archive_id = start(video, session_id).id
    application.advance(90)
    video.stop_archive(archive_id)
    application.advance(60)
    archive = video.get_archive(archive_id)
    assert (archive.status, archive.duration) == ("available", 90)
    file = httpx.get(archive.url, verify=ssl.create_default_context(cafile=server.ca), trust_env=False)
    assert file.status_code == 200
    assert len(file.content) == archive.size > 0
    assert base64.b64encode(hashlib.sha256(file.content).digest()).decode() == archive.sha256_sum


def test_archive_ends_with_its_session_a_minute_after_the_last_client_left(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    application.freeze()
    for person in people:
        application.leave(session_id, person.connection_id)
    application.advance(59)
    assert video.get_archive(archive_id).status == "paused"
    application.advance(61)
    ended = video.get_archive(archive_id)
    assert (ended.status, ended.reason) == ("available", "session ended")


def test_archive_expires_after_72_hours_and_cannot_be_deleted_then(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    video.stop_archive(archive_id)
    application.freeze()
    application.advance(73 * 3600)
    expired = video.get_archive(archive_id)
    assert (expired.status, expired.url, expired.reason) == ("expired", None, "user initiated")
    assert [archive.id for archive in video.list_archives()[0]] == [archive_id]
    with pytest.raises(InvalidArchiveStateError):
        video.delete_archive(archive_id)


def test_archive_of_an_application_with_its_own_storage_ends_uploaded_without_url(server: Server) -> None:
    application = server.emulator.application(archiveStorage="target")
    video = connect(server, application.id, application.private_key)
    session_id = video.create_session().session_id
    application.join(session_id)
    archive_id = start(video, session_id).id
    video.stop_archive(archive_id)
    archive = until(video, archive_id, "uploaded")
    assert archive.url is None
    assert len(base64.b64decode(archive.sha256_sum, validate=True)) == 32
    assert video.delete_archive(archive_id) is None


def test_archive_without_anybody_publishing_pauses(
    video: Video, application: ApplicationClient, session_id: str
) -> None:
    application.join(session_id, streams=[])
    archive = until(video, start(video, session_id).id, "paused")
    assert archive.reason == ""


def test_archive_cannot_start_in_an_empty_session(video: Video, session_id: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        start(video, session_id)
    message = refused.value.response.json()["message"]
    assert message == "Not found. No clients are actively connected to the OpenTok session."


def test_second_archive_without_a_tag_is_a_conflict(video: Video, session_id: str, people: list[Participant]) -> None:
    start(video, session_id)
    with pytest.raises(HttpRequestError) as refused:
        start(video, session_id)
    assert refused.value.response.status_code == 409
    assert refused.value.response.json()["code"] == 15001


def test_second_archive_with_its_own_tag_runs_beside_the_first(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    first, second = start(video, session_id), start(video, session_id, multi_archive_tag="second")
    assert {video.get_archive(one.id).status for one in (first, second)} == {"started"}


def test_archive_of_a_relayed_session_is_a_conflict(video: Video, application: ApplicationClient, relayed: str) -> None:
    application.join(relayed)
    with pytest.raises(HttpRequestError) as refused:
        start(video, relayed)
    assert refused.value.response.status_code == 409
    assert refused.value.response.json()["code"] == 15008


def test_stopping_again_before_the_upload_is_allowed(server: Server) -> None:
    application = server.emulator.application(pace="realistic")  # the upload takes 4 s
    video = connect(server, application.id, application.private_key)
    session_id = video.create_session().session_id
    application.join(session_id)
    archive_id = start(video, session_id).id
    assert [video.stop_archive(archive_id).status, video.stop_archive(archive_id).status] == ["stopped", "stopped"]


def test_stopping_an_available_archive_is_an_invalid_state(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    video.stop_archive(archive_id)
    until(video, archive_id, "available")
    with pytest.raises(InvalidArchiveStateError, match="15002"):
        video.stop_archive(archive_id)


def test_deleting_a_running_archive_is_an_invalid_state(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    with pytest.raises(InvalidArchiveStateError, match="15004"):
        video.delete_archive(archive_id)


def test_deleted_archive_leaves_the_list_and_reads_as_deleted(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    video.stop_archive(archive_id)
    until(video, archive_id, "available")
    assert video.delete_archive(archive_id) is None
    assert status(video) == 204
    assert video.list_archives() == ([], 0, None)
    deleted = video.get_archive(archive_id)
    assert (deleted.status, deleted.url) == ("deleted", None)


def test_deleting_twice_is_allowed(video: Video, session_id: str, people: list[Participant]) -> None:
    archive_id = start(video, session_id).id
    video.stop_archive(archive_id)
    until(video, archive_id, "available")
    video.delete_archive(archive_id)
    assert video.delete_archive(archive_id) is None


@pytest.mark.parametrize("call", ["get_archive", "stop_archive", "delete_archive"])
def test_unknown_archive_is_not_found(video: Video, call: str) -> None:
    with pytest.raises(NotFoundError):
        getattr(video, call)(NOTHING)


def test_list_is_newest_first_and_counts_all_pages(video: Video, session_id: str, people: list[Participant]) -> None:
    ids = [start(video, session_id, multi_archive_tag=tag).id for tag in ("a", "b", "c")]
    archives, count, _ = video.list_archives()
    assert [archive.id for archive in archives] == ids[::-1]
    assert count == 3

    page, count, _ = video.list_archives(ListArchivesFilter(offset=1, page_size=1))
    assert [archive.id for archive in page] == [ids[1]]
    assert count == 3

    beyond, count, _ = video.list_archives(ListArchivesFilter(offset=3))
    assert (beyond, count) == ([], 3)


def test_list_can_be_kept_to_one_session(
    video: Video, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    start(video, session_id)
    other = video.create_session().session_id
    application.join(other)
    wanted = start(video, other)
    (only,), count, _ = video.list_archives(ListArchivesFilter(session_id=other))
    assert (only.id, only.session_id, count) == (wanted.id, other, 1)


def test_page_larger_than_the_service_gives_is_cut_not_refused(
    video: Video, session_id: str, people: list[Participant]
) -> None:
    archive_id = start(video, session_id).id
    (only,), count, _ = video.list_archives(ListArchivesFilter(page_size=5000))
    assert (only.id, count) == (archive_id, 1)


def test_negative_offset_is_a_bad_request(video: Video) -> None:
    with pytest.raises(HttpRequestError) as refused:
        video.list_archives(ListArchivesFilter(offset=-1))
    assert refused.value.response.status_code == 400
