"""Two replicas on one PostgreSQL under load, the one and the other killed again and again."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.store.process import APP, Process, running

SECONDS = float(os.environ.get("TESTED_REPLICAS_SECONDS", "75"))
"""How long they are killed, about once a second: CONTRIBUTING.md says when it is longer."""

CALLERS = 5


class Callers:
    """Clients that use the one replica and the other, go on at the other when one is gone, and remember answers."""

    def __init__(self, replicas: list[Process]) -> None:
        self._replicas = replicas
        self.archives: dict[str, str] = {}
        self.wrong: list[str] = []
        self.refused = Counter[int]()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CALLERS)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        with httpx.Client(timeout=20, trust_env=False) as http:
            while not self._stop.is_set():
                try:
                    self._work(http, chance)
                except (httpx.HTTPError, ValueError):
                    time.sleep(0.02)  # it was killed

    def _ask(self, http: httpx.Client, chance: random.Random, method: str, path: str, body: Any = None) -> Any:
        replica = chance.choice(self._replicas)
        response = http.request(method, f"{replica.url}{path}", json=body, headers=replica.headers)
        if response.status_code >= 500 and response.status_code != 503:
            self.wrong.append(f"{method} {path}: {response.status_code} {response.text}")
        if response.status_code >= 300:
            self.refused[response.status_code] += 1
            raise ValueError(response.text)
        return response.json()

    def _work(self, http: httpx.Client, chance: random.Random) -> None:
        session = self._ask(http, chance, "POST", "/session/create")[0]["session_id"]
        people = f"/_emulator/applications/{APP}/sessions/{session}/participants"
        self._ask(http, chance, "POST", people, {"count": 1})
        archive = self._ask(http, chance, "POST", f"/v2/project/{APP}/archive", {"sessionId": session})
        self.archives[archive["id"]] = session
        seen = self._ask(http, chance, "GET", f"/v2/project/{APP}/archive/{archive['id']}")
        if (seen["id"], seen["sessionId"]) != (archive["id"], session):
            self.wrong.append(f"{seen} is not {archive}")


def _told(replica: Process) -> list[tuple[int, str, str]]:
    items = replica.control("GET", "events?limit=10000")["items"]
    return [(each["number"], each["type"], each["subject"]) for each in items]


@pytest.mark.extended
def test_two_replicas_that_are_killed_again_and_again_lose_nothing(tmp_path: Path, database: str) -> None:
    chance = random.Random(1)
    with ExitStack() as stack:
        replicas = [stack.enter_context(running(tmp_path, "--store", database, name=name)) for name in "ab"]
        with Callers(replicas) as callers:
            kills, until = 0, time.monotonic() + SECONDS
            while time.monotonic() < until:
                time.sleep(chance.uniform(0.1, 0.6))
                killed = chance.choice(replicas)
                killed.kill()
                time.sleep(chance.uniform(0, 0.2))
                killed.start()
                kills += 1
        assert not callers.wrong, callers.wrong[:5]
        assert set(callers.refused) <= {503}
        assert len(callers.archives) > kills > SECONDS / 20
        assert len(set(callers.archives.values())) == len(callers.archives), "one session was recorded twice at once"
        events = [_told(each) for each in replicas]
        # What one replica has given up, another that has just read it keeps until something happens there.
        oldest = max(each[0][0] for each in events)
        events = [[each for each in told if each[0] >= oldest] for told in events]
        assert events[0] == events[1]
        numbers = [number for number, _, _ in events[0]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        for archive, session in callers.archives.items():
            for replica in replicas:
                assert replica.call("GET", f"/v2/project/{APP}/archive/{archive}", expect=200)["sessionId"] == session
