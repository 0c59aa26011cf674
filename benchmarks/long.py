"""A long run: what suites do, over and over, in one application; memory must not grow for ever."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from statistics import mean
from typing import Any
from urllib.parse import quote

from benchmarks.effort import Effort
from benchmarks.load import CONNECTIONS, drive
from benchmarks.responses import request
from benchmarks.table import Row, at_most
from benchmarks.tenant import CONTROL, PROJECT, RUN_SECONDS, Tenant, bearer, emulator

SUITES = 50
"""Suites that run side by side, each with a session, an archive, a broadcast and a token of its own."""
LIMITS = {"JOURNAL_SIZE": "500", "EVENT_SIZE": "2000", "CALLBACK_SIZE": "500", "RECORD_SIZE": "1000"}
"""Small, so that everything that is given up at some time is so early in the run."""
SAMPLES = 20
"""Times that the memory so far is printed."""
GROWTH = 1.05


def long(effort: Effort) -> Iterator[Row]:
    """Resident memory while requests go on: the last third of the run against the middle one."""
    with emulator(**{f"VONAGE_EMULATOR_{name}": value for name, value in LIMITS.items()}) as tenant:
        sizes: list[tuple[int, float]] = []
        done, shown = 0, 0
        while done < effort.requests:
            done += _suites(tenant)
            sizes.append((done, tenant.server.resident()))
            if done * SAMPLES >= shown * effort.requests:
                print(f"  {done:,} requests: {sizes[-1][1]:.1f} MiB", file=sys.stderr, flush=True)
                shown = done * SAMPLES // effort.requests + 1
    middle = mean(size for at, size in sizes if done <= 3 * at < 2 * done)
    last = mean(size for at, size in sizes if 3 * at >= 2 * done)
    text = f"{last / middle:.3f} × ({middle:.1f} MiB in the middle third, {last:.1f} MiB in the last)"
    yield at_most(f"resident memory over {done:,} requests: last third", last / middle, GROWTH, text, "1.05 ×")


def _suites(tenant: Tenant) -> int:
    """Run the suites once, step by step; return how many requests it took."""
    run = _Run(tenant)
    sessions = [str(response[0]["session_id"]) for response in run.step("POST", ["/session/create"] * SUITES)]
    people = [f"{CONTROL}/sessions/{quote(session)}/participants" for session in sessions]
    joined = run.step("POST", people, {"count": 2}, connections=1)  # answers in the order of the sessions
    archives = run.start("archive", sessions, {})
    run.step("GET", archives)
    run.step("GET", archives)
    run.step("GET", [f"{PROJECT}/archive?count=50"] * SUITES)
    broadcasts = run.start("broadcast", sessions, {"outputs": {"hls": {}}})
    run.step("GET", broadcasts)
    for what, method, body in (("signal", "POST", {"type": "chat", "data": "hello"}), ("stream", "GET", None)):
        run.step(method, [f"{PROJECT}/session/{quote(session)}/{what}" for session in sessions], body)
    run.step("POST", [f"{path}/stop" for path in broadcasts])
    run.step("POST", [f"{path}/stop" for path in archives])
    run.step("GET", archives)
    for place in (0, 1):
        gone = [response["items"][place]["connectionId"] for response in joined]
        run.step("DELETE", [f"{path}/{connection}" for path, connection in zip(people, gone, strict=True)])
    return run.count


class _Run:
    """The steps of suites that run side by side: `count` requests so far, answered as they should."""

    def __init__(self, tenant: Tenant) -> None:
        self._port = tenant.server.port
        self._headers = [bearer() | {"Content-Type": "application/json"} for _ in range(SUITES)]
        self.count = 0

    def step(self, method: str, paths: list[str], body: Any = None, connections: int = CONNECTIONS) -> list[Any]:
        """Let each suite make one request; return the bodies of the responses, as they come."""
        content = b"" if body is None else json.dumps(body).encode()
        return self._step(method, paths, [content] * len(paths), connections)

    def start(self, what: str, sessions: list[str], body: dict[str, Any]) -> list[str]:
        """Let each suite start something in its session; return the paths of what was started."""
        bodies = [json.dumps({"sessionId": session, **body}).encode() for session in sessions]
        path = f"{PROJECT}/{what}"
        return [f"{path}/{response['id']}" for response in self._step("POST", [path] * SUITES, bodies, CONNECTIONS)]

    def _step(self, method: str, paths: list[str], bodies: list[bytes], connections: int) -> list[Any]:
        requests = [
            request(method, path, headers, body)
            for path, headers, body in zip(paths, self._headers, bodies, strict=True)
        ]
        load = drive(
            self._port, requests, count=SUITES, seconds=RUN_SECONDS, connections=connections, keep=method == "POST"
        )
        self.count += load.count
        return [json.loads(body) for body in load.bodies if body]
