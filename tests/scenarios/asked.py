"""A call as rules see it, made up."""

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
class Asked:
    """One call."""

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


def fired(faults: Faults, asked: Asked | None = None, stage: str = SERVICE) -> list[str]:
    """Return the names of the rules that fire on a call."""
    return [match.fault.name for match in faults.ask(stage, asked or Asked())]
