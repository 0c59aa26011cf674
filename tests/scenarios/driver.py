"""Calls every operation that faults are tried on by its name, with a request that would succeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from httpx2 import Response

Call = Callable[..., Response]
Control = Callable[..., Any]

UNKNOWN = "0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33"


class Driver:
    """One user of the service: `call(method, path, json, headers=…)`, and `control(method, path, json)` below it.

    What was started last is what is read and stopped. There is a session of two from the start, unless `guests` is 0.
    """

    def __init__(self, call: Call, control: Control, token: Callable[[str], str], guests: int = 2) -> None:
        self._call = call
        self.control = control
        self._token = token
        self._guests = guests
        self._session = ""
        self._last: dict[str, str] = {}

    @property
    def session(self) -> str:
        """The session, made when it is first needed."""
        if not self._session:
            self._session = self._call("POST", "//session/create").json()[0]["session_id"]
            if self._guests:
                self.control("POST", f"/sessions/{self._session}/participants", {"count": self._guests})
        return self._session

    def do(self, operation: str, headers: dict[str, str] | None = None, **fields: Any) -> Response:
        """Call an operation; `fields` are what of its body differs from the usual."""
        method, path, body = self.request(operation, **fields)
        answer = self._call(method, path, body, headers=headers or {})
        if answer.is_success and operation.startswith(("start", "connect", "dial")):
            content = answer.json()
            self._last[operation.removeprefix("start")] = content.get("id") or content["captionsId"]
        if answer.is_success and operation == "createSession":
            self._session = answer.json()[0]["session_id"]
        return answer

    def request(self, operation: str, **fields: str) -> tuple[str, str, Any]:
        """Return method, path and body of an operation."""
        if operation == "createSession":
            return "POST", "//session/create", None
        of_session = {
            "listConnections": ("GET", "/connection", None),
            "listStreams": ("GET", "/stream", None),
            "signalSession": ("POST", "/signal", {"type": "t", "data": "d"}),
            "muteSession": ("POST", "/mute", {"active": True, "excludedStreamIds": []}),
            "migrateSession": ("POST", "/migrate", None),
            "playDtmfAll": ("POST", "/play-dtmf", {"digits": "1"}),
        }
        if operation in of_session:
            method, path, body = of_session[operation]
            return method, f"/session/{self.session}{path}", body
        lists = {"listArchives": "/archive", "listBroadcasts": "/broadcast", "listRenders": "/render"}
        if operation in lists:
            return "GET", lists[operation], None
        if operation in ("startArchive", "startBroadcast", "dial", "startCaptions", "startRender", "connectAudio"):
            return "POST", *getattr(self, f"_{operation.lower()}")(fields)
        return self._of_last(operation)

    def _of_last(self, operation: str) -> tuple[str, str, Any]:
        verb = next(verb for verb in ("stop", "get", "delete") if operation.startswith(verb))
        kind = operation.removeprefix(verb)
        path = f"/{kind.lower()}/{self._last.get(kind, UNKNOWN)}"
        if verb == "stop" and kind != "Render":
            return "POST", path + "/stop", None
        return ("GET" if verb == "get" else "DELETE"), path, None

    def _startarchive(self, fields: dict[str, str]) -> tuple[str, Any]:
        return "/archive", {"sessionId": self.session, **fields}

    def _startbroadcast(self, fields: dict[str, str]) -> tuple[str, Any]:
        target = {"id": "one", "serverUrl": "rtmp://live.example.com/app", "streamName": "key"}
        target |= {name: fields.pop(name) for name in ("serverUrl", "streamName") if name in fields}
        return "/broadcast", {"sessionId": self.session, "outputs": {"hls": {}, "rtmp": [target]}, **fields}

    def _dial(self, fields: dict[str, str]) -> tuple[str, Any]:
        sip = {"uri": fields.get("uri", "sip:somebody@example.com")}
        return "/dial", {"sessionId": self.session, "token": self._token(self.session), "sip": sip}

    def _startcaptions(self, fields: dict[str, str]) -> tuple[str, Any]:
        return "/captions", {"sessionId": self.session, "token": self._token(self.session), **fields}

    def _startrender(self, fields: dict[str, str]) -> tuple[str, Any]:
        url = {"url": "https://example.com/page", **fields}
        return "/render", {"sessionId": self.session, "token": self._token(self.session), **url}

    def _connectaudio(self, fields: dict[str, str]) -> tuple[str, Any]:
        socket = {"uri": fields.get("uri", "wss://example.com/audio")}
        return "/connect", {"sessionId": self.session, "token": self._token(self.session), "websocket": socket}
