"""What an application may have that is live: more is refused, for it is not given up by its age."""

from __future__ import annotations

from state.application import Application

TOO_MUCH = 429


def refusal(app: Application, most: int) -> str | None:
    """Return why nothing may be added to what is live in an application, None where something may."""
    if app.live_bytes < most:
        return None
    return (
        f"What is live in this application takes {app.live_bytes} bytes; VONAGE_EMULATOR_LIVE_BYTES allows {most}: "
        "stop or disconnect some of it."
    )
