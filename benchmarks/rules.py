"""A thousand fault rules, as suites that share an application write them, none of which fires."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.load import LoadError, drive
from benchmarks.responses import request
from benchmarks.tenant import CONTROL, Tenant
from emulator.service.operations import OPERATIONS

RULES = 1_000
NOBODY = "2_" + "x" * 60


def others() -> list[dict[str, Any]]:
    """Return rules: half about archives and sessions of others, half spread over every operation with a condition."""
    rules: list[dict[str, Any]] = []
    for number in range(RULES // 4):
        archive = f"00000000-0000-4000-8000-{number:012d}"
        rules.append({"when": {"operation": "getArchive", "resource": archive}, "then": "internal", "times": 1})
        rules.append({"when": {"operation": "startArchive", "session": f"{NOBODY}{number}"}, "then": "conflict"})
    while len(rules) < RULES:
        operation = OPERATIONS[len(rules) % len(OPERATIONS)].id
        condition = (
            {"header": {"X-Suite": str(len(rules))}},
            {"probability": 0.5, "header": {"X-Test": str(len(rules))}},
        )
        rules.append({"when": {"operation": operation, **condition[len(rules) % 2]}, "then": "unavailable"})
    return rules


def install(tenant: Tenant) -> None:
    """Write them into the tenant's application."""
    body = json.dumps(others()).encode()
    call = request("POST", f"{CONTROL}/faults", {"Content-Type": "application/json"}, body)
    load = drive(tenant.server.port, [call], count=1, seconds=30, connections=1, keep=True)
    if load.json()[0]["count"] != RULES:
        raise LoadError("the rules were not written")
