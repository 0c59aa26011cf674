"""A server process under measurement: spawned on a free loopback port, weighed, and ended by its own id."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import socket

from benchmarks.load import HOST

START_TIMEOUT = 30.0
"""How long a server may take to answer for the first time, s."""
STOP_TIMEOUT = 10.0
"""How long a server may take to end when asked to, s."""
PROJECT = Path(__file__).parent.parent


class ServerFailedError(Exception):
    """The server ended or stayed silent; the text holds its last words."""


class Server:
    """A running process that listens on `port`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def cpu(self) -> float:
        """CPU time used so far by all threads, s; 0 where the system does not tell."""
        try:
            # Linux: the id of another process's CPU clock, as clock_getcpuclockid(3) makes it.
            return time.clock_gettime((~self.process.pid << 3) | 2)
        except (OSError, AttributeError):
            return 0.0

    def resident(self) -> float:
        """Resident memory, MiB."""
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1024
        answer = subprocess.run(["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True)
        return int(answer.stdout) / 1024

    def responds(self, method: str, path: str, headers: dict[str, str] | None = None) -> bool:
        """Whether the server answers this request; False while it does not listen.

        Raises `ServerFailedError` if the process has ended or the status is not 200.
        """
        connection = HTTPConnection(HOST, self.port, timeout=START_TIMEOUT)
        try:
            connection.request(method, path, headers=headers or {})
            status = connection.getresponse().status
        except (OSError, HTTPException):
            self.check()
            return False
        finally:
            connection.close()
        if status != 200:
            raise ServerFailedError(f"first response of {method} {path}: {status}")
        return True

    def check(self) -> None:
        """Raise `ServerFailedError` if the process has ended."""
        if self.process.poll() is not None:
            words = self.log.read_text(errors="replace").strip().splitlines() or ["(silent)"]
            raise ServerFailedError(f"ended with status {self.process.returncode}: {words[-1][:200]}")

    def wait(self, method: str, path: str, headers: dict[str, str] | None = None) -> None:
        """Ask every 2 ms until the server answers 200.

        Raises `ServerFailedError` otherwise, or after `START_TIMEOUT`.
        """
        deadline = time.perf_counter() + START_TIMEOUT
        while not self.responds(method, path, headers):
            if time.perf_counter() > deadline:
                raise ServerFailedError(f"no response within {START_TIMEOUT:.0f} s")
            time.sleep(0.002)

    def stop(self) -> None:
        """End the process, politely first."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def spawn(*module: str, **environment: str) -> Iterator[Server]:
    """Run `python -m MODULE…`, with a free port for `{port}` and a temporary folder for `{folder}`, for the block."""
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        arguments = [word.format(port=port, folder=folder) for word in module]
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=PROJECT,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = Server(process, port, log)
        try:
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
