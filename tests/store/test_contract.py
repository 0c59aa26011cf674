"""The tests of the emulator, once more: against two replicas on one PostgreSQL that answer in turn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store import postgres
from tests.store.replicas import VARIABLE

ROOT = Path(__file__).parents[2]

SUITES = [
    f"tests/emulator/test_{name}.py"
    for name in (
        "auth",
        "bad_input",
        "callbacks",
        "control",
        "errors",
        "faults",
        "faults_callbacks",
        "faults_hits",
        "faults_limits",
        "faults_magic",
        "faults_verify",
        "operations",
        "scenarios",
        "snapshots",
    )
]
"""Those whose emulator runs inside the test (tests/emulator/local.py)."""


@pytest.mark.extended
def test_two_replicas_in_turn_pass_the_whole_contract_suite(postgres_server: postgres.Server) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUITES],
        cwd=ROOT,
        env={**os.environ, VARIABLE: postgres_server.url("postgres")},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-5000:]
