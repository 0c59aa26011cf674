"""What happens by itself: callbacks on their way, a virtual day."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode

from benchmarks.effort import Effort
from benchmarks.server import spawn
from benchmarks.table import Row, at_least, at_most
from benchmarks.tenant import COMMAND
from emulator.client import Emulator
from state import archives, sessions
from state.application import Credentials
from state.archive_records import ArchiveSettings
from state.options import Options
from state.sessions import SessionSettings, StreamSettings
from state.world import World

SINK = ("benchmarks.bare", "sink", "{port}")
KEYS = ("connection_created", "stream_created")
RUN_SECONDS = 120.0
"""How long the deliveries may take, s."""
DAY = 86_400_000
LIVE = 1_000
BUDGET_RATE = 1_000
BUDGET_DAY = 100


def callbacks(effort: Effort) -> Iterator[Row]:
    """Callbacks to a sink on this machine, from the request that causes them to the last one delivered."""
    with spawn(*SINK) as sink, spawn(*COMMAND) as server:
        sink.wait("GET", "/")
        server.wait("GET", "/_emulator/health")
        address = f"http://127.0.0.1:{sink.port}/"
        url = f"http://127.0.0.1:{server.port}"
        application = Emulator(url).application("benchmark", webhooks={key: {"address": address} for key in KEYS})
        outbox = f"{url}/_emulator/applications/{application.id}/callbacks"
        rounds, people = max(1, effort.some // 200), 100
        made = [_session(application.id, number) for number in range(rounds)]
        started = time.perf_counter()
        for session_id in made:
            application.join(session_id, people)
        wanted = rounds * people * len(KEYS)
        while _count(outbox, status="pending", limit="1") and time.perf_counter() - started < RUN_SECONDS:
            time.sleep(0.05)
        rate = wanted / (time.perf_counter() - started)
        lost = wanted - _count(outbox, status="delivered", limit=str(wanted + 1))
    text = f"{rate:,.0f}/s ({wanted:,}, {lost} lost)"
    budget = f"{BUDGET_RATE:,}/s, none lost"
    yield at_least("callbacks to a local sink", rate if not lost else 0, BUDGET_RATE, text, budget)


def _count(outbox: str, **query: str) -> int:
    with urllib.request.urlopen(f"{outbox}?{urlencode(query)}", timeout=RUN_SECONDS) as response:
        return int(json.load(response)["count"])


def _session(application_id: str, number: int) -> str:
    from state.ids import Ids

    return Ids(number).session_id(application_id, location="", created_at=1_700_000_000_000, relayed=False)


def day(effort: Effort) -> Iterator[Row]:
    """A virtual day with live resources: recordings that end, are uploaded, become available."""
    world = World(source=lambda: 1_800_000_000_000)
    app = world.add("app", "", Credentials("", "", "1", ""), Options())
    app.clock.freeze()
    with world.unit(app):
        for number in range(LIVE):
            session = sessions.create(app, "app", SessionSettings())
            sessions.publish(app, session, sessions.join(app, session), StreamSettings())
            archives.start(app, session, ArchiveSettings(tag=str(number)))
    started = time.perf_counter()
    with world.unit(app):
        while not app.advance_towards(1_800_000_000_000 + DAY):
            pass
    took = (time.perf_counter() - started) * 1000
    text = f"{took:.0f} ms, {len(app.events.after(0)):,} events"
    yield at_most(f"a virtual day with {LIVE:,} live recordings", took, BUDGET_DAY, text, f"{BUDGET_DAY} ms")
