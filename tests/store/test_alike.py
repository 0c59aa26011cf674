"""Random sequences of calls give the same answers, whatever keeps the world: memory, a file that is closed and opened
again on the way, or PostgreSQL with two replicas that take turns.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from starlette.testclient import TestClient

from emulator import wellknown
from emulator.app import create_app
from emulator.settings import Settings
from tests.emulator.local import rest_token
from tests.store import postgres

START = 4_000_000_000_000
"""Where every clock stands at first, ms since the epoch."""

Names = st.sampled_from(["", "a", "żółw", "emulator-fail-upload"])
Picks = st.integers(0, 7)


class World:
    """One world behind one or several clients, which take turns."""

    def __init__(self, open_clients: Callable[[], list[TestClient]]) -> None:
        self._open = open_clients
        self._stack = ExitStack()
        self._turn = 0
        self.open()

    def open(self) -> None:
        """Start the emulators."""
        self._clients = [self._stack.enter_context(client) for client in self._open()]

    def close(self) -> None:
        """End them."""
        self._stack.close()
        self._stack = ExitStack()

    def ask(self, method: str, url: str, token: str, body: Any) -> tuple[int, Any]:
        """Send one request to whose turn it is."""
        self._turn += 1
        client = self._clients[self._turn % len(self._clients)]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = client.request(method, url, headers=headers, json=body)
        content = answer.json() if answer.content else None
        if isinstance(content, dict) and "apiSecret" in content:
            del content["counts"]["requests"]  # journals are not kept by a file
        if isinstance(content, dict) and content.keys() == {"name", "at", "bytes"}:
            del content["bytes"]  # of a checkpoint, with the number of the last exchange in it
        return answer.status_code, content


class Alike(RuleBasedStateMachine):
    """Does the same to every world, and compares what they answer."""

    new_database: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        file, url = Path(self._folder.name) / "world.db", self.new_database()
        self.file = World(lambda: [self._emulator(store=f"sqlite:///{file}")])
        self.worlds = [
            World(lambda: [self._emulator()]),
            self.file,
            World(lambda: [self._emulator(store=url), self._emulator(store=url)]),
        ]
        self.app = "0a0a0a0a-0000-4000-8000-000000000001"
        self.token = rest_token(wellknown.PRIVATE_KEY, self.app)
        self.sessions: list[str] = []
        self.archives: list[str] = []
        self.renders: list[str] = []

    @staticmethod
    def _emulator(**more: Any) -> TestClient:
        return TestClient(create_app(Settings(well_known_application=False, **more)), raise_server_exceptions=False)

    def teardown(self) -> None:
        """End every world."""
        for world in self.worlds:
            world.close()
        self._folder.cleanup()

    def ask(self, method: str, url: str, body: Any = None) -> Any:
        """Ask every world the same, and return what all of them answer."""
        first, *others = [world.ask(method, url, self.token, body) for world in self.worlds]
        for other in others:
            assert other == first, (method, url, body)
        return first

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control API of the application."""
        return self.ask(method, f"/_emulator/applications/{self.app}{path}", body)[1]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the service."""
        return self.ask(method, f"/v2/project/{self.app}{path}", body)

    @initialize()
    def make(self) -> None:
        """Make an application in one world, and the same in the others, with clocks that stand."""
        body = {"id": self.app, "seed": 7, "privateKey": wellknown.PRIVATE_KEY, "pace": "realistic"}
        first, *others = self.worlds
        url = f"/_emulator/applications/{self.app}"
        assert first.ask("POST", "/_emulator/applications", "", body)[0] == 201
        assert first.ask("POST", f"{url}/clock", "", {"action": "freeze", "at": START})[0] == 200
        snapshot = first.ask("GET", f"{url}/snapshot", "", None)[1]
        for world in others:
            assert world.ask("PUT", f"{url}/snapshot", "", snapshot)[0] == 200

    @rule()
    def create_session(self) -> None:
        """Make a session, unless a rule has its way."""
        status, body = self.ask("POST", "/session/create")
        if status == 200:
            self.sessions.append(body[0]["session_id"])

    @rule(pick=Picks, count=st.integers(1, 3))
    def join(self, pick: int, count: int) -> None:
        """Let participants join."""
        if self.sessions:
            self.control("POST", f"/sessions/{self._of(self.sessions, pick)}/participants", {"count": count})

    @rule(pick=Picks, which=Picks)
    def leave(self, pick: int, which: int) -> None:
        """Let a participant leave."""
        if self.sessions:
            session = self._of(self.sessions, pick)
            found = self.control("GET", f"/sessions/{session}")
            people = [each["connectionId"] for each in found["participants"]] if "participants" in found else []
            if people:
                self.control("DELETE", f"/sessions/{session}/participants/{self._of(people, which)}")

    @rule(pick=Picks, name=Names, tag=st.sampled_from([None, "x"]))
    def start_archive(self, pick: int, name: str, tag: str | None) -> None:
        """Start an archive."""
        if self.sessions:
            body = {"sessionId": self._of(self.sessions, pick), "name": name, "multiArchiveTag": tag}
            status, answer = self.call("POST", "/archive", {key: value for key, value in body.items() if value})
            if status == 200:
                self.archives.append(answer["id"])

    @rule(pick=Picks, what=st.sampled_from(["stop", "get", "delete"]))
    def use_archive(self, pick: int, what: str) -> None:
        """Stop, read or delete an archive."""
        if self.archives:
            path = f"/archive/{self._of(self.archives, pick)}"
            method, end = {"stop": ("POST", "/stop"), "get": ("GET", ""), "delete": ("DELETE", "")}[what]
            self.call(method, path + end)

    @rule(pick=Picks)
    def start_others(self, pick: int) -> None:
        """Start a broadcast and a SIP call, and send a signal."""
        if self.sessions:
            session = self._of(self.sessions, pick)
            self.call("POST", "/broadcast", {"sessionId": session, "outputs": {"hls": {}}})
            body = {"sessionId": session, "token": self._client_token(session), "sip": {"uri": "sip:user@a.test"}}
            self.call("POST", "/dial", body)
            self.call("POST", f"/session/{session}/signal", {"type": "t", "data": "\u0000\u2028"})
            self.call("POST", f"/session/{session}/mute", {"active": True, "excludedStreamIds": []})

    def _client_token(self, session: str) -> str:
        return rest_token(
            wellknown.PRIVATE_KEY, self.app, scope="session.connect", session_id=session, role="publisher"
        )

    @rule(operation=st.sampled_from(["startArchive", "stopArchive", "createSession"]), times=st.integers(1, 2))
    def add_fault(self, operation: str, times: int) -> None:
        """Write a failure rule."""
        self.control("POST", "/faults", {"when": {"operation": operation}, "then": "conflict", "times": times})

    @rule(seconds=st.sampled_from([1, 30, 3600, 80 * 3600]))
    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self.control("POST", "/clock", {"action": "advance", "seconds": seconds})

    @rule()
    def change(self) -> None:
        """Change an option."""
        self.control("PATCH", "", {"archiveStorage": "target", "name": "changed"})

    @rule()
    def checkpoint(self) -> None:
        """Keep the state of now."""
        self.control("PUT", "/checkpoints/base")

    @rule()
    def go_back(self) -> None:
        """Go back to what was kept."""
        self.ask("POST", f"/_emulator/applications/{self.app}/checkpoints/base/restore")

    @rule()
    def reset(self) -> None:
        """Forget everything."""
        self.control("POST", "/reset")

    @rule()
    def open_again(self) -> None:
        """Close the file and open it again."""
        self.file.close()
        self.file.open()

    @invariant()
    def lists_and_events_are_the_same(self) -> None:
        """Compare what can be listed."""
        self.call("GET", "/archive")
        self.control("GET", "/clock")
        self.control("GET", "/events")
        self.control("GET", "/faults")

    @rule()
    def snapshots_are_the_same(self) -> None:
        """Compare all that there is."""
        found = []
        for world in self.worlds:
            document = world.ask("GET", f"/_emulator/applications/{self.app}/snapshot", "", None)[1]
            del document["head"]["exchange"]
            found.append(json.dumps(document))
        assert found[1:] == found[:-1]

    @staticmethod
    def _of(known: list[str], pick: int) -> str:
        return known[pick % len(known)]


def _run(postgres_server: postgres.Server, prefix: str, examples: int, steps: int) -> None:
    numbers = iter(range(100_000))

    class Machine(Alike):
        new_database = staticmethod(lambda: postgres_server.new_database(f"{prefix}{next(numbers)}"))

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_store_gives_the_same_answers(postgres_server: postgres.Server) -> None:
    _run(postgres_server, "alike", 6, 25)


@pytest.mark.extended
def test_every_store_gives_the_same_answers_for_long(postgres_server: postgres.Server) -> None:
    _run(postgres_server, "long", 12, 40)
