"""A Python client of a running emulator's control API.

    from vonage_video_emulator.client import Emulator

    with Emulator("http://localhost:8080") as emulator, emulator.application(pace="instant") as app:
        ...  # create a session with an SDK and the credentials of `app`
        app.join(session_id, 2)
        app.wait_for("archive.available", timeout=5)

`AsyncEmulator` has the same calls, to be awaited. Needs httpx: the extra `client`. Nothing
here imports the emulator itself.
"""

from __future__ import annotations

from ..webhooks import WEBHOOKS
from .application import ApplicationClient, AsyncApplicationClient
from .clock import AsyncClock, Clock
from .connectors import AsyncConnectors, Connectors, Sound
from .emulator import AsyncEmulator, Emulator
from .errors import EmulatorError, NotReachableError, RequestRefusedError, VerificationError, WaitTimeoutError
from .faults import AsyncFaults, AsyncScenario, Faults, Scenario
from .models import (
    Attempt,
    Call,
    Callback,
    ClockState,
    Event,
    Exchange,
    Fault,
    Message,
    Participant,
    Session,
    Signal,
    Stream,
    Timer,
    Undocumented,
)
from .outbox import AsyncOutbox, Outbox
from .sessions import AsyncParticipants, Participants

__all__ = [
    "WEBHOOKS",
    "ApplicationClient",
    "AsyncApplicationClient",
    "AsyncClock",
    "AsyncConnectors",
    "AsyncEmulator",
    "AsyncFaults",
    "AsyncOutbox",
    "AsyncParticipants",
    "AsyncScenario",
    "Attempt",
    "Call",
    "Callback",
    "Clock",
    "ClockState",
    "Connectors",
    "Emulator",
    "EmulatorError",
    "Event",
    "Exchange",
    "Fault",
    "Faults",
    "Message",
    "NotReachableError",
    "Outbox",
    "Participant",
    "Participants",
    "RequestRefusedError",
    "Scenario",
    "Session",
    "Signal",
    "Sound",
    "Stream",
    "Timer",
    "Undocumented",
    "VerificationError",
    "WaitTimeoutError",
]
