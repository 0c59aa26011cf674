"""A real PostgreSQL server for tests: made in a folder, on a free port of loopback, ended with the block."""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

START_SECONDS = 30.0


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs; skip where there is none, fail where there must be one (CI)."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    found = shutil.which("initdb")
    for folder in [*folders, *([str(Path(found).parent)] if found else [])]:
        if (Path(folder) / "initdb").exists() and (Path(folder) / "postgres").exists():
            return Path(folder)
    reason = "there is no PostgreSQL server on this machine (Debian: apt-get install postgresql)"
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"the tests of the PostgreSQL store must run in CI: {reason}", pytrace=False)
    pytest.skip(reason)


class Server:
    """One server; root may not run one, so that the user `postgres` does where the tests run as root."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._fsync = "on" if durable else "off"
        self._bin = binaries()
        self._data = folder / "pg"
        self._log = folder / "postgres.log"
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self._user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            shutil.chown(folder, user.pw_uid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        command = [
            str(self._bin / "initdb"),
            "-D",
            str(self._data),
            "-U",
            "emulator",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._user)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://emulator@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        command += ["-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "unix_socket_directories=", "-c", f"fsync={self._fsync}", "-c", "max_connections=100"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._user)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"PostgreSQL did not start:\n{self._log.read_text()}") from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it at once; every connection breaks."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)

    def new_database(self, name: str) -> str:
        """Make a database; return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


@contextlib.contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Run a server for the length of a block; `durable`: what it commits survives a power failure, as by default."""
    # Not in pytest's folders: nobody but who runs the tests may enter those.
    with tempfile.TemporaryDirectory(prefix="vonage-video-emulator-postgres-") as folder:
        server = Server(Path(folder), durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
