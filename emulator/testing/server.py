"""A running emulator for tests: a process of its own, started and ended by the test run.

The process does not see the modules of the tests: a project may have its own `state.py` or `emulator.py`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from ..client import ApplicationClient, Emulator, EmulatorError
from ..launch.environment import TRUST, direct, write_bundle
from ..launch.process import START_SECONDS, ProcessFailedError, running_process
from .receiver import Receiver


class ServerFailedError(EmulatorError):
    """The emulator's process did not start, or ended by itself; the message has what it printed."""


@dataclass(frozen=True)
class Server:
    """A running emulator: base URLs without a slash at the end, and the file of the authority to trust.

    `https` is empty, and `ca` and `trusted` are None, without HTTPS; `trusted` has the authorities that were trusted
    before too. `callback_host` is the name under which the emulator reaches servers of the tests.
    """

    http: str
    https: str
    ca: Path | None
    token: str | None = None
    callback_host: str = "localhost"
    trusted: Path | None = None

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
        """The environment variables that let HTTP clients and SDKs trust the emulator and ask it directly.

        They add to what was trusted when the emulator was started or found, and to what is asked directly.
        """
        variables = direct("localhost", "127.0.0.1", urlsplit(self.http).hostname or "")
        return variables | dict.fromkeys(TRUST, str(self.trusted)) if self.trusted else variables

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
    working_directory: Path | None = None,
    start_seconds: float = START_SECONDS,
) -> Iterator[Server]:
    """Run `vonage-video-emulator serve` on free ports for the length of a block.

    `flags` and `environment` are added to the command; settings in this process's environment are not passed on. Paths
    in them are taken from `working_directory`, or from this process's. Data and output are kept in `folder`, or in one
    that is removed at the end.
    Raises `ServerFailedError` when it does not listen within `start_seconds`, or ended by itself.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VONAGE_EMULATOR_")}
    try:
        with contextlib.ExitStack() as stack:
            where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vonage-video-emulator-")))
            where = where.absolute()
            running = running_process(
                *("--data-dir", str(where / "data"), *flags),
                folder=where,
                environment={**inherited, **(environment or {})},
                working_directory=working_directory,
                start_seconds=start_seconds,
            )
            ready = stack.enter_context(running)
            trusted = write_bundle(ready.ca, where) if ready.ca else None
            server = Server(ready.http, ready.https or "", ready.ca, ready.control_token, trusted=trusted)
            stack.callback(server.close)
            yield server
    except ProcessFailedError as error:
        raise ServerFailedError(str(error)) from None


@contextlib.contextmanager
def existing_server(
    url: str, *, https_url: str | None = None, token: str | None = None, callback_host: str = "localhost"
) -> Iterator[Server]:
    """Use the emulator that runs at `url` for the length of a block; its authority is kept in files meanwhile.

    `https_url` says where its HTTPS is reached, if not at its own port, as when a container's ports are mapped.
    `callback_host` is this machine's name as seen from there.

    Raises `WaitTimeoutError` when it is not ready within 30 s.
    """
    url = url.rstrip("/")
    with contextlib.ExitStack() as stack:
        with Emulator(url, token=token) as emulator:
            emulator.wait_until_ready()
            https = emulator.info()["urls"].get("https")
            pem = emulator.certificate_authority() if https else ""
        ca = trusted = None
        if https:
            # The emulator does not know under which name it was reached, only its port.
            https = https_url.rstrip("/") if https_url else f"https://{urlsplit(url).hostname}:{urlsplit(https).port}"
            ca = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vonage-video-emulator-"))) / "ca.pem"
            ca.write_text(pem, encoding="ascii")
            trusted = write_bundle(ca, ca.parent)
        server = Server(url, https or "", ca, token, callback_host, trusted)
        stack.callback(server.close)
        yield server
