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

from emulator.spec.responses import ErrorBody
from state import errors as refused

NO_CLIENTS = "Not found. No clients are actively connected to the OpenTok session."
INVALID_SESSION = "Invalid session id."
NOT_CONNECTED = "The client specified by the connectionId property is not connected to the session."

NULLABLE = frozenset({"url"})

Key = tuple[type[refused.ServiceError], str]
"""An error class, and what it is about: a kind with an action, a kind, or nothing (any). Operations declare their own.

`opentok.` before a kind: only for projects that are called by their api key.
"""


@dataclass(frozen=True, slots=True)
class Contract:
    """The responses of one contract.

    `fields`: the keys of a body by its schema, of an object in it by `Schema.key`; None for all. `words`: those of a
    field that it has other words for. `errors`: the response to each refusal.
    """

    name: str
    fields: Mapping[str, frozenset[str]]
    words: Mapping[str, Mapping[str, str]]
    errors: Mapping[Key, ErrorBody]
    stop_is_idempotent: bool
    migration_cooldown: bool
    broadcast_max_duration: int

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


_ERRORS: Mapping[Key, ErrorBody] = MappingProxyType(
    {
        # Sessions (rest-and-archives 2.2, 11)
        (refused.InvalidSessionIdError, ""): ErrorBody(400, INVALID_SESSION, code=None),
        (refused.UnknownSessionError, ""): ErrorBody(404, "Not found. The session does not exist."),
        (refused.NoClientsError, ""): ErrorBody(404, NO_CLIENTS, bare=True),
        (refused.NotRoutedError, ""): ErrorBody(409, "Only routed sessions are allowed to use this feature."),
        (refused.NotConnectedError, ""): ErrorBody(404, NOT_CONNECTED),
        (refused.MalformedIdError, "connection"): ErrorBody(
            400, "One of the arguments, sessionId or connectionId, is invalid."
        ),
        (refused.MigrationInProgressError, ""): ErrorBody(
            409, "Migration is already in progress for the session.", code=15214
        ),
        (refused.MigrationTooSoonError, ""): ErrorBody(
            409, "Migration is not allowed shortly after session creation or a previous migration.", code=15215
        ),
        # Streams (8, 10)
        (refused.NeverUsedError, ""): ErrorBody(404, "Session not found"),
        (refused.NoStreamsYetError, ""): ErrorBody(
            404, "The session exists but has not had any streams added to it yet."
        ),
        (refused.UnknownStreamError, ""): ErrorBody(404, "Not found. The session or stream is not found."),
        # Archives (2.2, 12)
        (refused.AlreadyRunningError, "archive"): ErrorBody(
            409, "session is already composed with code 409", code=15001
        ),
        (refused.AlreadyRunningError, "archive.tag"): ErrorBody(
            409, "Session is already composed for given tag with code 409", code=15001
        ),
        (refused.MalformedIdError, "archive"): ErrorBody(
            400, "You do not pass in a session ID or you pass in an invalid archive ID."
        ),
        (refused.UnknownResourceError, "archive"): ErrorBody(404, "Not found. You passed in an invalid archive ID."),
        (refused.WrongStatusError, "archive.stop"): ErrorBody(
            409,
            "You can only stop an archive that has one of the following statuses: started OR paused OR stopped",
            code=15002,
        ),
        (refused.WrongStatusError, "archive.delete"): ErrorBody(
            409,
            "You can only delete an archive that has one of the following statuses: available OR uploaded OR deleted",
            code=15004,
        ),
        (refused.WrongStatusError, "archive"): ErrorBody(
            409, "You can only change an archive that has one of the following statuses: started OR paused"
        ),
        (refused.UnknownResourceError, "storage"): ErrorBody(404, "Not found. No storage target is set."),
        (refused.NotComposedError, ""): ErrorBody(400, "Invalid request. An individual stream archive has no layout."),
        (refused.SelectsItselfError, "archive"): ErrorBody(400, _selects_itself("archive")),
        (
            refused.SelectsItselfError,
            "opentok.archive",
        ): ErrorBody(  # which OpenTok SDKs tell from other wrong requests (12.9)
            405, 'The archive was started with streamMode set to "auto", which does not support stream manipulation.'
        ),
        # Broadcasts (broadcasts-… 0.1, 1)
        (refused.AlreadyRunningError, "broadcast"): ErrorBody(
            409, "Session is already composed for given tag with code 409", bare=True
        ),
        (refused.TooManyTargetsError, ""): ErrorBody(
            400, "Invalid request. A session has at most 5 RTMP targets at a time."
        ),
        (refused.MalformedIdError, "broadcast"): ErrorBody(400, "Invalid request. The broadcast ID is invalid."),
        (refused.UnknownResourceError, "broadcast"): ErrorBody(404, "Not found. No such broadcast."),
        (refused.WrongStatusError, "broadcast"): ErrorBody(404, "Not found. The broadcast is no longer running."),
        (refused.SelectsItselfError, "broadcast"): ErrorBody(400, _selects_itself("broadcast")),
        (refused.SelectsItselfError, "opentok.broadcast"): ErrorBody(
            405, 'The broadcast was started with streamMode set to "auto", which does not support stream manipulation.'
        ),
        # SIP, captions, renders, connectors (2 to 5)
        (refused.NoCallError, ""): ErrorBody(404, "Not found. No SIP call is connected."),
        (refused.AlreadyRunningError, "captions"): ErrorBody(409, "Audio captioning is already enabled", code=60003),
        (refused.MalformedIdError, "captions"): ErrorBody(400, "Invalid request. The captions ID is invalid."),
        (refused.UnknownResourceError, "captions"): ErrorBody(404, "Not found. No such captions are running."),
        (refused.MalformedIdError, "render"): ErrorBody(400, "Invalid request. The render ID is invalid."),
        (refused.UnknownResourceError, "render"): ErrorBody(404, "Not found. No such render."),
        (refused.MalformedIdError, "connector"): ErrorBody(400, "Invalid request. The connector ID is invalid."),
        (refused.UnknownResourceError, "connector"): ErrorBody(404, "Not found. No such audio connector."),
        # Registered callbacks (6.1; the limit is ours)
        (refused.TooManyRegistrationsError, ""): ErrorBody(
            400, "Invalid request. A project has at most 100 callbacks."
        ),
        (refused.UnknownResourceError, "registration"): ErrorBody(404, "Not found. No such callback is registered."),
        (refused.UnknownApplicationError, ""): ErrorBody(403, "Issuer not found"),
    }
)

EMPTY_LIST = ErrorBody(200, body={"count": 0, "items": []})

SERVICE = Contract(
    name="service",
    fields=MappingProxyType({}),
    words=MappingProxyType({}),
    errors=_ERRORS,
    stop_is_idempotent=True,
    migration_cooldown=True,
    broadcast_max_duration=14_400,
)

SPEC = Contract(
    name="spec",
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
            (refused.TooManyTargetsError, ""): ErrorBody(409, "A session has at most 5 RTMP targets at a time."),
            (refused.MalformedIdError, "connection"): ErrorBody(404, NOT_CONNECTED),
            (refused.MalformedIdError, "archive"): ErrorBody(404, "Not found. You passed in an invalid archive ID."),
            (refused.MalformedIdError, "broadcast"): ErrorBody(404, "Not found. No such broadcast."),
            (refused.MalformedIdError, "render"): ErrorBody(404, "Not found. No such render."),
            (refused.MalformedIdError, "captions"): ErrorBody(404, "Not found. No such captions are running."),
            (refused.MalformedIdError, "connector"): ErrorBody(404, "Not found. No such audio connector."),
            (refused.WrongStatusError, "archive.stop"): ErrorBody(
                409, "Conflict. The archive is not currently recording."
            ),
        }
    ),
    stop_is_idempotent=False,
    migration_cooldown=False,
    broadcast_max_duration=7_200,
)

CONTRACTS: Mapping[str, Contract] = MappingProxyType({"service": SERVICE, "spec": SPEC})

RENDER_STOP_STATUSES: Mapping[str, int] = MappingProxyType({"opentok-ruby-sdk": 204, "opentok": 200})
"""By the start of the user agent: the OpenTok SDKs want one status or the other (fidelity/sdk-wire.md 4B.1)."""
