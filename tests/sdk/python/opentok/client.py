"""The unmodified `opentok` client pointed at the emulator."""

from __future__ import annotations

from typing import Any

from opentok import Client, Roles

from emulator.testing import Server

STRANGER = "a secret of thirty-two bytes, not ours"
NOTHING = "00000000-0000-4000-8000-00000000dead"


def connect(server: Server, api_key: str, api_secret: str) -> Client:
    """Return the SDK's client in its own dialect."""
    return Client(api_key, api_secret, api_url=server.http, timeout=30)


def client_token(opentok: Client, session_id: str, role: Roles = Roles.publisher, **options: Any) -> str:
    """Return a token a client would connect with, made by the SDK."""
    return str(opentok.generate_token(session_id, role=role, **options))
