"""Whom requests to the outside trust over TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from emulator.settings import Settings


def trusting(settings: Settings) -> ssl.SSLContext:
    """Trust the system's authorities, the emulator's own, and those of the settings."""
    context = ssl.create_default_context()
    for path in (settings.data_dir / "ca.pem", settings.callback_ca):
        if path is not None and Path(path).is_file():
            context.load_verify_locations(path)
    return context
