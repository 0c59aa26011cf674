"""What of an archive is recorded: only time in which something is published (or selected) counts.

Facts: fidelity/rest-and-archives.md 12.10, media-files.md 2.
"""

from __future__ import annotations

from dataclasses import replace

from state import selection
from state.application import Application
from state.archive_records import Archive, Segment, move
from state.clock import HOUR, MINUTE
from state.session_records import Session

IDLE = 60 * MINUTE
RECORDED = 4 * HOUR
"""Contractual times, ms: how long an archive may be paused, and how long what it records may be (12.10)."""


def follow(app: Application, archive: Archive) -> None:
    """Take in what is published, or selected, of the session now; go on, or rest while there is nothing."""
    streams = selection.included_streams(archive, app.sessions[archive.session_id])
    if streams != archive.streams:
        archive.streams = streams
        app.touch(archive)
    taking_in = bool(archive.streams)
    if taking_in and not archive.recording_since:
        record(app, archive)
    elif not taking_in and archive.recording_since:
        rest(app, archive)
    else:
        _cut(app, archive)


def record(app: Application, archive: Archive) -> None:
    """Record from now on."""
    app.timeline.cancel("archive.pause", "archive.idle", archive.id)
    archive.recording_since = app.now
    app.after("archive.full", archive.id, RECORDED - archive.recorded)
    app.touch(archive)
    _cut(app, archive)
    if archive.status == "paused":
        move(app, archive, "started")


def rest(app: Application, archive: Archive) -> None:
    """Record nothing for now: the archive is paused in a moment, and stopped after a while."""
    halt(app, archive)
    app.timeline.cancel("archive.full", archive.id)
    app.process("archive.pause", archive.id)
    app.after("archive.idle", archive.id, IDLE)


def halt(app: Application, archive: Archive) -> None:
    """Record no more."""
    if archive.recording_since:
        archive.recorded += app.now - archive.recording_since
        archive.recording_since = 0
        app.touch(archive)
        _cut(app, archive)


def _cut(app: Application, archive: Archive) -> None:
    """Let a segment end with its stream, or with the recording, and one begin with each stream that is taken in."""
    if archive.new.output_mode != "individual":
        return
    taken = archive.streams if archive.recording_since else {}
    open_ = {each.stream_id for each in archive.segments if not each.stopped_at}
    if open_ == set(taken):
        return
    session = app.sessions[archive.session_id]
    ended = tuple(
        each if each.stopped_at or each.stream_id in taken else replace(each, stopped_at=app.now)
        for each in archive.segments
    )
    archive.segments = (*ended, *(_segment(app, session, stream_id) for stream_id in taken if stream_id not in open_))
    app.touch(archive)


def _segment(app: Application, session: Session, stream_id: str) -> Segment:
    stream = session.streams[stream_id]
    return Segment(stream_id, session.connections[stream.connection_id].data, stream.video_type, app.now)
