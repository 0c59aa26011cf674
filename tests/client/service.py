"""The service as an SDK would call it, in a few lines."""

from __future__ import annotations

from typing import Any

import httpx

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.emulator.local import rest_token


class Service:
    """Calls the service with the credentials of an application."""

    def __init__(self, server: Server, app: ApplicationClient) -> None:
        self._base = server.http
        self._project = f"/v2/project/{app.id}"
        token = rest_token(app.private_key, app.id)
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def post(self, path: str, **options: Any) -> Any:
        """Send a request, which must succeed; `path` follows the project unless it begins with `//`."""
        url = self._base + (path[1:] if path.startswith("//") else self._project + path)
        answer = httpx.post(url, headers=self._headers, trust_env=False, timeout=30, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def session(self) -> str:
        """Make a routed session."""
        session_id: str = self.post("//session/create", data={"p2p.preference": "disabled"})[0]["session_id"]
        return session_id

    def start_archive(self, session_id: str) -> str:
        """Start to record."""
        archive_id: str = self.post("/archive", json={"sessionId": session_id})["id"]
        return archive_id

    def stop_archive(self, archive_id: str) -> None:
        """Stop to record."""
        self.post(f"/archive/{archive_id}/stop")
