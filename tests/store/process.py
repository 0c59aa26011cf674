"""An emulator's process that can be killed, and calls to it with a token of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from emulator import wellknown
from emulator.auth.minting import rest_token

APP = wellknown.APPLICATION_ID
START_SECONDS = 30.0


class Process:
    """One process: started, killed, started again, on the same store."""

    def __init__(self, folder: Path, *flags: str, name: str = "emulator") -> None:
        self._folder = folder
        self._flags = flags
        self._ready = folder / f"{name}.json"
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.http = httpx.Client(timeout=30, trust_env=False)
        self.headers = {"Authorization": f"Bearer {rest_token(APP, wellknown.PRIVATE_KEY)}"}

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "emulator", "serve", "--http-port", "0", "--no-https"]
        command += ["--data-dir", str(self._folder / "data"), "--ready-file", str(self._ready), *self._flags]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the emulator did not start:\n{self.output}")
            time.sleep(0.01)
        self.url = json.loads(self._ready.read_text())["http"]

    @property
    def output(self) -> str:
        """What it printed."""
        return self._log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself, or was ended."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it as by a power cut: SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as `docker stop` does: SIGTERM."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)
            self._process.wait(20)

    def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        """Call the service as the well-known application; return the body."""
        response = self.http.request(method, f"{self.url}{path}", json=body, headers=self.headers)
        assert expect is None or response.status_code == expect, (response.status_code, response.text)
        return response.json() if response.content else None

    def control(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        """Call the control API of the well-known application, or of the emulator where `path` begins with `/`."""
        base = "/_emulator" if path.startswith("/") else f"/_emulator/applications/{APP}/"
        response = self.http.request(method, f"{self.url}{base}{path}".rstrip("/"), json=body)
        assert expect is None or response.status_code == expect, (response.status_code, response.text)
        return response.json() if response.content else None

    def session(self, people: int = 0) -> str:
        """Make a session with people in it."""
        session_id: str = self.call("POST", "/session/create", expect=200)[0]["session_id"]
        if people:
            self.control("POST", f"sessions/{session_id}/participants", {"count": people}, expect=201)
        return session_id


@contextlib.contextmanager
def running(folder: Path, *flags: str, name: str = "emulator") -> Iterator[Process]:
    """Run a process for the length of a block."""
    process = Process(folder, *flags, name=name)
    process.start()
    try:
        yield process
    finally:
        process.stop()
        process.http.close()
