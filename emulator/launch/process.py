"""The emulator as a process of its own: started on free ports, waited for, and ended with who started it.

It needs nothing but the standard library, so that starting it costs the starter nothing.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
MAX_SHOWN = 20_000
"""Characters of what a failed process printed that are shown."""

_PACKAGE = sys.modules[__name__.partition(".")[0]]
# The folder that has this package goes first on the import path if it is not there anyway; the working directory and
# PYTHONPATH are not on it at all. Its standard input ends with the process that started it, however that ends, and then
# it ends too.
_START = """\
import os, runpy, signal, sys, threading
def end_with_starter():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end_with_starter, daemon=True).start()
folder, package = sys.argv.pop(1), sys.argv.pop(1)
if folder not in sys.path:
    sys.path.insert(0, folder)
runpy.run_module(package, run_name="__main__", alter_sys=True)
"""


class ProcessFailedError(Exception):
    """The emulator's process did not start, or ended by itself; the message has what it printed."""


@dataclass(frozen=True)
class Ready:
    """What a started emulator tells of itself; None for what it was told not to have."""

    http: str
    https: str | None
    ca: Path | None
    private_key: Path | None
    control_token: str | None


@contextlib.contextmanager
def running_process(
    *flags: str,
    folder: Path,
    environment: Mapping[str, str],
    working_directory: Path | None = None,
    start_seconds: float = START_SECONDS,
) -> Iterator[Ready]:
    """Run `vonage-video-emulator serve` for the length of a block: on free ports, unless `flags` say otherwise.

    What it prints is kept in `folder`. It has a session of its own, so that Ctrl-C does not reach it.
    Raises `ProcessFailedError` when it does not listen within `start_seconds`, or ended by itself.
    """
    log, ready_file = folder / "server.log", folder / "ready.json"
    folder_of_package = str(Path(_PACKAGE.__file__ or "").resolve().parents[1])
    command = [sys.executable, "-P", "-c", _START, folder_of_package, _PACKAGE.__name__]
    command += ["serve", "--http-port", "0", "--https-port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready_file), *flags],
            cwd=working_directory,
            env={name: value for name, value in environment.items() if name != "PYTHONPATH"},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _wait_until_ready(process, ready_file, log, start_seconds)
        if process.poll() is not None:
            raise ProcessFailedError(f"the emulator ended by itself with status {process.returncode}:\n{_text(log)}")
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Path, log: Path, seconds: float) -> Ready:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ProcessFailedError(f"the emulator ended with status {process.returncode}:\n{_text(log)}")
        try:
            told = json.loads(ready.read_text(encoding="utf-8"))
        except FileNotFoundError:
            time.sleep(POLL_SECONDS)
        else:
            ca, key = (Path(told[name]) if told[name] else None for name in ("ca", "private_key"))
            return Ready(told["http"], told["https"], ca, key, told["control_token"])
    raise ProcessFailedError(f"the emulator was not ready within {seconds:g} s:\n{_text(log)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _text(log: Path) -> str:
    """Return what was printed: of a long run, with a line for each call, the end."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return f"…{text[-MAX_SHOWN:]}" if len(text) > MAX_SHOWN else text or "(no output)"
