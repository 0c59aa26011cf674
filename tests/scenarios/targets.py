"""A made-up request or callback, as rules see it."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from scenarios.engine import Faults
from scenarios.patterns import Search
from scenarios.predicates import Matcher
from scenarios.rules import read_rule
from scenarios.targets import MISSING, SERVICE, Names

NAMES = Names(
    {"startArchive": "Archives", "getArchive": "Archives", "stopArchive": "Archives", "dial": "SIP"},
    ("archive_status", "session_created"),
)


@dataclass
class Target:
    """A request, or a callback; what a test leaves out is empty."""

    operation: str = "startArchive"
    now: int = 0
    session: str = ""
    resources: Collection[str] = ()
    state: str = ""
    role: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    search: Search = field(default_factory=lambda: Search(time.thread_time))

    def field(self, path: str) -> Any:
        value: Any = self.body
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                return MISSING
            value = value[part]
        return value

    def header(self, name: str) -> Any:
        return self.headers.get(name, MISSING)


def matcher(when: dict[str, Any], since: int = 0) -> Matcher:
    """Return a condition, written at `since` ms."""
    return Matcher(read_rule({"when": when, "then": "internal"}, NAMES).when, NAMES, since)


def matched(faults: Faults, target: Target | None = None, stage: str = SERVICE) -> list[str]:
    """Return the names of the rules that match a target."""
    return [match.fault.name for match in faults.ask(stage, target or Target())]
