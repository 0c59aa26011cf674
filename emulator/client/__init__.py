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

from .answers import (
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
from .application import WEBHOOKS, ApplicationClient, AsyncApplicationClient
from .clock import AsyncClock, Clock
from .emulator import AsyncEmulator, Emulator
from .errors import ControlRefused, EmulatorError, NotInTime, NotReachable, NotVerified
from .faults import AsyncFaults, AsyncScenario, Faults, Scenario
from .outbox import AsyncOutbox, Outbox
from .sessions import AsyncParticipants, Participants

__all__ = [
    "WEBHOOKS",
    "ApplicationClient",
    "AsyncApplicationClient",
    "AsyncClock",
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
    "ControlRefused",
    "Emulator",
    "EmulatorError",
    "Event",
    "Exchange",
    "Fault",
    "Faults",
    "Message",
    "NotInTime",
    "NotReachable",
    "NotVerified",
    "Outbox",
    "Participant",
    "Participants",
    "Scenario",
    "Session",
    "Signal",
    "Stream",
    "Timer",
    "Undocumented",
]
