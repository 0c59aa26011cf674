"""Calls of the control API of a running emulator, as curl makes them, and of the service with a token."""

from __future__ import annotations

from typing import Any

import httpx2

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.emulator.local import rest_token


def control(server: Server, application: ApplicationClient, method: str, path: str, json: Any = None) -> Any:
    """Call the control API below the application; the call must succeed."""
    url = f"{server.http}/_emulator/applications/{application.id}{path}"
    response = httpx2.request(method, url, json=json, trust_env=False)
    assert response.is_success, response.text
    return response.json() if response.content else None


def call(
    server: Server, application: ApplicationClient, method: str, path: str, json: Any = None, **headers: str
) -> httpx2.Response:
    """Call the service; `path` follows the project, unless it begins with `//`."""
    token = rest_token(application.private_key, application.id)
    url = server.http + (path[1:] if path.startswith("//") else f"/v2/project/{application.id}{path}")
    own = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return httpx2.request(method, url, json=json, headers={**own, **headers}, trust_env=False, timeout=10)


def new_session(server: Server, application: ApplicationClient, join: int = 0) -> str:
    """Make a session, with so many participants."""
    session_id: str = call(server, application, "POST", "//session/create").json()[0]["session_id"]
    if join:
        application.join(session_id, join)
    return session_id
