"""A container engine: the one that runs, or `dockerd` as a process of the test, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
CALL_SECONDS = 900.0


class NoEngineError(Exception):
    """There is no engine; the message says why."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers, reached with these variables."""

    environment: Mapping[str, str]

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run `docker`; return what it prints. Fails with what it says of an error."""
        return self._run("docker", *arguments, check=check)

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run compose on the repository's file, as a project of the tests."""
        whole = ("docker-compose",) if shutil.which("docker-compose") else ("docker", "compose")
        return self._run(*whole, "--project-name", "emulator-tests", *arguments, check=check)

    def _run(self, *command: str, check: bool) -> str:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=CALL_SECONDS,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-5000:]}")
        return done.stdout.strip()


@contextmanager
def engine() -> Iterator[Engine]:
    """Use an engine for the length of a block. Raises `NoEngineError`."""
    if shutil.which("docker") is None:
        raise NoEngineError("needs docker")
    if _answers({}):
        yield Engine({})
        return
    if shutil.which("dockerd") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise NoEngineError("no container engine answers (DOCKER_HOST), and none can be started here")
    with tempfile.TemporaryDirectory(prefix="dockerd-") as folder:
        host = f"unix://{folder}/docker.sock"
        variables = {"DOCKER_HOST": host}
        places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
        silent = subprocess.DEVNULL
        process = subprocess.Popen(
            ["dockerd", "--host", host, *places], stdout=silent, stderr=silent, start_new_session=True
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(variables):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NoEngineError("dockerd does not start here")
                time.sleep(0.2)
            yield Engine(variables)
        finally:
            process.terminate()
            process.wait()


def _answers(variables: Mapping[str, str]) -> bool:
    done = subprocess.run(["docker", "info"], env={**os.environ, **variables}, capture_output=True)
    return done.returncode == 0
