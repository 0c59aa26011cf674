"""Whatever a request may say can be seen: two values of each field make a difference that a test can look at.

Each field of each request model, and each parameter of a query, is sent with two values to two applications that are
otherwise the same. The difference has to be in the response, or in what the control API shows afterwards; the journal
of requests, where it always is, does not count.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from emulator.service.operations import OPERATIONS
from emulator.spec.schemas.bodies import paths
from tests.emulator.local import Tenant

ID = "5eed5eed-5eed-4eed-8eed-5eed5eed5eed"
NOON = 4_102_444_800_000
"""Where the clock stands, ms: in the year 2100, since a clock never goes back."""

BIT_RATES = (200_000, 300_000)
TWO = ("one", "two")
FLAGS = (False, True)


class Room(NamedTuple):
    """What every request is made in: two sessions, the first with two people who publish, and what runs in it."""

    tenant: Tenant
    sessions: tuple[str, str]
    connections: list[str]
    streams: list[str]


@pytest.fixture
def room(client: TestClient) -> Iterator[Room]:
    """A new room; another one is the same to the id."""
    made = _room(client)
    yield made
    _remove(made)


def _room(client: TestClient) -> Room:
    tenant = Tenant(client, id=ID, seed=7, pace="realistic", apiKey="4242", apiSecret="shh", muteAnswer="empty")
    tenant.control("POST", "/clock", {"action": "freeze", "at": NOON})
    sessions = (tenant.session(), tenant.session(join=1))
    people = tenant.join(sessions[0], 2)
    return Room(
        tenant, sessions, [each["connectionId"] for each in people], [each["streams"][0]["id"] for each in people]
    )


def _remove(room: Room) -> None:
    room.tenant.client.delete(f"/_emulator/applications/{room.tenant.id}")


class Fields(NamedTuple):
    """A value that is not put at the field's place: these fields are put into the body instead."""

    of_body: dict[str, Any]


class Request(NamedTuple):
    """A request of one operation that is accepted; `before` is a request whose id goes into `{made}` of the path."""

    method: str
    path: str
    body: dict[str, Any]
    before: str = ""


_HLS: dict[str, Any] = {"hls": {}, "rtmp": [{"serverUrl": "rtmp://example.com/app", "streamName": "key"}]}
_JOINS = {"sessionId": "$session0", "token": "$token"}

S3 = {"accessKey": "key", "secretKey": "secret", "bucket": "one"}
AZURE = {"accountName": "name", "accountKey": "key", "container": "one"}

REQUESTS = {
    "createSession": Request("POST", "//session/create", {}),
    "setStreamClassLists": Request(
        "PUT", "/session/$session0/stream", {"items": [{"id": "$stream0", "layoutClassList": ["one"]}]}
    ),
    "setStreamClassList": Request("PUT", "/session/$session0/stream/$stream0", {"layoutClassList": ["one"]}),
    "muteSession": Request("POST", "/session/$session0/mute", {"active": True}),
    "signalSession": Request("POST", "/session/$session0/signal", {"type": "a", "data": "b"}),
    "signalConnection": Request(
        "POST", "/session/$session0/connection/$connection0/signal", {"type": "a", "data": "b"}
    ),
    "startArchive": Request("POST", "/archive", {"sessionId": "$session0"}),
    "startArchive manual": Request("POST", "/archive", {"sessionId": "$session0", "streamMode": "manual"}),
    "setArchiveLayout": Request("PUT", "/archive/{made}/layout", {"type": "bestFit"}, before="startArchive"),
    "selectArchiveStreams": Request(
        "PATCH", "/archive/{made}/streams", {"addStream": "$stream0"}, before="startArchive manual"
    ),
    "startBroadcast": Request("POST", "/broadcast", {"sessionId": "$session0", "outputs": _HLS}),
    "startBroadcast manual": Request(
        "POST", "/broadcast", {"sessionId": "$session0", "outputs": _HLS, "streamMode": "manual"}
    ),
    "setBroadcastLayout": Request("PUT", "/broadcast/{made}/layout", {"type": "bestFit"}, before="startBroadcast"),
    "selectBroadcastStreams": Request(
        "PATCH", "/broadcast/{made}/streams", {"addStream": "$stream0"}, before="startBroadcast manual"
    ),
    "dial": Request("POST", "/dial", {**_JOINS, "sip": {"uri": "sip:a@example.com"}}),
    "playDtmfAll": Request("POST", "/session/$session0/play-dtmf", {"digits": "1"}, before="dial"),
    "playDtmfConnection": Request(
        "POST", "/session/$session0/connection/{connection}/play-dtmf", {"digits": "1"}, before="dial"
    ),
    "startCaptions": Request("POST", "/captions", _JOINS),
    "startRender": Request(
        "POST", "/render", {**_JOINS, "url": "https://example.com/page", "properties": {"name": "page"}}
    ),
    "connectAudio": Request("POST", "/connect", {**_JOINS, "websocket": {"uri": "wss://example.com/audio"}}),
    "setArchiveStorage": Request("PUT", "/archive/storage", {"type": "s3", "config": {**S3}}),
    "registerCallback": Request(
        "POST", "/callback", {"group": "archive", "event": "status", "url": "https://example.com/hook"}
    ),
}

STYLED = tuple({"type": "custom", "stylesheet": f"{name} {{}}"} for name in "ab")
SHARED = ({"type": "bestFit", "screenshareType": "pip"}, {"type": "bestFit"})
LAYOUT = {
    "type": ("bestFit", "pip"),
    "stylesheet": tuple(Fields(layout) for layout in STYLED),
    "screenshareType": tuple(Fields(layout) for layout in SHARED),
}
SELECTION = {"addStream": ("$stream0", "$stream1"), "hasAudio": FLAGS, "hasVideo": FLAGS}
JOINS = {
    "sessionId": (Fields({}), Fields({"sessionId": "$session1", "token": "$second_token"})),
    "token": ("$token", "$other_token"),
}
SIGNAL = {"type": TWO, "data": TWO}
COMPOSED = {
    "sessionId": ("$session0", "$session1"),
    "layout": ({"type": "bestFit"}, {"type": "pip"}),
    "layout.type": ("bestFit", "pip"),
    "layout.stylesheet": tuple(Fields({"layout": layout}) for layout in STYLED),
    "layout.screenshareType": tuple(Fields({"layout": layout}) for layout in SHARED),
    "hasAudio": FLAGS,
    "hasVideo": FLAGS,
    "maxBitrate": BIT_RATES,
    "resolution": ("640x480", "1280x720"),
    "streamMode": ("auto", "manual"),
}
RTMP = {"serverUrl": "rtmp://example.com/app", "streamName": "key"}
CALLBACK_URLS = ("https://example.com/first", "https://example.com/second")

VALUES: dict[str, dict[str, tuple[Any, ...]]] = {
    "createSession": {
        "archiveMode": ("manual", "always"),
        "archiveName": (Fields({"archiveMode": "always", "archiveName": "one"}), Fields({"archiveMode": "always"})),
        "archiveResolution": (
            Fields({"archiveMode": "always", "archiveResolution": "1280x720"}),
            Fields({"archiveMode": "always"}),
        ),
        "e2ee": ("false", "true"),
        "location": ("203.0.113.1", "203.0.113.2"),
        "p2p.preference": ("disabled", "enabled"),
    },
    "setStreamClassLists": {
        "items": ([], [{"id": "$stream0", "layoutClassList": ["one"]}]),
        "items.#": ({"id": "$stream0", "layoutClassList": ["one"]}, {"id": "$stream1", "layoutClassList": ["one"]}),
        "items.#.id": ("$stream0", "$stream1"),
        "items.#.layoutClassList": (["one"], []),
        "items.#.layoutClassList.#": TWO,
    },
    "setStreamClassList": {"layoutClassList": (["one"], []), "layoutClassList.#": TWO},
    "muteSession": {
        "active": (True, False),
        "excludedStreamIds": (["$stream0"], []),
        "excludedStreamIds.#": ("$stream0", "$stream1"),
        "excludedStreams": (["$stream0"], []),
        "excludedStreams.#": ("$stream0", "$stream1"),
    },
    "signalSession": SIGNAL,
    "signalConnection": SIGNAL,
    "startArchive": {
        **COMPOSED,
        "hasTranscription": FLAGS,
        "multiArchiveTag": TWO,
        "name": TWO,
        "outputMode": ("composed", "individual"),
        "quantizationParameter": (20, 30),
        "transcriptionProperties": (
            Fields({"hasTranscription": True, "transcriptionProperties": {"hasSummary": True}}),
            Fields({"hasTranscription": True}),
        ),
        "transcriptionProperties.hasSummary": (
            Fields({"hasTranscription": True, "transcriptionProperties": {"hasSummary": True}}),
            Fields({"hasTranscription": True, "transcriptionProperties": {"hasSummary": False}}),
        ),
        "transcriptionProperties.primaryLanguageCode": (
            Fields({"hasTranscription": True, "transcriptionProperties": {"primaryLanguageCode": "en-US"}}),
            Fields({"hasTranscription": True, "transcriptionProperties": {"primaryLanguageCode": "de-DE"}}),
        ),
    },
    "setArchiveLayout": LAYOUT,
    "selectArchiveStreams": {
        **SELECTION,
        "removeStream": (Fields({"removeStream": "$stream0"}), Fields({"removeStream": "$stream1"})),
    },
    "startBroadcast": {
        **COMPOSED,
        "maxDuration": (600, 700),
        "multiBroadcastTag": TWO,
        "outputs": ({"hls": {}}, {"rtmp": [RTMP]}),
        "outputs.hls": (Fields({"outputs": {"hls": {}, "rtmp": [RTMP]}}), Fields({"outputs": {"rtmp": [RTMP]}})),
        "outputs.hls.dvr": FLAGS,
        "outputs.hls.lowLatency": FLAGS,
        "outputs.rtmp": ([RTMP], []),
        "outputs.rtmp.#": (RTMP, {**RTMP, "streamName": "other"}),
        "outputs.rtmp.#.id": TWO,
        "outputs.rtmp.#.serverUrl": ("rtmp://example.com/one", "rtmp://example.com/two"),
        "outputs.rtmp.#.streamName": TWO,
    },
    "setBroadcastLayout": LAYOUT,
    "selectBroadcastStreams": {
        **SELECTION,
        "removeStream": (Fields({"removeStream": "$stream0"}), Fields({"removeStream": "$stream1"})),
    },
    "dial": {
        **JOINS,
        "sip": ({"uri": "sip:a@example.com"}, {"uri": "sip:b@example.com"}),
        "sip.auth": ({"username": "one"}, {}),
        "sip.auth.username": TWO,
        "sip.auth.password": (
            Fields({"sip": {"uri": "sip:a@example.com", "auth": {"username": "one", "password": "secret"}}}),
            Fields({"sip": {"uri": "sip:a@example.com", "auth": {"username": "one"}}}),
        ),
        "sip.from": ("15551230000@example.com", "15551230001@example.com"),
        "sip.headers": ({"X-Name": "one"}, {}),
        "sip.headers.*": TWO,
        "sip.observeForceMute": FLAGS,
        "sip.secure": FLAGS,
        "sip.streams": (["$stream0"], []),
        "sip.streams.#": ("$stream0", "$stream1"),
        "sip.uri": ("sip:a@example.com", "sip:b@example.com"),
        "sip.video": FLAGS,
        "sip.sessionMigration": FLAGS,
        "sessionMigration": FLAGS,
    },
    "playDtmfAll": {"digits": ("1", "2")},
    "playDtmfConnection": {"digits": ("1", "2")},
    "startCaptions": {
        "sessionId": JOINS["sessionId"],
        "languageCode": ("en-US", "de-DE"),
        "maxDuration": (600, 700),
        "partialCaptions": FLAGS,
        "statusCallbackUrl": CALLBACK_URLS,
    },
    "startRender": {
        **JOINS,
        "maxDuration": (600, 700),
        "properties": ({"name": "one"}, {"name": "two"}),
        "properties.name": TWO,
        "resolution": ("640x480", "1280x720"),
        "statusCallbackUrl": CALLBACK_URLS,
        "url": ("https://example.com/one", "https://example.com/two"),
    },
    "connectAudio": {
        **JOINS,
        "websocket": ({"uri": "wss://example.com/one"}, {"uri": "wss://example.com/two"}),
        "websocket.audioRate": (8000, 16000),
        "websocket.audioTransport": ({"transport": "json", "encoding": "base64"}, {"transport": "binary"}),
        "websocket.audioTransport.audio_field": TWO,
        "websocket.audioTransport.encoding": (
            Fields({"websocket": {"uri": "wss://example.com/", "audioTransport": {"encoding": "base64"}}}),
            Fields({"websocket": {"uri": "wss://example.com/", "audioTransport": {}}}),
        ),
        "websocket.audioTransport.receive_audio_field": TWO,
        "websocket.audioTransport.static_fields": ({"a": 1}, {}),
        "websocket.audioTransport.static_fields.*": TWO,
        "websocket.audioTransport.transport": (
            Fields(
                {
                    "websocket": {
                        "uri": "wss://example.com/",
                        "audioTransport": {"transport": "json", "encoding": "base64"},
                    }
                }
            ),
            Fields({"websocket": {"uri": "wss://example.com/", "audioTransport": {"encoding": "base64"}}}),
        ),
        "websocket.bidirectional": FLAGS,
        "websocket.headers": ({"X-Name": "one"}, {}),
        "websocket.headers.*": TWO,
        "websocket.streams": (["$stream0"], []),
        "websocket.streams.#": ("$stream0", "$stream1"),
        "websocket.sessionMigration": FLAGS,
        "sessionMigration": FLAGS,
        "websocket.uri": ("wss://example.com/one", "wss://example.com/two"),
    },
    "setArchiveStorage": {
        "type": (Fields({}), Fields({"type": "azure", "config": AZURE})),
        "config": (S3, {**S3, "bucket": "two"}),
        "config.*": (Fields({}), Fields({"config": {**S3, "bucket": "two"}})),
        "fallback": ("none", "opentok"),
    },
    "registerCallback": {
        "event": tuple(Fields({"group": "session", "event": event}) for event in ("created", "destroyed")),
        "group": tuple(Fields({"group": group, "event": "created"}) for group in ("session", "connection")),
        "url": CALLBACK_URLS,
    },
}
"""By operation and field, in the words of `paths`. Where both values are objects that name fields of the body itself,
they are those fields; a value is put at the field's place otherwise."""

NOT_SEEN: dict[tuple[str, str], str] = {
    ("startCaptions", "token"): "it says who may start captions; nobody joins with it, so nothing of it is kept",
}
"""Fields whose values make no difference, with the reason."""

BODIES = {each.id: each.body for each in OPERATIONS if each.body is not None}
FIELDS = [(operation, field) for operation, model in BODIES.items() for field in dict.fromkeys(paths(model))]
SEEN = [each for each in FIELDS if each not in NOT_SEEN]


def test_every_field_has_two_values_or_a_reason() -> None:
    known = {(operation, field) for operation, fields in VALUES.items() for field in fields} | NOT_SEEN.keys()
    assert known == set(FIELDS)


@pytest.mark.parametrize(("operation", "field"), SEEN)
def test_a_field_that_is_accepted_can_be_seen(client: TestClient, operation: str, field: str) -> None:
    first, second = VALUES[operation][field]
    assert _seen_with(client, operation, field, first) != _seen_with(client, operation, field, second)


@pytest.mark.parametrize("operation", BODIES)
def test_the_same_request_in_the_same_room_looks_the_same(client: TestClient, operation: str) -> None:
    """Otherwise any difference would do."""
    body = REQUESTS[operation].body
    assert _seen(client, operation, body) == _seen(client, operation, body)


@pytest.mark.parametrize(
    ("operation", "parameter"), [(each.id, parameter.name) for each in OPERATIONS for parameter in each.query]
)
def test_a_parameter_of_a_query_makes_a_difference(room: Room, operation: str, parameter: str) -> None:
    tenant = room.tenant
    paths_of = {
        "listArchives": ("/archive", "startArchive"),
        "listBroadcasts": ("/broadcast", "startBroadcast"),
        "listRenders": ("/render", "startRender"),
        "listStreams": (f"/session/{room.sessions[0]}/stream", ""),
        "listConnections": (f"/session/{room.sessions[0]}/connection", ""),
    }
    path, start = paths_of[operation]
    for session in range(2) if start else ():
        request = REQUESTS[start]
        token = ("$token", "$second_token")[session]
        body = _filled(room, {**request.body, "sessionId": f"$session{session}", "token": token})
        assert tenant.call("POST", request.path, body).status_code < 300
    values = {"offset": "1", "count": "1", "sessionId": room.sessions[1]}
    assert tenant.call("GET", path).json() != tenant.call("GET", f"{path}?{parameter}={values[parameter]}").json()


def _seen_with(client: TestClient, operation: str, field: str, value: Any) -> Any:
    """Return what is seen after a request with the value at the field's place."""
    body = copy.deepcopy(REQUESTS[operation].body)
    if isinstance(value, Fields):
        return _seen(client, operation, value.of_body if operation.startswith("select") else {**body, **value.of_body})
    *parents, last = (
        field.split(".") if field in VALUES[operation] and "." in field and field != "p2p.preference" else [field]
    )
    at: Any = body
    for index, parent in enumerate(parents):
        following = [*parents, last][index + 1]
        at = at.setdefault(parent, [] if following == "#" else {}) if parent != "#" else at[0]
    if last == "#":
        at[:] = [value]
    else:
        at["X-Key" if last == "*" else last] = value
    return _seen(client, operation, body)


def _seen(client: TestClient, operation: str, body: dict[str, Any]) -> Any:
    """Return what is seen of a request with this body, in a new room."""
    room = _room(client)
    try:
        response = _send(room, operation, body)
        room.tenant.advance(60)  # what is started later is there, too
        return response, _everything(room.tenant)
    finally:
        _remove(room)


def _send(room: Room, name: str, body: dict[str, Any]) -> Any:
    """Send the request of an operation, and before it the one that it needs; return its response."""
    request = REQUESTS[name]
    path = str(_filled(room, request.path))
    if request.before:
        made = _send(room, request.before, REQUESTS[request.before].body)
        room.tenant.advance(0.01)
        path = path.format(made=made["id"], connection=made.get("connectionId"))
    for stream in room.streams if "removeStream" in body else ():
        assert room.tenant.call(request.method, path, {"addStream": stream}).status_code == 204
    if name == "createSession":
        response = room.tenant.call(request.method, path, data=body)
    else:
        response = room.tenant.call(request.method, path, _filled(room, body))
    assert response.status_code < 300, response.text
    return response.json() if response.content else None


def _filled(room: Room, value: Any) -> Any:
    """Return a value with the ids of the room in place of `$stream0` and the like."""
    if isinstance(value, dict):
        return {name: _filled(room, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(room, each) for each in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    session = room.sessions[0]
    known = {
        "$session0": session,
        "$session1": room.sessions[1],
        "$stream0": room.streams[0],
        "$stream1": room.streams[1],
        "$connection0": room.connections[0],
        "$token": room.tenant.client_token(session, data="one"),
        "$other_token": room.tenant.client_token(session, data="two"),
        "$second_token": room.tenant.client_token(room.sessions[1], data="one"),
    }
    for name, real in known.items():
        value = value.replace(name, real) if value == name or "/" in value else value
    return value


def _everything(tenant: Tenant) -> Any:
    """Return all that the control API tells of what is in an application, the journal of requests left out."""
    kinds = ("archives", "broadcasts", "renders", "captions", "calls", "connectors", "sessions")
    found: dict[str, Any] = {kind: tenant.control("GET", f"/{kind}")["items"] for kind in kinds}
    found["signals"] = [
        tenant.control("GET", f"/sessions/{session['sessionId']}/signals")["items"] for session in found["sessions"]
    ]
    found["events"] = tenant.control("GET", "/events")["items"]
    return found
