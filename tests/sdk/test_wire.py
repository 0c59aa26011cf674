"""Where a server that follows the specification literally breaks a real SDK: a test for each row of sdk-wire.md 4A.

The requests are written as the SDKs write them, byte for byte where it matters, to the real socket. SDKs are
named as in the file: V-py, V-js, V-java, V-net, V-rb, V-php of Vonage, O-py, O-js, O-java, O-rb, O-php, O-net of
OpenTok.
"""

from __future__ import annotations

import http.client
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.auth import minting
from emulator.client import ApplicationClient, Participant
from emulator.testing import Server

NOBODY = "00000000-0000-4000-8000-00000000dead"
HLS: dict[str, Any] = {"outputs": {"hls": {}}}
ACCEPT = {"Accept": "application/json"}


@dataclass
class Answer:
    """What came back: status, headers with names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Wire:
    """A session of an application with people in it, called without an HTTP library's manners."""

    def __init__(self, server: Server, application: ApplicationClient) -> None:
        self.application = application
        self._host = urlsplit(server.http).netloc
        bearer = minting.rest_token(application.id, application.private_key)
        opentok = minting.opentok_rest_token(application.api_key, application.api_secret)
        self.vonage = {"Authorization": f"Bearer {bearer}", **ACCEPT}
        self.opentok = {"X-OPENTOK-AUTH": opentok, **ACCEPT}
        self.number = f"/v2/project/{application.api_key}"
        self.root = f"/v2/project/{application.id}"
        self.sid: str = self.call("POST", "/session/create", headers=self.vonage).json[0]["session_id"]
        self.people: list[Participant] = application.join(self.sid, 2)
        self.stream = self.people[0].stream_ids[0]
        self.session = f"/session/{self.sid}"
        moderator = minting.client_token(application.id, application.private_key, self.sid, role="moderator")
        self.ids = {"sessionId": self.sid, "token": moderator}

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: str
    ) -> Answer:
        """Send exactly this: `body` as it is if it is text, else as JSON; paths without a prefix get the project's."""
        given = dict(self.vonage if headers is None else headers) | more
        content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        if content:
            given["Content-Length"] = str(len(content))
            if not isinstance(body, str):
                given.setdefault("Content-Type", "application/json")
        if not path.startswith(("/v2", "//", "/session/create")):
            path = self.root + path
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(content or None)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def made(self, path: str, body: Any) -> str:
        """Start something and return its id."""
        answer = self.call("POST", path, body)
        assert answer.status in (200, 202), answer
        made: str = answer.json["id"]
        return made

    def archive(self, **fields: Any) -> str:
        return self.made("/archive", {"sessionId": self.sid, **fields})

    def broadcast(self, **fields: Any) -> str:
        return self.made("/broadcast", {"sessionId": self.sid, **HLS, **fields})

    def render(self, **fields: Any) -> str:
        return self.made("/render", {**self.ids, "url": "https://example.com/scores", **fields})


@pytest.fixture
def wire(server: Server) -> Wire:
    """A call in an application of its own."""
    return Wire(server, server.emulator.application("sdk-wire"))


def keys_of(answer: Answer, **types: type | tuple[type, ...]) -> None:
    """Assert that a body has these keys with values of these types."""
    for name, kind in types.items():
        assert name in answer.json, f"{name} is missing"
        assert isinstance(answer.json[name], kind), f"{name} is {answer.json[name]!r}"


def test_row_01_sessions_are_created_at_the_root(wire: Wire) -> None:
    for path in ("/session/create", "/v2/session/create"):
        assert wire.call("POST", path).json[0]["session_id"]


def test_row_02_captions_start_without_an_id_and_are_answered_one(wire: Wire) -> None:
    answer = wire.call("POST", "/captions", wire.ids)
    assert answer.status == 202
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.json["captionsId"])
    assert wire.call("POST", f"/captions/{answer.json['captionsId']}/stop").status == 202
    assert wire.call("POST", f"/captions/{NOBODY}/start", wire.ids).json == {"captionsId": NOBODY}


def test_row_03_stopped_captions_are_202(wire: Wire) -> None:
    captions = wire.call("POST", "/captions", wire.ids).json["captionsId"]
    answer = wire.call("POST", f"/captions/{captions}/stop")
    assert (answer.status, answer.content) == (202, b"")


def test_row_04_a_session_is_made_in_xml(wire: Wire) -> None:
    """O-rb accepts anything, O-php and O-net say nothing about it; none of them reads JSON."""
    key = {"X-OPENTOK-AUTH": wire.opentok["X-OPENTOK-AUTH"]}
    bearer = {"Authorization": wire.vonage["Authorization"]}
    for headers in (
        {**key, "User-Agent": "OpenTok-Ruby-SDK/4.13.0", "Accept": "*/*"},
        {**key, "User-Agent": "OpenTok-PHP-SDK/5.0.0"},
        {**key, "User-Agent": "Opentok-DotNet-SDK/3.16.0"},
        {**bearer, "User-Agent": "Opentok-DotNet-SDK/3.16.0"},
    ):
        answer = wire.call("POST", "/session/create", "p2p.preference=enabled", headers)
        assert answer.headers["content-type"] == "text/xml"
        made = ElementTree.fromstring(answer.content)
        assert made.tag == "sessions"
        assert made.findtext("Session/session_id")
        project = wire.application.api_key if headers.keys() & key.keys() else wire.application.id
        assert made.findtext("Session/partner_id") == project


def test_row_05_what_the_specification_lacks_is_there(wire: Wire) -> None:
    socket = {**wire.ids, "websocket": {"uri": "wss://example.com/audio"}}
    connector = wire.call("POST", "/connect", socket)
    assert connector.status == 200
    keys_of(connector, id=str, connectionId=str)
    assert wire.call("POST", f"/connect/{connector.json['id']}/stop").status in (200, 204)
    captions = wire.call("POST", "/captions", wire.ids).json["captionsId"]
    assert wire.call("GET", f"/captions/{captions}").json["status"] == "started"
    connections = wire.call("GET", wire.session + "/connection")
    assert (connections.json["count"], connections.json["sessionId"]) == (2, wire.sid)
    assert {(item["connectionState"], type(item["createdAt"])) for item in connections.json["items"]} == {
        ("Connected", int)
    }
    callback = {"group": "connection", "event": "created", "url": "http://127.0.0.1:9/"}
    registered = wire.call("POST", wire.number + "/callback", callback, wire.opentok)
    assert wire.call("GET", wire.number + "/callback", headers=wire.opentok).json == [registered.json]
    path = f"{wire.number}/callback/{registered.json['id']}"
    assert wire.call("DELETE", path, headers=wire.opentok).status == 204


def test_row_06_a_changed_layout_answers_what_has_it(wire: Wire) -> None:
    for path in (f"/archive/{wire.archive()}", f"/broadcast/{wire.broadcast()}"):
        answer = wire.call("PUT", path + "/layout", {"type": "pip"})
        assert answer.status == 200
        assert path.endswith(answer.json["id"])


def test_row_07_changed_classes_answer_the_streams(wire: Wire) -> None:
    body = {"items": [{"id": wire.stream, "layoutClassList": ["full"]}]}
    answer = wire.call("PUT", wire.session + "/stream", body)
    assert (answer.status, answer.json["count"]) == (200, 1)
    assert answer.json["items"][0]["layoutClassList"] == ["full"]


def test_row_08_muting_answers_project_details(wire: Wire) -> None:
    """V-php reads strings and a number from it, V-net the application."""
    for path, body in ((f"{wire.session}/stream/{wire.stream}/mute", None), (wire.session + "/mute", {"active": True})):
        answer = wire.call("POST", path, body)
        assert answer.status == 200
        keys_of(answer, id=str, secret=str, status=str, name=str, environment=str, createdAt=int, applicationId=str)


def test_row_09_lists_have_a_count_and_items(wire: Wire) -> None:
    wire.render()
    for path in ("/render", wire.session + "/connection"):
        answer = wire.call("GET", path)
        keys_of(answer, count=int, items=list)
        assert answer.json["items"]
    assert wire.call("GET", "/render?offset=10&count=50").json["items"] == []


def test_row_10_archives_have_every_field_that_parsers_need(wire: Wire) -> None:
    fields: dict[str, type | tuple[type, ...]] = {
        "id": str, "status": str, "sessionId": str, "applicationId": str, "createdAt": int, "updatedAt": int,
        "size": int, "duration": int, "hasAudio": bool, "hasVideo": bool, "event": str, "outputMode": str,
        "streamMode": str, "multiArchiveTag": str, "reason": str, "password": str, "sha256sum": str,
        "name": (str, type(None)), "url": (str, type(None)),
    }  # fmt: skip
    body = {"sessionId": wire.sid, "hasTranscription": True}
    started = wire.call("POST", "/archive", body)
    keys_of(started, **fields, transcription=dict)
    assert not started.json.keys() & {"partnerId", "projectId"}, "a UUID there breaks O-java"
    by_number = wire.call("GET", f"{wire.number}/archive/{started.json['id']}", headers=wire.opentok)
    keys_of(by_number, **fields, partnerId=int, projectId=int)


def test_row_11_broadcasts_have_every_field_that_parsers_need(wire: Wire) -> None:
    fields = {
        "id": str, "sessionId": str, "createdAt": int, "updatedAt": int, "status": str, "resolution": str,
        "hasAudio": bool, "hasVideo": bool, "streamMode": str, "settings": dict, "broadcastUrls": dict,
        "maxBitrate": int,
    }  # fmt: skip
    body = {"sessionId": wire.sid, **HLS, "maxBitrate": 1_000_000, "streamMode": "manual"}
    started = wire.call("POST", "/broadcast", body)
    keys_of(started, **fields, applicationId=str)
    assert wire.call("PATCH", f"/broadcast/{started.json['id']}/streams", {"addStream": wire.stream}).status == 204
    by_number = wire.call("GET", f"{wire.number}/broadcast/{started.json['id']}", headers=wire.opentok)
    keys_of(by_number, **fields, streams=list, partnerId=int, projectId=int)


def test_row_12_sizes_and_layouts_are_those_of_the_sdks_and_of_the_specification(wire: Wire, server: Server) -> None:
    for size in ("480x640", "720x1280", "1080x1920"):
        wire.archive(resolution=size, multiArchiveTag=size)
        wire.broadcast(resolution=size, multiBroadcastTag=size)
        wire.render(resolution=size)
    archive = wire.archive(resolution="640x480")
    for answer in (wire.call("GET", f"/archive/{archive}"), wire.call("GET", f"/render/{wire.render()}")):
        assert answer.json["resolution"] in ("640x480", "1280x720"), "V-py and V-net know no others by default"
    in_spec = Wire(server, server.emulator.application("sdk-wire in spec", contract="spec"))
    in_spec.archive(layout={"type": "focus"})
    in_spec.render(resolution="1280x800")


NULLS: Mapping[str, Any] = dict.fromkeys(("name", "resolution", "multiArchiveTag", "maxBitrate", "layout"))


def test_row_13_requests_that_break_the_schema_of_the_specification_work(wire: Wire) -> None:
    broadcast = wire.broadcast(streamMode="manual")
    sip = {"uri": "sip:ada@example.com", "auth": None, "from": None, "streams": None}
    archive = {"sessionId": wire.sid, "multiArchiveTag": "b", "maxBitrate": 500_000}
    archive |= {"hasTranscription": True, "transcriptionProperties": {"primaryLanguageCode": "en-US"}}
    render = {**wire.ids, "url": "https://example.com/x", "properties": None, "statusCallbackUrl": None}
    requests: list[tuple[str, str, Any, int]] = [
        ("POST", "/archive", {"sessionId": wire.sid, **NULLS}, 200),
        ("POST", "/archive", archive, 200),
        ("POST", "/archive", {"sessionId": wire.sid, "multiArchiveTag": "c", "quantizationParameter": 20}, 200),
        ("POST", "/render", render, 202),
        ("POST", "/dial", {**wire.ids, "sip": sip}, 200),
        ("POST", "/dial", {**wire.ids, "sip": {"uri": "sip:a@b", "streams": [wire.stream]}}, 200),
        ("POST", wire.session + "/mute", {"active": "true", "excludedStreams": [wire.stream]}, 200),
        ("POST", wire.session + "/mute", {"active": True, "excludedStreamIds": None}, 200),
        ("PATCH", f"/broadcast/{broadcast}/streams", {"broadcastId": broadcast, "addStream": wire.stream}, 204),
        ("POST", "/session/create", "archiveMode=manual&location=null&p2p.preference=disabled", 200),
        ("POST", "/session/create", "location=&archiveMode=manual&p2p.preference=disabled&e2ee=True", 200),
        ("POST", "/session/create", "archiveMode=manual&e2ee=False&p2p.preference=enabled&api_key=1", 200),
        ("POST", "/session/create", "archiveMode=manual&media_mode=routed", 200),
    ]  # fmt: skip
    for method, path, body, status in requests:
        answer = wire.call(method, path, body)
        assert answer.status == status, (path, body, answer.content)
    # O-php starts a render with an empty body. Nothing can be made of that; it is told so, and not with a 500.
    answer = wire.call("POST", "/render")
    assert (answer.status, "body is empty" in answer.json["message"]) == (400, True)


def test_row_14_posts_that_need_no_body_take_any_or_none(wire: Wire) -> None:
    def bodies() -> Iterator[tuple[Any, dict[str, str]]]:
        yield None, {}  # V-java: no Content-Type, no Content-Length
        yield None, {"Content-Length": "0"}
        yield None, {"Content-Type": "application/json", "Content-Length": "0"}
        yield None, {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"}
        yield "{}", {}
        yield "{}", {"Content-Type": "application/json"}
        yield "[]", {"Content-Type": "application/json"}

    for body, headers in bodies():
        token = wire.ids | {"url": "https://example.com/scores"}
        captions = wire.call("POST", "/captions", wire.ids).json["captionsId"]
        for path in (
            f"{wire.session}/stream/{wire.stream}/mute",
            f"/archive/{wire.archive()}/stop",
            f"/broadcast/{wire.broadcast()}/stop",
            f"/captions/{captions}/stop",
        ):
            answer = wire.call("POST", path, body, None, **headers)
            assert answer.status in (200, 202), (path, body, headers, answer.content)
        assert wire.call("DELETE", f"/render/{wire.made('/render', token)}", body, None, **headers).status == 204
        assert wire.call("POST", "/session/create", body, None, **headers).status == 200


def test_row_15_slashes_at_either_end_lead_to_the_same_place_without_a_redirect(wire: Wire) -> None:
    started = wire.call("POST", "/broadcast/", {"sessionId": wire.sid, **HLS})
    assert started.status == 200
    for path in (
        "/broadcast/?offset=0&count=50",
        wire.session + "/stream/",
        wire.session + "/connection/",
        f"/{wire.root}/archive",
        f"/{wire.root}/archive/",
    ):
        assert wire.call("GET", path).status == 200, path
    assert wire.call("POST", "//session/create").status == 200


def test_row_16_methods_and_paths_of_single_sdks(wire: Wire) -> None:
    broadcast = f"/broadcast/{wire.broadcast(streamMode='manual')}"
    archives = f"/archive/{broadcast.rpartition('/')[2]}/streams"
    captions = wire.call("POST", "/captions", wire.ids).json["captionsId"]
    one = f"{wire.session}/stream/{wire.stream}"
    for method, path, body, status in (
        ("POST", broadcast + "/layout", {"type": "pip"}, 200),
        ("PUT", broadcast + "/layout", {"type": "pip"}, 200),
        ("PATCH", broadcast + "/streams", {"addStream": wire.stream}, 204),
        ("PUT", broadcast + "/streams", {"removeStream": wire.stream}, 204),
        ("PATCH", broadcast + "/streams", {"addStream": wire.stream}, 204),
        ("PATCH", archives, {"removeStream": wire.stream}, 204),  # O-php goes to the archives with a broadcast
        ("DELETE", f"/captions/{captions}/stop", None, 202),
        ("POST", "/call", {**wire.ids, "sip": {"uri": "sip:ada@example.com"}}, 200),
        ("POST", f"/render/{wire.render()}", None, 200),
        ("PUT", one, {"layoutClassList": ["full"]}, 200),
    ):
        answer = wire.call(method, path, body)
        assert answer.status == status, (method, path, answer.content)
    assert "streams" not in wire.call("GET", broadcast).json  # the last one was taken out
    assert wire.call("GET", one).json["layoutClassList"] == ["full"]


def test_row_17_lists_are_filtered_by_either_name(wire: Wire) -> None:
    wire.archive()
    wire.broadcast()
    other = wire.call("POST", "/session/create").json[0]["session_id"]
    for path in ("/archive", "/broadcast"):
        for name in ("sessionId", "session_id"):
            assert wire.call("GET", f"{path}?{name}={wire.sid}").json["count"] == 1
            assert wire.call("GET", f"{path}?count=100&{name}={other}").json["count"] == 0


def test_row_18_credentials_of_both_dialects_and_one_status_for_bad_ones(wire: Wire) -> None:
    assert wire.call("GET", wire.number + "/archive", headers=wire.opentok).status == 200
    assert wire.call("GET", "/archive").status == 200
    for headers in ({}, {"X-OPENTOK-AUTH": "x"}, {"Authorization": "Bearer x"}, {"X-OPENTOK-AUTH": "a.b.c"}):
        answer = wire.call("GET", "/archive", headers={**headers, **ACCEPT})
        assert (answer.status, answer.json["code"]) == (403, -1)


def test_row_19_every_refusal_has_a_body_that_says_why(wire: Wire) -> None:
    archive = wire.archive()
    fault = {"X-Emulator-Fault-Request": "internal"}
    for status, method, path, body, headers in (
        (400, "POST", "/archive", "{", {}),
        (400, "POST", "/archive", {"sessionId": "x"}, {}),
        (403, "GET", "/archive", None, {"Authorization": "Bearer x"}),
        (404, "GET", f"/archive/{NOBODY}", None, {}),
        (404, "GET", "/nothing", None, {}),
        (405, "PATCH", "/archive", None, {}),
        (408, "GET", f"{wire.session}/stream/{NOBODY}", None, {}),
        (409, "POST", "/archive", {"sessionId": wire.sid}, {}),
        (409, "DELETE", f"/archive/{archive}", None, {}),
        (413, "POST", wire.session + "/signal", {"type": "a", "data": "b" * 9000}, {}),
        (500, "GET", "/archive", None, fault),
    ):
        answer = wire.call(method, path, body, {**wire.vonage, **headers})
        assert answer.status == status, (path, answer.content)
        assert answer.headers["content-type"] == "application/json"
        assert isinstance(answer.json["message"], str)
        assert answer.json["message"]
        assert "type" not in answer.json, "V-php and V-rb would build a sentence from it"


def test_row_20_always_is_how_one_sdk_says_relayed(wire: Wire) -> None:
    for preference, mode in (("always", "relayed"), ("enabled", "relayed"), ("disabled", "routed")):
        made = wire.call("POST", "/session/create", f"p2p.preference={preference}").json[0]["session_id"]
        assert wire.application.session(made).media_mode == mode


def test_row_21_json_is_labelled_without_a_charset(wire: Wire) -> None:
    for answer in (
        wire.call("POST", "/session/create"),
        wire.call("POST", "/archive", {"sessionId": wire.sid}),
        wire.call("GET", "/archive"),
        wire.call("GET", f"/archive/{NOBODY}"),
        wire.call("GET", "/nothing"),
    ):
        assert answer.headers["content-type"] == "application/json"
    nothing = wire.call("DELETE", f"{wire.session}/connection/{wire.people[1].connection_id}")
    assert (nothing.status, nothing.content) == (204, b"")
    assert "content-type" not in nothing.headers


def test_there_is_a_test_for_each_row() -> None:
    rows = [name for name in globals() if name.startswith("test_row_")]
    assert [name[9:11] for name in rows] == [f"{row:02}" for row in range(1, 22)]
