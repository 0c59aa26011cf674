"""A running emulator for tests: a process of its own, started and ended by the test run.

The process does not see the modules of the tests: a project may have its own `state.py` or `emulator.py`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .client import ApplicationClient, Emulator, EmulatorError
from .received import BadSignature, Received
from .receiver import Receiver

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02

_FOLDER = Path(__file__).resolve().parents[1]
# Its own folder goes first on the import path, the working directory and PYTHONPATH are not on it at all.
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from emulator.cli import main; main()"


class ServerFailed(EmulatorError):
    """The emulator's process did not start, or ended by itself; the message has what it printed."""


@dataclass(frozen=True)
class Server:
    """A running emulator: base URLs without a slash at the end, and the file of the authority to trust.

    `https` is empty and `ca` is None without HTTPS. `callback_host` is the name under which the emulator reaches
    servers of the tests.
    """

    http: str
    https: str
    ca: Path | None
    token: str | None = None
    callback_host: str = "localhost"

    @cached_property
    def emulator(self) -> Emulator:
        """The client of its control API."""
        return Emulator(self.http, token=self.token)

    @property
    def https_host(self) -> str:
        """Host and port of HTTPS, as `HttpClientOptions(video_host=…)` of the Python SDK wants them."""
        return self.https.removeprefix("https://")

    @property
    def trust(self) -> dict[str, str]:
        """The environment variables that let HTTP clients and SDKs trust the emulator and ask it directly."""
        hosts = ",".join(dict.fromkeys(["localhost", "127.0.0.1", urlsplit(self.http).hostname or ""]))
        direct = {"NO_PROXY": hosts, "no_proxy": hosts}
        if self.ca is None:
            return direct
        names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
        return direct | dict.fromkeys(names, str(self.ca))

    @property
    def callback_address(self) -> str:
        """The address to listen on so that `callback_host` leads there: loopback only, if that will do."""
        return "127.0.0.1" if self.callback_host in ("localhost", "127.0.0.1") else "0.0.0.0"

    def close(self) -> None:
        """Close the client, if it was used."""
        if "emulator" in self.__dict__:
            self.emulator.close()


class Callbacks(Receiver):
    """A receiver of all callbacks of one application; `outbox` is the application's side of them."""

    def __init__(self, server: Server, application: ApplicationClient) -> None:
        super().__init__(host=server.callback_address, name=server.callback_host, secret=application.signature_secret)
        self.outbox = application.outbox


@contextlib.contextmanager
def running_server(
    *flags: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    start_seconds: float = START_SECONDS,
) -> Iterator[Server]:
    """Run `vonage-video-emulator serve` on free ports for the length of a block.

    `flags` and `environment` are added to the command; settings in this process's environment are not passed on. Data
    and output are kept in `folder`, or in one that is removed at the end. Raises `ServerFailed` when it does not listen
    within `start_seconds`, or ended by itself.
    """
    with contextlib.ExitStack() as stack:
        where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vonage-video-emulator-")))
        log = where / "server.log"
        process = _start(where, log, flags, environment or {})
        stack.callback(_end, process)
        ready = _wait_until_ready(process, where / "ready.json", log, start_seconds)
        ca = Path(ready["ca"]) if ready["ca"] else None
        server = Server(ready["http"], ready["https"] or "", ca, _token(flags, environment or {}))
        stack.callback(server.close)
        yield server
        if process.poll() is not None:
            raise ServerFailed(f"the emulator ended by itself with status {process.returncode}:\n{_text(log)}")


@contextlib.contextmanager
def existing_server(url: str, *, token: str | None = None, callback_host: str = "localhost") -> Iterator[Server]:
    """Use the emulator that runs at `url` for the length of a block; its authority is kept in a file meanwhile.

    `callback_host` is this machine's name as seen from there.

    Raises `NotInTime` when it is not ready within 30 s.
    """
    url = url.rstrip("/")
    with contextlib.ExitStack() as stack:
        with Emulator(url, token=token) as emulator:
            emulator.wait_until_ready()
            https = emulator.info()["urls"].get("https")
            pem = emulator.certificate_authority() if https else ""
        ca: Path | None = None
        if https:
            # The emulator does not know under which name it was reached, only its port.
            https = f"https://{urlsplit(url).hostname}:{urlsplit(https).port}"
            ca = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vonage-video-emulator-"))) / "ca.pem"
            ca.write_text(pem, encoding="ascii")
        server = Server(url, https or "", ca, token, callback_host)
        stack.callback(server.close)
        yield server


def _start(folder: Path, log: Path, flags: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-c", _START, str(_FOLDER), "serve", "--http-port", "0", "--https-port", "0"]
    command += ["--data-dir", str(folder / "data"), "--ready-file", str(folder / "ready.json"), *flags]
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VONAGE_EMULATOR_") and name != "PYTHONPATH"
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Path, log: Path, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerFailed(f"the emulator ended with status {process.returncode}:\n{_text(log)}")
        try:
            where: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
        except FileNotFoundError:
            time.sleep(POLL_SECONDS)
        else:
            return where
    raise ServerFailed(f"the emulator was not ready within {seconds:g} s:\n{_text(log)}")


def _token(flags: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    given = [after for flag, after in itertools.pairwise(flags) if flag == "--control-token"]
    return given[-1] if given else environment.get("VONAGE_EMULATOR_CONTROL_TOKEN")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") or "(no output)"


__all__ = [
    "BadSignature",
    "Callbacks",
    "Received",
    "Receiver",
    "Server",
    "ServerFailed",
    "existing_server",
    "running_server",
]
