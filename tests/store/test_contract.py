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
        "events",
        "faults",
        "faults_callbacks",
        "faults_hits",
        "faults_limits",
        "faults_magic",
        "faults_outcomes",
        "faults_verify",
        "operations",
        "outbox",
        "scenarios",
        "snapshots",
    )
]
"""Those whose emulator runs inside the test (tests/emulator/local.py)."""


APART = (
    "test_control.py::test_requests_of_nobody_are_kept_apart",  # each replica keeps its own (docs/stores.md)
    "test_control.py::test_for_a_program_there_is_nothing_at_the_root",  # so, too
    "test_bad_input.py::test_path_and_headers_over_the_limit_are_431_and_are_not_kept",  # before the lookup
    "test_control.py::test_the_links_of_the_service_need_no_control_token",  # sets a header of one client
    "test_faults_hits.py::test_while_an_answer_is_late_others_may_work_on_the_application",  # looks into the store
    "test_snapshots.py::test_applications_may_come_and_go_while_all_are_taken_or_put_back",  # looks into the store
    "test_snapshots.py::test_a_refused_snapshot_of_a_new_application_leaves_nothing_of_it_in_the_store",  # has its own
    "test_snapshots.py::test_options_that_a_document_does_not_say_are_those_of_the_process",  # has its own
)
"""Tests that say nothing of replicas, with the reason."""


LENIENT = ("-W", "ignore::pytest.PytestUnraisableExceptionWarning")
"""A replica that ends in the middle of hearing from the other one, in the same process, may leave a connection open."""


@pytest.mark.extended
def test_two_replicas_in_turn_pass_the_whole_contract_suite(postgres_server: postgres.Server) -> None:
    apart = [f"--deselect=tests/emulator/{test}" for test in APART]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *LENIENT, *SUITES, *apart],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": "", VARIABLE: postgres_server.url("postgres")},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-5000:]
