"""Rules that ask for too much: refused when written, or harmless to everybody else."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.local import Tenant


@pytest.mark.parametrize(
    "rule",
    [
        b'{"when":{"within":1e308},"then":"conflict"}',
        b'{"when":{"operation":"startArchive"},"then":{"archiveFails":{"seconds":1e308}}}',
        b'{"when":{"operation":"dial"},"then":{"sipDrops":{"seconds":-1}}}',
        b'{"when":{"operation":"*"},"then":{"status":{"status":500,"body":1180591620717411303424}}}',
        b'{"when":{"operation":"*","body":{"x":NaN}},"then":"conflict"}',
    ],
)
def test_a_rule_beyond_all_bounds_is_refused_and_not_kept(tenant: Tenant, rule: bytes) -> None:
    url = f"/_emulator/applications/{tenant.id}/faults"
    answer = tenant.client.post(url, content=rule)
    assert (answer.status_code, "error" in answer.json()) == (400, True), answer.text
    assert tenant.client.get(url).json()["count"] == 0


def test_a_pattern_that_runs_away_stops_nobody(tenant: Tenant) -> None:
    when = {"operation": "startArchive", "body": {"name": {"matches": "^(a+)+$"}}}
    tenant.control("POST", "/faults", {"when": when, "then": "conflict"})
    sid = tenant.session(join=1)
    started = time.monotonic()
    assert tenant.call("POST", "/archive", {"sessionId": sid, "name": "a" * 40 + "b"}).status_code == 200
    assert time.monotonic() - started < 10  # without a limit it would take years


def test_a_list_of_rules_is_written_as_a_whole_whatever_its_names(client: TestClient) -> None:
    tenant = Tenant(client)
    rules: list[dict[str, Any]] = [
        {"then": "conflict"},
        {"name": "conflict-1", "then": "conflict"},
        {"then": "conflict"},
    ]
    for rule in rules:
        rule["when"] = {"operation": "startArchive"}
    written = tenant.control("POST", "/faults", rules)["items"]
    assert [rule["name"] for rule in written] == ["conflict-2", "conflict-1", "conflict-3"]
