"""Archives as they are kept, and their life cycle. What is done with them is in state/archives.py.

    start ─► started ⇄ paused ─► stopped ─► uploaded ─► available ─(72 h)─► expired
                 └────────┴──► failed        └── DELETE ──┴─► deleted

Facts: fidelity/rest-and-archives.md 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from state.application import Application
from state.clock import SECOND
from state.layouts import BEST_FIT, Layout
from state.records import Record, require_transition, transitions
from state.selection import NOTHING, SelectedStream

LIVE = frozenset({"started", "paused"})
AUTOMATIC = "\0automatic"
"""The live key of the automatic archive."""

TRANSITIONS = transitions(
    started="paused stopped failed",
    paused="started stopped failed",
    stopped="uploaded available failed",
    uploaded="available deleted failed",
    available="expired deleted",
    expired="",
    failed="",
    deleted="",
)


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """What an archive is started with; bitrate in bit/s, None where not given."""

    name: str | None = None
    tag: str = ""
    output_mode: str = "composed"
    stream_mode: str = "auto"
    has_audio: bool = True
    has_video: bool = True
    resolution: str = "640x480"
    layout: Layout = BEST_FIT
    max_bitrate: int | None = None
    quantization_parameter: int | None = None
    has_transcription: bool = False
    transcription_language: str = "en-US"
    transcription_summary: bool = False
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one stream in an individual archive; times in ms since the epoch, `stopped_at` 0 while it goes on.

    Connection data and video type are those at its start (fidelity/media-files.md 2).
    """

    stream_id: str
    connection_data: str
    video_type: str
    started_at: int
    stopped_at: int = 0


@dataclass(slots=True)
class Archive(Record):
    """A recording. `recorded` is the ms recorded before `recording_since` (ms since the epoch; 0: not recording).

    `selected` are the streams selected by hand, `streams` those that are taken in right now, `segments` what became
    files of an individual archive. `stated_size` is a size in bytes that a test wants to be told.
    """

    kind: ClassVar[str] = "archive"

    new: ArchiveSettings
    stream_mode: str
    layout: Layout
    status: str = "started"
    reason: str = ""
    recorded: int = 0
    recording_since: int = 0
    selected: Mapping[str, SelectedStream] = field(default_factory=lambda: NOTHING)
    streams: Mapping[str, SelectedStream] = field(default_factory=lambda: NOTHING)
    transcription: str = ""
    segments: tuple[Segment, ...] = ()
    stated_size: int | None = None

    @property
    def live_key(self) -> str:
        """Archives of one session have different tags while they record; the automatic one is apart."""
        return AUTOMATIC if self.new.automatic else self.new.tag

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its tag."""
        return self.new.name or "", self.new.tag

    @property
    def duration(self) -> int:
        """Recorded length in whole s; published time only."""
        return self.recorded // SECOND

    @property
    def finished(self) -> bool:
        """Whether there is (or was) a file."""
        return self.status in ("uploaded", "available", "expired", "deleted")


def move(app: Application, archive: Archive, status: str, reason: str = "") -> None:
    """Let an archive have a status that may follow its own. Raises `WrongStatusError`."""
    require_transition(TRANSITIONS, archive, status)
    archive.status = status
    archive.reason = reason or archive.reason
    archive.updated_at = app.now
    app.emit(f"archive.{status}", archive, reason=reason)
