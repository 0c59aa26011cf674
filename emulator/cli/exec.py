"""The `exec` command: an emulator for the length of another command, and the environment that leads to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

import typer
from typer.core import TyperCommand

from emulator.cli.fail import fail

EMULATOR_FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127  # as `env`, `timeout` and containers have them
SIGNALS = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
           if hasattr(signal, name)]  # fmt: skip


class ExecCommand(TyperCommand):
    """A command whose arguments are the flags of `serve`, `--`, and what to run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Split `args` at the first `--`; if they do not begin with a flag, all of them are what to run."""
        if args and not args[0].startswith("-"):
            flags, command = [], args
        elif "--" in args:
            at = args.index("--")
            flags, command = args[:at], args[at + 1 :]
        else:
            flags, command = args, []
        ctx.obj = flags, command
        parsed: list[str] = super().parse_args(ctx, [flag for flag in flags if flag in ("-h", "--help")])
        return parsed

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the usage, which no parameter shows."""
        return ["[FLAG]...", "--", "COMMAND", "[ARGUMENT]..."]


def execute(context: typer.Context) -> None:
    """Run a command with an emulator of its own, and end as the command does.

    The emulator starts on free ports; once it is ready, the command runs with the variables that
    `vonage-video-emulator env shell` prints; when the command has ended, so does the emulator. Its output is
    shown only if it fails.
    """
    flags, command = context.obj
    if not command or not command[0]:
        fail("exec: which command? Write it after --, as in: vonage-video-emulator exec -- pytest", 2)
    if any(flag.partition("=")[0] == "--ready-file" for flag in flags):
        fail("exec: --ready-file is in use by exec itself", 2)
    from emulator.cli.recipes import RecipeTarget
    from emulator.launch.environment import direct, write_bundle
    from emulator.launch.process import ProcessFailedError, running_process

    passing_on = _PassingOn()
    for number in SIGNALS:
        signal.signal(number, passing_on)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="vonage-video-emulator-") as folder,
            running_process(*flags, folder=Path(folder), environment=os.environ) as ready,
        ):
            bundle = write_bundle(ready.ca, Path(folder)) if ready.ca else None
            target = RecipeTarget(ready.http, ready.https or "", bundle, ready.private_key)
            variables = target.variables() | direct("localhost", "127.0.0.1")
            if ready.control_token:
                variables["VONAGE_VIDEO_EMULATOR_TOKEN"] = ready.control_token
            status = _run(command, {**os.environ, **variables}, passing_on)
    except ProcessFailedError as error:
        fail(f"exec: {error}", EMULATOR_FAILED)
    raise SystemExit(status)


def _run(command: list[str], environment: dict[str, str], passing_on: _PassingOn) -> int:
    """Run `command`; return its status, 128 + n if signal n ended it, as a shell says."""
    try:
        with subprocess.Popen(command, env=environment) as process:
            passing_on.process = process
            status = process.wait()
    except FileNotFoundError as error:
        print(f"exec: {error.filename or command[0]}: command not found", file=sys.stderr)
        return NOT_FOUND
    except OSError as error:
        print(f"exec: {command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_EXECUTABLE
    return status if status >= 0 else 128 - status


class _PassingOn:
    """Hands signals on to the command, so that it decides what they mean; before it runs, they end us."""

    process: subprocess.Popen[bytes] | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.process is None:
            raise SystemExit(128 + number)
        if number not in (signal.SIGINT, getattr(signal, "SIGQUIT", None)) or not _in_foreground():
            self.process.send_signal(number)


def _in_foreground() -> bool:
    """Tell whether a terminal sends its Ctrl-C to our process group: then the command has it already."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
