"""Archives by the `opentok` package, which wants numbers, `started` at once and a `createdAt`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentok import Archive, ArchiveError, Client, OutputModes, StreamModes
from opentok.exceptions import NotFoundError, RequestError

from emulator.client import ApplicationClient, Participant
from tests.eventually import eventually
from tests.sdk.python.opentok.client import NOTHING


def available(opentok: Client, session_id: str) -> Archive:
    archive = opentok.start_archive(session_id)
    opentok.stop_archive(archive.id)
    eventually(lambda: opentok.get_archive(archive.id).status == "available", "the archive is available")
    return opentok.get_archive(archive.id)


def test_start_with_nothing_but_a_session(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    archive = opentok.start_archive(session_id)
    assert (archive.status, archive.session_id, archive.partner_id) == ("started", session_id, int(application.api_key))
    assert (archive.has_audio, archive.has_video, archive.output_mode) == (True, True, OutputModes.composed)
    assert (archive.size, archive.duration, archive.url) == (0, 0, None)
    assert abs(archive.created_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_start_with_every_option(opentok: Client, session_id: str, people: list[Participant]) -> None:
    archive = opentok.start_archive(
        session_id,
        name="lesson",
        has_audio=False,
        resolution="1920x1080",
        layout={"type": "bestFit", "screenshareType": "pip"},
        multi_archive_tag="second",
        max_bitrate=2_000_000,
        stream_mode=StreamModes.manual,
        has_transcription=True,
        transcription_properties={"primaryLanguageCode": "de-DE", "hasSummary": True},
    )
    assert (archive.name, archive.resolution, archive.max_bitrate) == ("lesson", "1920x1080", 2_000_000)
    assert (archive.has_audio, archive.has_transcription, archive.stream_mode) == (False, True, "manual")
    custom = {"type": "custom", "stylesheet": "stream {}"}
    archive = opentok.start_archive(session_id, quantization_parameter=20, layout=custom, multi_archive_tag="third")
    assert archive.quantization_parameter == 20


def test_individual_archive(opentok: Client, session_id: str, people: list[Participant]) -> None:
    archive = opentok.start_archive(session_id, output_mode=OutputModes.individual)
    assert (archive.output_mode, archive.resolution) == (OutputModes.individual, None)


def test_stop_and_the_life_after(opentok: Client, session_id: str, people: list[Participant]) -> None:
    archive = opentok.start_archive(session_id)
    assert opentok.stop_archive(archive.id).status == "stopped"
    eventually(lambda: opentok.get_archive(archive.id).status == "available", "the archive is available")
    assert opentok.get_archive(archive.id).url.startswith("http")


def test_archive_stops_and_deletes_itself(opentok: Client, session_id: str, people: list[Participant]) -> None:
    archive = opentok.start_archive(session_id)
    archive.stop()
    assert archive.status == "stopped"
    done = available(opentok, session_id)
    done.delete()
    assert done.id not in [each.id for each in opentok.list_archives()]


def test_lists_have_pages_and_a_filter(
    opentok: Client, application: ApplicationClient, session_id: str, people: list[Participant]
) -> None:
    ids = [opentok.start_archive(session_id, multi_archive_tag=tag).id for tag in "abc"]
    other = opentok.create_session(media_mode=_routed()).session_id
    application.join(other)
    opentok.start_archive(other)
    assert opentok.get_archives().count == 4
    page = opentok.list_archives(offset=1, count=1, session_id=session_id)
    assert (page.count, [archive.id for archive in page]) == (3, [ids[1]])
    assert len(opentok.list_archives(offset=10)) == 0


def _routed() -> Any:
    from opentok import MediaModes

    return MediaModes.routed


@pytest.mark.parametrize(
    "layout",
    [
        ("bestFit", None, None),
        ("bestFit", None, "horizontalPresentation"),
        ("pip", None, None),
        ("custom", "stream {}", None),
    ],
)
def test_layout(
    opentok: Client, session_id: str, people: list[Participant], layout: tuple[str, str | None, str | None]
) -> None:
    archive = opentok.start_archive(session_id)
    opentok.set_archive_layout(archive.id, *layout)


def test_layout_that_makes_no_sense(opentok: Client, session_id: str, people: list[Participant]) -> None:
    archive = opentok.start_archive(session_id)
    with pytest.raises(ArchiveError):
        opentok.set_archive_layout(archive.id, "mosaic")


def test_streams_are_picked_by_hand(opentok: Client, session_id: str, people: list[Participant]) -> None:
    archive = opentok.start_archive(session_id, stream_mode=StreamModes.manual)
    stream_id = people[0].stream_ids[0]
    opentok.add_archive_stream(archive.id, stream_id, has_video=False)
    assert opentok.get_archive(archive.id).streams == [{"streamId": stream_id, "hasAudio": True, "hasVideo": False}]
    opentok.remove_archive_stream(archive.id, stream_id)
    assert not opentok.get_archive(archive.id).streams
    for select in (opentok.add_archive_stream, opentok.remove_archive_stream):
        with pytest.raises(RequestError):
            select(archive.id, NOTHING)


def test_refusals(opentok: Client, session_id: str, relayed: str, application: ApplicationClient) -> None:
    with pytest.raises(NotFoundError, match="Session not found"):
        opentok.start_archive(session_id)
    application.join(session_id)
    application.join(relayed)
    opentok.start_archive(session_id)
    with pytest.raises(ArchiveError, match="already composed"):
        opentok.start_archive(session_id)
    with pytest.raises(ArchiveError, match="Only routed sessions"):
        opentok.start_archive(relayed)
    with pytest.raises(RequestError, match="resolution"):
        opentok.start_archive(session_id, resolution="1x1", multi_archive_tag="b")


def test_refusals_of_what_is_not_there(opentok: Client, session_id: str, people: list[Participant]) -> None:
    for call in (opentok.get_archive, opentok.stop_archive, opentok.delete_archive):
        with pytest.raises(NotFoundError, match="Archive not found"):
            call(NOTHING)
    archive = available(opentok, session_id)
    with pytest.raises(ArchiveError):
        opentok.stop_archive(archive.id)
    with pytest.raises(RequestError):
        opentok.delete_archive(opentok.start_archive(session_id).id)
