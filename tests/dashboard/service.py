"""The service as an SDK calls it: what the page is to show."""

from __future__ import annotations

from typing import Any

import httpx

from emulator.auth.minting import Role, client_token, rest_token
from emulator.client import ApplicationClient
from emulator.testing import Server


class Service:
    """Calls operations of one application over HTTP."""

    def __init__(self, server: Server, application: ApplicationClient) -> None:
        self.app = application
        self.url = server.http
        self.root = f"/v2/project/{application.id}"

    def call(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """Call an operation; `path` follows the project, unless it begins with `//`."""
        token = rest_token(self.app.id, self.app.private_key or "")
        url = self.url + (path[1:] if path.startswith("//") else self.root + path)
        return httpx.request(method, url, json=json, headers={"Authorization": f"Bearer {token}"})

    def session(self, *names: str, **stream: Any) -> str:
        """Make a session with people of these names in it, each with a camera."""
        session_id: str = self.call("POST", "//session/create").json()[0]["session_id"]
        for name in names:
            self.app.participants.join(session_id, 1, data=name, streams=[{"name": name, **stream}])
        return session_id

    def client_token(self, session_id: str, role: Role = "moderator") -> str:
        """Mint a client token."""
        return client_token(self.app.id, self.app.private_key or "", session_id, role=role)

    def start(self, kind: str, session_id: str, **fields: Any) -> str:
        """Start a resource; return its id."""
        token = {"token": self.client_token(session_id)}
        paths: dict[str, tuple[str, dict[str, Any]]] = {
            "archives": ("/archive", {}),
            "broadcasts": (
                "/broadcast",
                {"outputs": {"hls": {}, "rtmp": [{"id": "yt", "serverUrl": "rtmp://localhost/a", "streamName": "b"}]}},
            ),
            "renders": ("/render", {**token, "url": "https://example.com/"}),
            "captions": ("/captions", token),
            "calls": ("/dial", {**token, "sip": {"uri": "sip:ada@example.com"}}),
            "connectors": ("/connect", {**token, "websocket": {"uri": "wss://example.com/"}}),
        }
        path, body = paths[kind]
        made = self.call("POST", path, {"sessionId": session_id, **body, **fields})
        assert made.status_code < 300, made.text
        found: str = made.json().get("id") or made.json()["captionsId"]
        return found
