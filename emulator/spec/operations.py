"""The operations: their names, tags, paths and the aliases that SDKs use. Everything else refers to them by name.

Names are the operationIds of the specification. What the live service has and the specification lacks is named in the
same style (`connectAudio` …). Aliases: fidelity/sdk-wire.md 1 and 4A.16.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

PREFIX = "/v2/project/{applicationId}"
SESSION_CREATE = "/session/create"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `path` follows `PREFIX`, except for `createSession`; `aliases` are (method, path) pairs."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def routes(self) -> tuple[tuple[str, str], ...]:
        """The method and path, and those of the aliases."""
        return ((self.method, self.path), *self.aliases)

    def full(self, path: str) -> str:
        """Return its path, or that of an alias, with the prefix."""
        return path if self.id == "createSession" else PREFIX + path

    @property
    def full_path(self) -> str:
        """The path with its prefix."""
        return self.full(self.path)


_SESSION = "/session/{sessionId}"
_CONNECTION = _SESSION + "/connection/{connectionId}"
_STREAM = _SESSION + "/stream/{streamId}"
_ARCHIVE = "/archive/{archiveId}"
_STORAGE = "/archive/storage"
_OLD_PUT, _OLD_GET, _OLD_DELETE = (((method, _STORAGE + "Beta"),) for method in ("PUT", "GET", "DELETE"))
_BROADCAST = "/broadcast/{broadcastId}"
_CAPTIONS = "/captions/{captionsId}"
_RENDER = "/render/{renderId}"

OPERATIONS: tuple[Operation, ...] = (
    Operation("createSession", "Sessions", "POST", SESSION_CREATE, "Create a session"),
    Operation("listConnections", "Sessions", "GET", _SESSION + "/connection", "List active connections in a session"),
    Operation("forceDisconnect", "Moderation", "DELETE", _CONNECTION, "Force a client to disconnect"),
    Operation("migrateSession", "Sessions", "POST", _SESSION + "/migrate", "Migrate a session to another media server"),
    Operation("listStreams", "Streams", "GET", _SESSION + "/stream", "Get information on all streams in a session"),
    Operation("setStreamClassLists", "Streams", "PUT", _SESSION + "/stream", "Change stream layout classes"),
    Operation("getStream", "Streams", "GET", _STREAM, "Get information on a single stream"),
    Operation("setStreamClassList", "Streams", "PUT", _STREAM, "Change the layout classes of one stream (OpenTok)"),
    Operation("muteSession", "Moderation", "POST", _SESSION + "/mute", "Mute all streams in a session"),
    Operation("muteStream", "Moderation", "POST", _STREAM + "/mute", "Mute a single stream"),
    Operation("signalSession", "Signaling", "POST", _SESSION + "/signal", "Send a signal to all connections"),
    Operation("signalConnection", "Signaling", "POST", _CONNECTION + "/signal", "Send a signal to one connection"),
    Operation("listArchives", "Archives", "GET", "/archive", "List archives for a project"),
    Operation("startArchive", "Archives", "POST", "/archive", "Start an archive (recording)"),
    Operation("getArchive", "Archives", "GET", _ARCHIVE, "Get an archive"),
    Operation(
        "setArchiveStorage", "Archives", "PUT", _STORAGE, "Set where archives are uploaded to (OpenTok)", _OLD_PUT
    ),
    Operation("getArchiveStorage", "Archives", "GET", _STORAGE, "Get where archives are uploaded to", _OLD_GET),
    Operation("deleteArchiveStorage", "Archives", "DELETE", _STORAGE, "Let archives stay in the cloud", _OLD_DELETE),
    Operation("deleteArchive", "Archives", "DELETE", _ARCHIVE, "Delete an archive"),
    Operation("stopArchive", "Archives", "POST", _ARCHIVE + "/stop", "Stop an archive"),
    Operation("setArchiveLayout", "Archives", "PUT", _ARCHIVE + "/layout", "Change the layout of a composed archive"),
    Operation("selectArchiveStreams", "Archives", "PATCH", _ARCHIVE + "/streams", "Add or remove streams"),
    Operation("listBroadcasts", "Broadcasts", "GET", "/broadcast", "List broadcasts for a project"),
    Operation("startBroadcast", "Broadcasts", "POST", "/broadcast", "Start a live streaming broadcast"),
    Operation("getBroadcast", "Broadcasts", "GET", _BROADCAST, "Get a broadcast"),
    Operation("stopBroadcast", "Broadcasts", "POST", _BROADCAST + "/stop", "Stop a broadcast"),
    Operation(
        "setBroadcastLayout",
        "Broadcasts",
        "PUT",
        _BROADCAST + "/layout",
        "Change the layout of a broadcast",
        aliases=(("POST", _BROADCAST + "/layout"),),
    ),
    Operation(
        "selectBroadcastStreams",
        "Broadcasts",
        "PATCH",
        _BROADCAST + "/streams",
        "Add or remove streams",
        aliases=(("PUT", _BROADCAST + "/streams"),),
    ),
    Operation("dial", "SIP", "POST", "/dial", "Dial a SIP endpoint into a session", aliases=(("POST", "/call"),)),
    Operation("playDtmfAll", "SIP", "POST", _SESSION + "/play-dtmf", "Play DTMF tones to all SIP calls of a session"),
    Operation("playDtmfConnection", "SIP", "POST", _CONNECTION + "/play-dtmf", "Play DTMF tones to one SIP call"),
    Operation(
        "startCaptions",
        "Captions",
        "POST",
        "/captions",
        "Start live captions",
        aliases=(("POST", _CAPTIONS + "/start"),),
    ),
    Operation("getCaptions", "Captions", "GET", _CAPTIONS, "Get the status of live captions"),
    Operation(
        "stopCaptions",
        "Captions",
        "POST",
        _CAPTIONS + "/stop",
        "Stop live captions",
        aliases=(("DELETE", _CAPTIONS + "/stop"),),
    ),
    Operation("listRenders", "Render", "GET", "/render", "List Experience Composer renders"),
    Operation("startRender", "Render", "POST", "/render", "Start an Experience Composer render"),
    Operation("getRender", "Render", "GET", _RENDER, "Get an Experience Composer render", aliases=(("POST", _RENDER),)),
    Operation("stopRender", "Render", "DELETE", _RENDER, "Stop an Experience Composer render"),
    Operation("connectAudio", "Audio Connector", "POST", "/connect", "Connect the audio of a session to a WebSocket"),
    Operation(
        "disconnectAudio", "Audio Connector", "POST", "/connect/{connectorId}/stop", "Disconnect an audio connector"
    ),
    Operation("listCallbacks", "Callbacks", "GET", "/callback", "List the registered callbacks (OpenTok)"),
    Operation("registerCallback", "Callbacks", "POST", "/callback", "Register a callback (OpenTok)"),
    Operation("unregisterCallback", "Callbacks", "DELETE", "/callback/{callbackId}", "Remove a callback (OpenTok)"),
)

BY_ID: Mapping[str, Operation] = MappingProxyType({operation.id: operation for operation in OPERATIONS})


class OperationTable:
    """Finds the operation of a method and path without trying them one after the other.

    Below the prefix, words and ids take turns in every path: the words and the number of segments identify it. Where a
    word stands in place of an id, the whole path does.
    """

    __slots__ = ("_create", "_entries", "_fixed", "_words")

    def __init__(self, operations: Iterable[Operation] = OPERATIONS) -> None:
        self._entries: dict[tuple[int, str], tuple[dict[str, Operation], tuple[str, ...]]] = {}
        self._create: dict[str, Operation] = {}
        self._fixed: dict[str, tuple[dict[str, Operation], tuple[str, ...]]] = {}
        for operation in operations:
            if operation.path == SESSION_CREATE:
                self._create[operation.method] = operation
                continue
            for method, path in operation.routes:
                segments = path.strip("/").split("/")
                if not all(segment[0] == "{" for segment in segments[1::2]):
                    self._fixed.setdefault("/".join(segments), ({}, ()))[0][method] = operation
                    continue
                names = tuple(segment[1:-1] for segment in segments[1::2])
                methods, _ = self._entries.setdefault((len(segments), "/".join(segments[0::2])), ({}, names))
                methods[method] = operation
        self._words = frozenset(path.rpartition("/")[2] for path in self._fixed)

    def find(self, path: str) -> tuple[Mapping[str, Operation], dict[str, str]] | None:
        """Return the operations of a folded path by method, with the path's parameters; None for an unknown path."""
        segments = path.split("/")[1:]
        if len(segments) > 3 and segments[0] == "v2" and segments[1] == "project":
            rest = segments[3:]
            if rest[-1] in self._words and (fixed := self._fixed.get("/".join(rest))):
                return fixed[0], {"applicationId": segments[2]}
            entry = self._entries.get((len(rest), "/".join(rest[0::2])))
            if entry is None or not all(rest[1::2]):
                return None
            methods, names = entry
            return methods, {"applicationId": segments[2], **dict(zip(names, rest[1::2], strict=True))}
        return (self._create, {}) if path == SESSION_CREATE else None
