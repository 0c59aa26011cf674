"""The unmodified `opentok` client pointed at the emulator."""

from __future__ import annotations

import base64
from typing import Any

from opentok import Client, Roles

from emulator.client import ApplicationClient
from emulator.testing import Server

STRANGER = "a secret of thirty-two bytes, not ours"
NOTHING = "00000000-0000-4000-8000-00000000dead"


def connect(server: Server, api_key: str, api_secret: str) -> Client:
    """Return the SDK's client in its own dialect."""
    return Client(api_key, api_secret, api_url=server.http, timeout=30)


def client_token(opentok: Client, session_id: str, role: Roles = Roles.publisher, **options: Any) -> str:
    """Return a token a client would connect with, made by the SDK."""
    return str(opentok.generate_token(session_id, role=role, **options))


def muted(application: ApplicationClient, session_id: str) -> set[str]:
    """Return the ids of the streams that were muted by force."""
    return {stream.id for stream in application.session(session_id).streams if stream.muted}


def session_fields(session_id: str) -> list[str]:
    """Return the fields inside a session id: version, project, location, ms, noise, P for relayed, …"""
    encoded = session_id.partition("_")[2]
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode().split("~")
