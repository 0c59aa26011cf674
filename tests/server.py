"""A real emulator process for tests: started the way people start it, asked over HTTP, ended by its own pid."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 10.0
WAIT_SECONDS = 10.0
POLL_SECONDS = 0.02

T = TypeVar("T")


def eventually(probe: Callable[[], T], what: str, seconds: float = WAIT_SECONDS) -> T:
    """Ask `probe` until it answers something true and return that; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; the last answer was {answer!r}")
        time.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class Participant:
    """Somebody in a session, as the control API answered."""

    connection_id: str
    created_at: int
    data: str
    role: str
    stream_ids: list[str]


@dataclass(frozen=True)
class Application:
    """One application of the emulator with its credentials, and what only the control API can do in it."""

    id: str
    name: str
    api_key: str
    api_secret: str
    public_key: str
    private_key: str
    control: httpx2.Client

    def join(self, session_id: str, count: int = 1, **fields: Any) -> list[Participant]:
        """Let `count` participants join; `fields` go into the request as they are (data, role, streams)."""
        answer = self.ask("POST", f"sessions/{session_id}/participants", json={"count": count, **fields})
        return [
            Participant(
                connection_id=item["connectionId"],
                created_at=item["createdAt"],
                data=item["data"],
                role=item["role"],
                stream_ids=[stream["id"] for stream in item["streams"]],
            )
            for item in answer["items"]
        ]

    def leave(self, session_id: str, connection_id: str) -> None:
        """Let one participant leave."""
        self.ask("DELETE", f"sessions/{session_id}/participants/{connection_id}")

    def session(self, session_id: str) -> dict[str, Any]:
        """Return what the emulator knows of a session, everybody in it included."""
        found: dict[str, Any] = self.ask("GET", f"sessions/{session_id}")
        return found

    def connection_ids(self, session_id: str) -> list[str]:
        """Return who is connected now, whoever connected them (participants, SIP legs, renders)."""
        return [participant["connectionId"] for participant in self.session(session_id)["participants"]]

    def muted(self, session_id: str) -> set[str]:
        """Return the ids of the streams that were muted by force."""
        participants = self.session(session_id)["participants"]
        return {stream["id"] for participant in participants for stream in participant["streams"] if stream["muted"]}

    def events(self, kind: str) -> list[str]:
        """Return the types of the events of one kind (archive, broadcast …) so far, oldest first."""
        return [event["type"] for event in self.ask("GET", "events", params={"type": kind})["items"]]

    def freeze(self) -> None:
        """Stop the application's clock."""
        self.ask("POST", "clock", json={"action": "freeze"})

    def advance(self, seconds: float) -> None:
        """Move the application's clock; what falls due on the way happens."""
        self.ask("POST", "clock", json={"action": "advance", "seconds": seconds})

    def signals(self, session_id: str) -> list[dict[str, Any]]:
        """Return the signals sent to the session so far."""
        items: list[dict[str, Any]] = self.ask("GET", f"sessions/{session_id}/signals")["items"]
        return items

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Send one request to this application's part of the control API; return the decoded answer, if any."""
        response = self.control.request(method, f"/_emulator/applications/{self.id}/{path}", **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None


@dataclass(frozen=True)
class Server:
    """A running emulator: where it listens and the authority that signed its certificate."""

    http: str
    https: str
    ca: Path
    control: httpx2.Client

    def new_application(self, name: str = "test", **options: Any) -> Application:
        """Make an application; `options` are its settings in camelCase (contract, pace, archiveStorage …)."""
        response = self.control.post("/_emulator/applications", json={"name": name, **options})
        assert response.status_code == 201, f"no application: {response.status_code} {response.text}"
        made = response.json()
        return Application(
            id=made["id"],
            name=made["name"],
            api_key=made["apiKey"],
            api_secret=made["apiSecret"],
            public_key=made["publicKey"],
            private_key=made["privateKey"],
            control=self.control,
        )


@contextmanager
def running_server(
    folder: Path, *flags: str, environment: Mapping[str, str] | None = None, start_seconds: float = START_SECONDS
) -> Iterator[Server]:
    """Run `python -m emulator serve` on free ports with its data in `folder`; end it when the block is left.

    `flags` and `environment` are added to the command. Raises AssertionError with the process's output when it does not
    listen within `start_seconds` or ended by itself.
    """
    ready, log = folder / "ready.json", folder / "server.log"
    command = [
        *(sys.executable, "-m", "emulator", "serve", "--http-port", "0", "--https-port", "0"),
        *("--data-dir", str(folder / "data"), "--ready-file", str(ready), *flags),
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VONAGE_EMULATOR_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**inherited, **(environment or {})}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        where = _wait_until_ready(process, ready, log, start_seconds)
        http, https = _base("http", where["http"]), _base("https", where["https"])
        with httpx2.Client(base_url=http, trust_env=False) as control:
            yield Server(http=http, https=https, ca=Path(where["ca"]), control=control)
        assert process.poll() is None, f"the emulator ended by itself, status {process.returncode}:\n{_text(log)}"
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Path, log: Path, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the emulator ended with status {process.returncode}:\n{_text(log)}")
        try:
            where: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(POLL_SECONDS)
        else:
            return where
    raise AssertionError(f"the emulator was not ready within {seconds:g} s:\n{_text(log)}")


def _base(scheme: str, where: Any) -> str:
    """Return a base URL without a slash at its end; the ready file may hold a port or a URL."""
    return f"{scheme}://localhost:{where}" if isinstance(where, int) else str(where).rstrip("/")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") or "(no output)"
