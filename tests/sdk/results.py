"""What SDK suites leave: which operations the emulator saw the SDK call, in which test, with which fields.

The format is in README.md. `python -m tests.sdk.results` prints the table of the last complete runs; with `--keep` it
writes what they drove into the evidence.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from emulator.evidence import fields, page
from emulator.evidence.table import evidence as table_of_evidence
from emulator.service.operations import OPERATIONS
from emulator.testing import Server

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".sdk-results"
DRIVEN = ROOT / "emulator" / "evidence" / "driven.json"
PAGE = ROOT / "docs" / "evidence.md"

Json = dict[str, Any]


@dataclass(frozen=True)
class Sdk:
    """One SDK: its name in the evidence, the version as installed, and a part of its user agent."""

    name: str
    version: str
    agent: str


class Results:
    """The lines of the suites that ran; only those of complete runs are kept."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._lines: dict[Sdk, list[Json]] = {}
        self._complete: set[Sdk] = set()

    def of_run(self, server: Server, sdk: Sdk, failures: Mapping[str, str | None]) -> None:
        """Take what a whole suite did, from the applications it has named after its tests; None: the test passed."""
        prefix = f"{sdk.name}: "
        applications = httpx.get(f"{server.http}/_emulator/applications", timeout=60).json()["items"]
        for application in applications:
            test = application["name"].removeprefix(prefix)
            if application["name"].startswith(prefix) and test in failures:
                self.of_application(server, sdk, test, application["id"], passed=failures[test] is None)
        self.complete(sdk)

    def of_application(self, server: Server, sdk: Sdk, test: str, application_id: str, *, passed: bool) -> None:
        """Take what the SDK did to one application in one test."""
        answer = httpx.get(
            f"{server.http}/_emulator/applications/{application_id}/requests", params={"limit": 10_000}, timeout=60
        )
        lines = self._lines.setdefault(sdk, [])
        for operation, exchanges in _by_operation(answer.json()["items"], sdk.agent).items():
            line = {"sdk": sdk.name, "version": sdk.version, "test": test, "operation": operation}
            lines.append(line | {"result": "passed" if passed else "failed"} | _summary(operation, exchanges))

    def complete(self, sdk: Sdk) -> None:
        """Note that every test of the SDK's suite ran, and keep its results."""
        self._complete.add(sdk)
        self._folder.mkdir(exist_ok=True)
        lines = sorted(self._lines.get(sdk, []), key=lambda line: (line["test"], line["operation"]))
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self._folder / f"{sdk.name}.jsonl").write_text(text, encoding="utf-8")

    def driven(self) -> dict[str, Json]:
        """Return what the complete runs drove, by SDK."""
        return {sdk.name: condense(self._lines.get(sdk, [])) for sdk in self._complete}


def _by_operation(exchanges: Iterable[Json], agent: str) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for exchange in exchanges:
        sent_by = exchange["headers"].get("user-agent", "").lower()
        if exchange["operation"] and agent.lower() in sent_by:
            found.setdefault(exchange["operation"], []).append(exchange)
    return found


def _summary(operation: str, exchanges: list[Json]) -> Json:
    """Count the answers; take fields only where the service took them: a 2xx that no fault rule had a part in."""
    statuses: dict[str, int] = {}
    succeeded = 0
    names: dict[str, None] = {}
    unread: dict[str, None] = {}
    for exchange in exchanges:
        status = str(exchange["status"])
        statuses[status] = statuses.get(status, 0) + 1
        if not status.startswith("2") or exchange["fault"]:
            continue
        succeeded += 1
        names |= dict.fromkeys(fields.sent(operation, exchange["body"].encode(), exchange["query"]))
        unread |= dict.fromkeys(exchange["unread"])
    return {"statuses": statuses, "succeeded": succeeded, "fields": sorted(names), "unread": sorted(unread)}


def condense(lines: Iterable[Json]) -> Json:
    """Return what the evidence keeps of a suite: by operation, and by field of it, the test that proves it.

    Of the tests that passed and were answered with success, that is one in which nothing was refused and no fault
    rule hit, if there is one, and of those the one that does least besides.
    """
    passed = [line for line in lines if line["result"] == "passed"]
    size: dict[str, int] = {}
    troubled = set()
    for line in passed:
        size[line["test"]] = size.get(line["test"], 0) + 1
        if line["succeeded"] < sum(line["statuses"].values()):
            troubled.add(line["test"])
    passed.sort(key=lambda line: (line["test"] in troubled, size[line["test"]], line["test"]))
    operations: dict[str, Json] = {}
    for line in passed:
        kept = operations.setdefault(
            line["operation"], {"proof": None, "tests": 0, "refusals": set(), "fields": {}, "unread": set()}
        )
        kept["tests"] += 1
        kept["refusals"] |= {int(status) for status in line["statuses"] if status >= "4"}
        kept["unread"] |= set(line["unread"])
        if line["succeeded"]:
            kept["proof"] = kept["proof"] or line["test"]
            kept["fields"] = dict.fromkeys(line["fields"], line["test"]) | kept["fields"]
    return {
        "version": passed[0]["version"] if passed else "",
        "operations": {
            operation.id: {
                key: sorted(value) if isinstance(value, set) else value
                for key, value in operations[operation.id].items()
            }
            for operation in OPERATIONS
            if operation.id in operations
        },
    }


def load(folder: Path = FOLDER) -> dict[str, list[Json]]:
    """Return the lines of the last complete runs, by SDK."""
    return {
        path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for path in sorted(folder.glob("*.jsonl"))
    }


def table(runs: Mapping[str, list[Json]]) -> str:
    """Return the table SDK × operation: how many tests passed that called it, or how many did not."""
    names = list(runs)
    rows = [["operation", *names]]
    rows += [[operation.id, *(_cell(runs[name], operation.id) for name in names)] for operation in OPERATIONS]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cell(lines: list[Json], operation: str) -> str:
    results = [line["result"] for line in lines if line["operation"] == operation]
    failed = sum(result != "passed" for result in results)
    if not results:
        return "–"
    return f"{failed} of {len(results)} FAILED" if failed else f"ok {len(results)}"


def keep(runs: Mapping[str, list[Json]], path: Path = DRIVEN) -> None:
    """Write what the runs drove into the evidence; SDKs that did not run keep what was kept of them."""
    kept: dict[str, Json] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    kept |= {name: condense(lines) for name, lines in runs.items()}
    path.write_text(_dump(kept), encoding="utf-8")
    PAGE.write_text(page.markdown(table_of_evidence()), encoding="utf-8")


def _dump(kept: Mapping[str, Json]) -> str:
    """Write it with a line for each operation, so that changes can be read."""

    def one(name: str, value: object, level: int) -> str:
        return f"{' ' * level}{json.dumps(name)}: {json.dumps(value, sort_keys=True)}"

    parts = []
    for name, driven in sorted(kept.items()):
        rows = ",\n".join(one(operation, each, 3) for operation, each in driven["operations"].items())
        version = one("version", driven["version"], 2)
        parts.append(f' {json.dumps(name)}: {{\n{version},\n  "operations": {{\n{rows}\n  }}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str] | None = None) -> int:
    """Print the table of the last complete runs, and keep them if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.sdk.results", description=main.__doc__)
    parser.add_argument("--keep", action="store_true", help="write what was driven into the evidence, and the page")
    options = parser.parse_args(arguments)
    runs = load()
    if not runs:
        print("No SDK suite has run completely yet.", file=sys.stderr)
        return 1
    print(table(runs))
    if options.keep:
        keep(runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
