"""An emulator inside the test's process: the same application that `serve` runs, without sockets."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import jwt
from httpx2 import Response
from starlette.testclient import TestClient

from emulator import wellknown
from emulator.app import create_app
from emulator.settings import Settings
from tests.mirror import Mirror
from tests.store.replicas import VARIABLE, replicas

NOBODY = "0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33"


def rest_token(private_key: str, issuer: str, **claims: Any) -> str:
    """Mint a REST token of the application `issuer`; a claim given as None is left out."""
    now = int(time.time())
    content = {"application_id": issuer, "iat": now, "exp": now + 900, "jti": str(uuid.uuid4()), **claims}
    given = {name: value for name, value in content.items() if value is not None}
    return jwt.encode(given, _read(private_key), algorithm="RS256")


@lru_cache(maxsize=64)
def _read(private_key: str) -> Any:
    """Return a key as PyJWT wants it: OpenSSL takes 70 ms to check one, each time that it is read."""
    return jwt.get_algorithm_by_name("RS256").prepare_key(private_key)


class Tenant:
    """One application of a local emulator, called as an SDK would."""

    def __init__(self, client: TestClient, *, own_key: bool = False, **options: Any) -> None:
        self.client = client
        keys = {} if own_key else {"privateKey": wellknown.PRIVATE_KEY}  # making a key pair takes long
        made = client.post("/_emulator/applications", json={"pace": "instant", **keys, **options})
        assert made.status_code == 201, made.text
        self.made = made.json()
        self.id: str = self.made["id"]
        self.token = rest_token(self.made["privateKey"], self.id)
        self.root = f"/v2/project/{self.id}"

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> Response:
        """Call the service; `path` follows the project, unless it begins with `//`."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **options.pop("headers", {})}
        if json is not None:
            options["json"] = json
        url = path[1:] if path.startswith("//") else self.root + path
        return self.client.request(method, url, headers=headers, **options)

    def control(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """Call the control API below the application; the call must succeed."""
        answer = self.client.request(method, f"/_emulator/applications/{self.id}{path}", json=json, **options)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def session(self, *, join: int = 0, **form: str) -> str:
        """Make a session, with so many participants."""
        made = self.call("POST", "//session/create", data=form)
        assert made.status_code == 200, made.text
        session_id: str = made.json()[0]["session_id"]
        if join:
            self.join(session_id, join)
        return session_id

    def join(self, session_id: str, count: int = 1, **fields: Any) -> list[dict[str, Any]]:
        """Let participants join."""
        items: list[dict[str, Any]] = self.control(
            "POST", f"/sessions/{session_id}/participants", {"count": count, **fields}
        )["items"]
        return items

    def client_token(self, session_id: str, role: str = "moderator", **claims: Any) -> str:
        """Mint a client token."""
        return rest_token(
            self.made["privateKey"], self.id, scope="session.connect", session_id=session_id, role=role, **claims
        )

    def archive(self, session_id: str | None = None, **fields: Any) -> str:
        """Start an archive, in a new session of two unless one is given."""
        session_id = session_id or self.session(join=2)
        started = self.call("POST", "/archive", {"sessionId": session_id, **fields})
        assert started.status_code == 200, started.text
        archive_id: str = started.json()["id"]
        return archive_id

    def advance(self, seconds: float) -> None:
        """Let time pass on the application's clock."""
        self.control("POST", "/clock", {"action": "advance", "seconds": seconds})


@contextmanager
def emulator(**settings: Any) -> Iterator[TestClient]:
    """Run an emulator with these settings; or two replicas, where the environment names a database for them."""
    if server := os.environ.get(VARIABLE):
        with replicas(server, **settings) as client:
            yield client
        return
    app = create_app(Settings(**settings))
    mirror = Mirror(app.state.services.world)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
    assert not mirror.missed, f"a store would not have learned of these: {mirror.missed}"
