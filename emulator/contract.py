"""The two contracts: where the specification and the live service disagree, in one table.

`service` answers as the live service is documented and recorded, `spec` exactly as the specification documents it.
Sources: the tables of differences at the end of fidelity/rest-and-archives.md (16) and
fidelity/broadcasts-sip-captions-renders-callbacks.md (7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from emulator.answers import Answer
from state import errors as refused

NO_CLIENTS = "Not found. No clients are actively connected to the OpenTok session."
INVALID_SESSION = "Invalid session id."
NOT_CONNECTED = "The client specified by the connectionId property is not connected to the session."

NULLABLE = frozenset({"url"})

Key = tuple[type[refused.Refused], str]
"""An error class, and what it is about: an operation, a kind with an action, a kind, or nothing (any).

`opentok.` before a kind: only for projects that are called by their api key.
"""


@dataclass(frozen=True, slots=True)
class Contract:
    """How one contract answers.

    `statuses`: status of success by operation, where it is not 200. `empty`: operations that answer without a body.
    `fields`: the keys of a body by its schema, of an object in it by `Schema.key`; None for all. `words`: those of a
    field that it has other words for. `errors`: the answer to each refusal.
    """

    name: str
    statuses: Mapping[str, int]
    empty: frozenset[str]
    fields: Mapping[str, frozenset[str]]
    words: Mapping[str, Mapping[str, str]]
    errors: Mapping[Key, Answer]
    stop_again: bool
    patient_migration: bool
    broadcast_max_duration: int

    def status(self, operation: str) -> int:
        """Return the status of success."""
        return self.statuses.get(operation, 200)

    def shape(self, schema: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return `body` with the keys that this contract documents; null only where it documents null."""
        keys = self.fields.get(schema)
        if keys is None:
            return body
        found = {key: value for key, value in body.items() if key in keys and (value is not None or key in NULLABLE)}
        for key, value in found.items():
            where = f"{schema}.{key}"
            if where in self.fields:
                found[key] = self.shape(where, value)
            elif where in self.words:
                found[key] = self.words[where].get(value, value)
        return found


def _selects_itself(kind: str) -> str:
    return (
        f"Invalid request. This couldn't be fulfilled because the {kind} was started with streamMode set to "
        '"auto", which does not support stream manipulation.'
    )


_ERRORS: Mapping[Key, Answer] = MappingProxyType(
    {
        # Sessions (rest-and-archives 2.2, 11)
        (refused.InvalidSessionId, ""): Answer(400, INVALID_SESSION, code=None),
        (refused.InvalidSessionId, "startArchive"): Answer(
            400, "You do not pass in a session ID or you pass in an invalid session ID."
        ),
        (refused.InvalidSessionId, "startRender"): Answer(400, "Invalid sessionId provided.", code=50008),
        (refused.UnknownSession, ""): Answer(404, "Not found. The session does not exist."),
        (refused.NoClients, ""): Answer(404, NO_CLIENTS, bare=True),
        (refused.NotRouted, ""): Answer(409, "Only routed sessions are allowed to use this feature."),
        (refused.NotRouted, "startArchive"): Answer(
            409, "Only routed sessions are allowed to initiate archives.", code=15008
        ),
        (refused.NotConnected, ""): Answer(404, NOT_CONNECTED),
        (refused.MalformedId, "connection"): Answer(
            400, "One of the arguments, sessionId or connectionId, is invalid."
        ),
        (refused.MalformedId, "signalConnection"): Answer(
            400, "One of the signal properties, data, type, sessionId or connectionId, is invalid."
        ),
        (refused.MigrationInProgress, ""): Answer(409, "Migration is already in progress for the session.", code=15214),
        (refused.MigrationTooSoon, ""): Answer(
            409, "Migration is not allowed shortly after session creation or a previous migration.", code=15215
        ),
        # Streams (8, 10)
        (refused.NeverUsedError, ""): Answer(404, "Session not found"),
        (refused.NoStreamsYet, ""): Answer(404, "The session exists but has not had any streams added to it yet."),
        (refused.UnknownStream, ""): Answer(404, "Not found. The session or stream is not found."),
        (refused.UnknownStream, "getStream"): Answer(408, "You passed in an invalid stream ID."),
        (refused.UnknownStream, "dial"): Answer(400, "Invalid request. sip.streams names an unknown stream."),
        (refused.UnknownStream, "connectAudio"): Answer(
            400, "Invalid request. websocket.streams names an unknown stream."
        ),
        (refused.UnknownStream, "selectArchiveStreams"): Answer(404, "Archive or stream not found"),
        (refused.UnknownStream, "selectBroadcastStreams"): Answer(404, "Broadcast or stream not found", code=404),
        # Archives (2.2, 12)
        (refused.AlreadyRunning, "archive"): Answer(409, "session is already composed with code 409", code=15001),
        (refused.AlreadyRunning, "archive.tag"): Answer(
            409, "Session is already composed for given tag with code 409", code=15001
        ),
        (refused.MalformedId, "archive"): Answer(
            400, "You do not pass in a session ID or you pass in an invalid archive ID."
        ),
        (refused.Unknown, "archive"): Answer(404, "Not found. You passed in an invalid archive ID."),
        (refused.Unknown, "getArchive"): Answer(404, "null", bare=True),
        (refused.Unknown, "deleteArchive"): Answer(404, "Not found. You passed in an invalid archive ID.", bare=True),
        (refused.Unknown, "selectArchiveStreams"): Answer(404, "Archive or stream not found"),
        (refused.WrongStatus, "archive.stop"): Answer(
            409,
            "You can only stop an archive that has one of the following statuses: started OR paused OR stopped",
            code=15002,
        ),
        (refused.WrongStatus, "archive.delete"): Answer(
            409,
            "You can only delete an archive that has one of the following statuses: available OR uploaded OR deleted",
            code=15004,
        ),
        (refused.WrongStatus, "archive"): Answer(
            409, "You can only change an archive that has one of the following statuses: started OR paused"
        ),
        (refused.Unknown, "storage"): Answer(404, "Not found. No storage target is set."),
        (refused.NotComposed, ""): Answer(400, "Invalid request. An individual stream archive has no layout."),
        (refused.SelectsItself, "archive"): Answer(400, _selects_itself("archive")),
        (refused.SelectsItself, "opentok.archive"): Answer(  # which OpenTok SDKs tell from other wrong requests (12.9)
            405, 'The archive was started with streamMode set to "auto", which does not support stream manipulation.'
        ),
        # Broadcasts (broadcasts-… 0.1, 1)
        (refused.AlreadyRunning, "broadcast"): Answer(
            409, "Session is already composed for given tag with code 409", bare=True
        ),
        (refused.TooManyTargets, ""): Answer(400, "Invalid request. A session has at most 5 RTMP targets at a time."),
        (refused.MalformedId, "broadcast"): Answer(400, "Invalid request. The broadcast ID is invalid."),
        (refused.Unknown, "broadcast"): Answer(404, "Not found. No such broadcast."),
        (refused.Unknown, "selectBroadcastStreams"): Answer(404, "Broadcast or stream not found", code=404),
        (refused.WrongStatus, "broadcast"): Answer(404, "Not found. The broadcast is no longer running."),
        (refused.SelectsItself, "broadcast"): Answer(400, _selects_itself("broadcast")),
        (refused.SelectsItself, "opentok.broadcast"): Answer(
            405, 'The broadcast was started with streamMode set to "auto", which does not support stream manipulation.'
        ),
        # SIP, captions, renders, connectors (2 to 5)
        (refused.NoCall, ""): Answer(404, "Not found. No SIP call is connected."),
        (refused.AlreadyRunning, "captions"): Answer(409, "Audio captioning is already enabled", code=60003),
        (refused.MalformedId, "captions"): Answer(400, "Invalid request. The captions ID is invalid."),
        (refused.Unknown, "captions"): Answer(404, "Not found. No such captions are running."),
        (refused.MalformedId, "render"): Answer(400, "Invalid request. The render ID is invalid."),
        (refused.Unknown, "render"): Answer(404, "Not found. No such render."),
        (refused.MalformedId, "connector"): Answer(400, "Invalid request. The connector ID is invalid."),
        (refused.Unknown, "connector"): Answer(404, "Not found. No such audio connector."),
        # Registered callbacks (6.1; the limit is ours)
        (refused.TooManyRegistrations, ""): Answer(400, "Invalid request. A project has at most 100 callbacks."),
        (refused.Unknown, "registration"): Answer(404, "Not found. No such callback is registered."),
        (refused.UnknownApplication, ""): Answer(403, "Issuer not found"),
    }
)

_EMPTY_LIST = Answer(200, body={"count": 0, "items": []})

SERVICE = Contract(
    name="service",
    statuses=MappingProxyType(
        {
            "forceDisconnect": 204,
            "migrateSession": 202,
            "signalSession": 204,
            "signalConnection": 204,
            "deleteArchive": 204,
            "deleteArchiveStorage": 204,
            "selectArchiveStreams": 204,
            "selectBroadcastStreams": 204,
            "startCaptions": 202,
            "stopCaptions": 202,
            "startRender": 202,
            "stopRender": 204,
            "unregisterCallback": 204,
        }
    ),
    empty=frozenset({"playDtmfAll", "playDtmfConnection", "stopCaptions"}),
    fields=MappingProxyType({}),
    words=MappingProxyType({}),
    errors=_ERRORS,
    stop_again=True,
    patient_migration=True,
    broadcast_max_duration=14_400,
)

SPEC = Contract(
    name="spec",
    statuses=MappingProxyType({**SERVICE.statuses, "migrateSession": 200, "stopCaptions": 200, "stopRender": 200}),
    empty=SERVICE.empty
    | {
        "migrateSession",
        "setStreamClassLists",
        "setStreamClassList",
        "muteSession",
        "muteStream",
        "setArchiveLayout",
        "setBroadcastLayout",
        "stopRender",
    },
    fields=MappingProxyType(
        {
            "Session": frozenset({"session_id", "application_id", "create_dt", "media_server_url"}),
            "Archive": frozenset(
                {
                    "id",
                    "status",
                    "sessionId",
                    "applicationId",
                    "name",
                    "createdAt",
                    "duration",
                    "size",
                    "outputMode",
                    "resolution",
                    "hasAudio",
                    "hasVideo",
                    "url",
                }
            ),
            "Broadcast": frozenset(
                {
                    "id",
                    "sessionId",
                    "applicationId",
                    "status",
                    "createdAt",
                    "maxDuration",
                    "resolution",
                    "broadcastUrls",
                }
            ),
            "Broadcast.broadcastUrls": frozenset({"hls", "rtmp"}),
            "SipCall": frozenset({"id", "connectionId", "streamId"}),
            "Render": frozenset(
                {"id", "sessionId", "applicationId", "status", "streamId", "url", "resolution", "createdAt"}
            ),
        }
    ),
    words=MappingProxyType({"Broadcast.status": MappingProxyType({"failed": "stopped"})}),
    errors=MappingProxyType(
        {
            **_ERRORS,
            (refused.TooManyTargets, ""): Answer(409, "A session has at most 5 RTMP targets at a time."),
            (refused.NoClients, "startArchive"): Answer(409, NO_CLIENTS),
            (refused.NoClients, "listConnections"): _EMPTY_LIST,
            (refused.NeverUsedError, "listStreams"): _EMPTY_LIST,
            (refused.NoStreamsYet, "listStreams"): _EMPTY_LIST,
            (refused.UnknownStream, "getStream"): Answer(404, "Not found. The stream is not found."),
            (refused.MalformedId, "connection"): Answer(404, NOT_CONNECTED),
            (refused.MalformedId, "signalConnection"): Answer(404, NOT_CONNECTED),
            (refused.MalformedId, "archive"): Answer(404, "Not found. You passed in an invalid archive ID."),
            (refused.MalformedId, "broadcast"): Answer(404, "Not found. No such broadcast."),
            (refused.MalformedId, "render"): Answer(404, "Not found. No such render."),
            (refused.MalformedId, "captions"): Answer(404, "Not found. No such captions are running."),
            (refused.MalformedId, "connector"): Answer(404, "Not found. No such audio connector."),
            (refused.WrongStatus, "archive.stop"): Answer(409, "Conflict. The archive is not currently recording."),
        }
    ),
    stop_again=False,
    patient_migration=False,
    broadcast_max_duration=7_200,
)

CONTRACTS: Mapping[str, Contract] = MappingProxyType({"service": SERVICE, "spec": SPEC})

RENDER_STOP_STATUSES: Mapping[str, int] = MappingProxyType({"opentok-ruby-sdk": 204, "opentok": 200})
"""By the start of the user agent: the OpenTok SDKs want one status or the other (fidelity/sdk-wire.md 4B.1)."""
