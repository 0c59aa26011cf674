"""How the suites of the Python SDKs look at sessions, and at themselves."""

from __future__ import annotations

import ast
import base64
from pathlib import Path

from emulator.client import ApplicationClient


def muted(application: ApplicationClient, session_id: str) -> set[str]:
    """Return the ids of the streams that were muted by force."""
    return {stream.id for stream in application.session(session_id).streams if stream.muted}


def session_fields(session_id: str) -> list[str]:
    """Return the fields inside a session id: version, application or project, location, ms, noise, P for relayed, …"""
    encoded = session_id.partition("_")[2]
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode().split("~")


def called_on(sdk: str, suite: Path) -> set[str]:
    """Return the names of all methods of the fixture `sdk` that the tests in the folder `suite` call or hand on."""
    return {
        node.attr
        for path in suite.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == sdk
    }
