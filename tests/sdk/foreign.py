"""Suites in other languages: installed once, run once by the language's own runner, each test reported to pytest.

Without a toolchain or a registry the tests are skipped; under CI, where they must run, they fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

NEWEST = os.environ.get("SDK_VERSIONS") == "newest"
"""Whether the newest SDKs are tried instead of the pinned ones (`.ci/newest`)."""


@dataclass
class Run:
    """What one run of a suite said: a failure text (or None) for each title, and all that was printed."""

    failures: dict[str, str | None] = field(default_factory=dict)
    output: str = ""

    def check(self, title: str) -> None:
        """Fail as the test `title` did, or because it did not run."""
        assert title in self.failures, f"the suite did not run it:\n{self.output}"
        problem = self.failures[title]
        if problem:
            pytest.fail(problem, pytrace=False)


def unavailable(suite: str, reason: str) -> NoReturn:
    """Skip because `suite` cannot run on this machine; fail where it must run."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"the {suite} suite must run in CI: {reason}", pytrace=False)
    pytest.skip(f"the {suite} suite cannot run: {reason}")


def tool(suite: str, name: str) -> str:
    """Return the path of the program `name`, or give up."""
    path = shutil.which(name)
    if path is None:
        unavailable(suite, f"there is no {name} on the path")
    return path


def kept(config: pytest.Config, name: str, sources: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` filled for the content of `sources`, in this run or an earlier one."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    # Without pytest's cache it is made anew.
    parent = config.cache.mkdir(name) if config.cache else Path(tempfile.mkdtemp(prefix=name))
    folder = parent / (f"{digest}-newest" if NEWEST else digest)
    if NEWEST:
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        fresh = Path(tempfile.mkdtemp(dir=parent))
        try:
            make(fresh)
            with contextlib.suppress(OSError):  # another run was first
                fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return folder


def completed(
    command: list[str], folder: Path, seconds: float, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` in `folder` for at most `seconds` and return what it printed."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def junit(report: ElementTree.Element) -> dict[str, str | None]:
    """Return the failure text (or None) of each test of a JUnit report."""
    failures: dict[str, str | None] = {}
    for case in report.iter("testcase"):
        problem = next((found for kind in ("failure", "error") if (found := case.find(kind)) is not None), None)
        text = None if problem is None else (problem.text or problem.get("message") or "failed")
        failures[case.get("name", "")] = text
    return failures
