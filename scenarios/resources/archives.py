"""What can become of archives."""

from __future__ import annotations

from scenarios.resources.magic_words import Found, Magic, named
from scenarios.resources.outcome import KindOutcomes, ResourceOutcome, Settings, at_once, instead_of, later
from state import archives
from state.application import Application
from state.archive_records import Archive

_UPLOADS = ("archive.upload", "archive.release")
_STOPPED = frozenset({"stopped"})


def _fails(app: Application, archive: Archive, settings: Settings) -> None:
    archives.fail(app, archive, settings["reason"])


def _upload_slow(app: Application, archive: Archive, settings: Settings) -> None:
    for upload in _UPLOADS:
        if app.timeline.get(upload, archive.id):
            app.timeline.set(upload, archive.id, app.now + int(settings["seconds"] * 1000))


def _upload_stuck(app: Application, archive: Archive, settings: Settings) -> None:
    app.timeline.cancel(*_UPLOADS, archive.id)


_MAGIC = (
    Magic("archive", "upload", "uploadFails"),
    Magic("archive", "upload-slow", "uploadSlow"),
    Magic("archive", "upload-stuck", "uploadStuck"),
    Magic("archive", "recording", "archiveFails", {"seconds": 5}),
)


def _magic_of(archive: Archive) -> Found:
    return named(_MAGIC, *archive.names)


OUTCOMES = KindOutcomes(
    kind=archives.KIND,
    outcomes={
        "uploadFails": ResourceOutcome(
            planned=("started", "stopped"),
            at={"stopped": instead_of("archive.upload")},
            during=_STOPPED,
            happens=_fails,
        ),
        # The timer that these change is set after the event.
        "uploadSlow": ResourceOutcome(
            planned=("started", "stopped"), at={"stopped": at_once}, during=_STOPPED, happens=_upload_slow
        ),
        "uploadStuck": ResourceOutcome(
            planned=("started", "stopped"), at={"stopped": at_once}, during=_STOPPED, happens=_upload_stuck
        ),
        "archiveFails": ResourceOutcome(at={"started": later}, happens=_fails),
    },
    magic=_MAGIC,
    magic_of=_magic_of,
)
