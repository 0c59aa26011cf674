"""JSON bodies in responses and callbacks: names of keys, their order, units, what is left out.

Those of resources are in emulator/resources/; here are those of sessions and what is in them, and what all share. Each
function returns a body as Python objects. The numbers name sections of fidelity/rest-and-archives.md, those after
`broadcasts` of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from state.application import Application
from state.project_records import Registration
from state.selection import SelectedStream
from state.session_records import Connection, Session, Stream

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a body is written: the names that it uses for the project, its links and its time depend on that.

    `project` is the id by which the project was called. Where that is an API key, the body is one of OpenTok: it has
    `projectId` and `partnerId` beside or in place of `applicationId`. `base_url` is scheme and host of links.
    """

    app: Application
    project: str
    base_url: str
    at: int | None = None

    @property
    def now(self) -> int:
        """The time that the body shows, ms: `at` for the callback of a past event, otherwise now."""
        return self.app.now if self.at is None else self.at

    @property
    def opentok(self) -> bool:
        """Whether the project was called by its API key, as OpenTok SDKs do."""
        return self.project != self.app.id

    @property
    def api_key(self) -> str:
        """The API key by which the project was called; empty when it was called by the application's id."""
        return self.project if self.opentok else ""


def whole_seconds(ms: int) -> int:
    """Return a time without its ms, as all responses but that of start have it (12.1)."""
    return ms - ms % 1000


def session(audience: Audience, made: Session, segment_id: str) -> Json:
    """Return a new session: the recorded keys, then the two that only the specification has (6)."""
    return {
        "session_id": made.id,
        "project_id": audience.project,
        "partner_id": audience.project,
        "create_dt": create_dt(made.created_at),
        "session_status": None,
        "status_invalid": None,
        "media_server_hostname": None,
        "messaging_server_url": None,
        "messaging_url": None,
        "symphony_address": None,
        "properties": None,
        "ice_server": None,
        "session_segment_id": segment_id,
        "ice_servers": None,
        "ice_credential_expiration": 86100,
        "application_id": audience.app.id,
        "media_server_url": "",
    }


def create_dt(ms: int) -> str:
    """Return a time as `Sun Sep 15 21:56:28 PDT 2024` (6)."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo("America/Los_Angeles")).strftime("%a %b %d %H:%M:%S %Z %Y")


def whose_connections(audience: Audience, of: Session) -> Json:
    """Return what the list of a session's connections has besides the connections: whose they are (7.1)."""
    return {**project_key(audience), "sessionId": of.id}


def connection(each: Connection) -> Json:
    """Return a connection, in exactly three keys (7.1)."""
    return {"connectionId": each.id, "connectionState": "Connected", "createdAt": each.created_at}


def stream(each: Stream) -> Json:
    """Return a stream, in exactly four keys (8)."""
    return {
        "id": each.id,
        "videoType": each.video_type,
        "name": each.name,
        "layoutClassList": list(each.layout_classes),
    }


def project_details(audience: Audience) -> Json:
    """Return the details of the project, in both sets of keys that SDKs read (10.2)."""
    app = audience.app
    return {
        "id": audience.project,
        "applicationId": app.id,
        "secret": "",
        "status": "ACTIVE",
        "name": app.name,
        "environment": "standard",
        "createdAt": app.created_at,
    }


class Tracks(Protocol):
    """What is taken in of any stream."""

    @property
    def has_audio(self) -> bool:
        """Whether audio is."""

    @property
    def has_video(self) -> bool:
        """Whether video is."""


def selected_streams(streams: Mapping[str, SelectedStream], new: Tracks) -> list[Json]:
    """Return the streams that were selected, with what of each is taken in."""
    return [
        {
            "streamId": stream_id,
            "hasAudio": chosen.has_audio and new.has_audio,
            "hasVideo": chosen.has_video and new.has_video,
        }
        for stream_id, chosen in streams.items()
    ]


def registration(each: Registration) -> Json:
    """Return a registered callback of an OpenTok project (broadcasts 6.1). `createdAt` in ms."""
    return {
        "id": each.id,
        "group": each.group,
        "event": each.event,
        "url": each.url,
        "createdAt": each.created_at,
    }


def project_key(audience: Audience) -> Json:
    """Return the key that names the project, with its value as text (broadcasts 0.1)."""
    return {"projectId": audience.project} if audience.opentok else {"applicationId": audience.app.id}
