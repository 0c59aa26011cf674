"""What an emulator is made of, in one typed place: `create_app` makes it, and every part of the face reads it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from starlette.requests import Request

from emulator.adapters import Adapters
from emulator.auth.rest_tokens import Authenticator
from emulator.context import BodyBudget
from emulator.faults.injector import FaultInjector
from emulator.logs.calls import CallLog
from emulator.protocol.unread import Unread
from emulator.runtime.clock_controller import ClockController
from emulator.runtime.notifier import ChangeNotifier
from emulator.settings import Settings
from emulator.store.base import Store
from emulator.tenants.applications import Applications
from emulator.tenants.restoring import SnapshotRestorer
from emulator.tenants.snapshots import SnapshotWriter
from state.journal import Journal
from state.world import World


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one emulator; `app.state.services` of its application.

    `journal` keeps exchanges that belong to no application. `urls` are those that are listened on, by scheme, and
    `since` is when it was made, s of the monotonic clock.
    `stopping` is set when the emulator begins to end: responses that wait or stream watch it.
    """

    settings: Settings
    world: World
    store: Store
    applications: Applications
    authenticator: Authenticator
    injector: FaultInjector
    notifier: ChangeNotifier
    clock_controller: ClockController
    stopping: asyncio.Event
    journal: Journal
    call_log: CallLog
    restorer: SnapshotRestorer
    adapters: Adapters
    snapshot_writer: SnapshotWriter = field(default_factory=SnapshotWriter)
    body_budget: BodyBudget = field(default_factory=BodyBudget)
    unread: Unread = field(default_factory=Unread)
    urls: dict[str, str] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)


def services_of(request: Request) -> Services:
    """Return what the emulator is made of that serves a request."""
    services: Services = request.app.state.services
    return services
