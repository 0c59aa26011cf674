"""How results are taken, condensed and shown; and, after the suites, that the evidence says what they drove."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.auth import minting
from emulator.testing import Server
from tests.sdk.results import DRIVEN, Results, Sdk, condense, keep, load, table

SDK = Sdk("opentok-x", "1.2.3", agent="OpenTok-X-SDK")


def line(test: str, operation: str, **more: Any) -> dict[str, Any]:
    found = {"sdk": "x", "version": "1.2.3", "test": test, "operation": operation, "result": "passed"}
    return {**found, "statuses": {"200": 1}, "succeeded": 1, "fields": [], "unread": [], **more}


def test_only_what_the_sdk_itself_called_is_taken_from_the_journal(server: Server, tmp_path: Path) -> None:
    application = server.emulator.application("opentok-x: a test")
    server.emulator.application("opentok-x: unknown to the runner")
    auth = {"Authorization": f"Bearer {minting.rest_token(application.id, application.private_key)}"}
    root = f"{server.http}/v2/project/{application.id}"
    httpx.get(f"{root}/archive?count=1&offset=&sort=x", headers={**auth, "User-Agent": "opentok-x-sdk/1.2.3"})
    httpx.get(f"{root}/archive?sessionId=x&offset=-1", headers={**auth, "User-Agent": "opentok-x-sdk/1.2.3"})
    application.faults.add("internal", "listArchives")
    httpx.get(f"{root}/archive?sessionId=x", headers={**auth, "User-Agent": "opentok-x-sdk/1.2.3"})
    httpx.get(f"{root}/broadcast", headers={**auth, "User-Agent": "python-httpx"})
    httpx.get(f"{root}/nothing", headers={**auth, "User-Agent": "OpenTok-X-SDK/1.2.3"})
    results = Results(tmp_path)
    results.of_run(server, SDK, {"a test": "it failed", "another": None})
    assert load(tmp_path) == {
        "opentok-x": [
            {
                "sdk": "opentok-x",
                "version": "1.2.3",
                "test": "a test",
                "operation": "listArchives",
                "result": "failed",
                "statuses": {"200": 1, "400": 1, "500": 1},
                "succeeded": 1,
                "fields": ["?count"],
                "unread": ["?sort"],
            }
        ]
    }
    assert results.driven() == {"opentok-x": {"version": "", "operations": {}}}


def test_a_run_that_is_not_complete_leaves_nothing(server: Server, tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.of_application(server, SDK, "a test", server.emulator.application().id, passed=True)
    assert load(tmp_path) == {}
    assert results.driven() == {}


def test_the_proof_is_the_passed_test_that_does_least_besides() -> None:
    lines = [
        line("a whole call", "getArchive", fields=["a", "b"], statuses={"200": 2}, succeeded=2),
        line("a whole call", "stopArchive"),
        line("one read", "getArchive", fields=["a"], unread=["c"]),
        line("a refusal", "getArchive", statuses={"400": 1}, succeeded=0),
        line("a refusal besides", "getArchive", statuses={"200": 1, "503": 1}, fields=["a"]),
        line("an answer spoilt by a rule", "getBroadcast", succeeded=0),
        line("a failure", "deleteArchive", result="failed"),
        line("only refused", "startRender", statuses={"409": 1}, succeeded=0),
    ]
    assert condense(lines)["operations"] == {
        "getArchive": {
            "proof": "one read",
            "tests": 4,
            "refusals": [400, 503],
            "fields": {"a": "one read", "b": "a whole call"},
            "unread": ["c"],
        },
        "stopArchive": {"proof": "a whole call", "tests": 1, "refusals": [], "fields": {}, "unread": []},
        "getBroadcast": {"proof": None, "tests": 1, "refusals": [], "fields": {}, "unread": []},
        "startRender": {"proof": None, "tests": 1, "refusals": [409], "fields": {}, "unread": []},
    }


def test_the_table_tells_passed_failed_and_not_called() -> None:
    shown = table({"one": [line("a", "dial"), line("b", "dial")], "two": [line("a", "dial", result="failed")]})
    rows = {row.split()[0]: row.split(maxsplit=1)[1] for row in shown.splitlines()}
    assert rows["operation"].split() == ["one", "two"]
    assert rows["dial"] == "ok 2  1 of 1 FAILED"
    assert rows["getArchive"].split() == ["–", "–"]


def test_what_is_kept_of_other_sdks_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.sdk.results.PAGE", tmp_path / "evidence.md")
    path = tmp_path / "driven.json"
    keep({"one": [line("a", "dial")]}, path)
    keep({"two": [line("b", "dial")]}, path)
    kept = json.loads(path.read_text())
    assert {name: each["operations"]["dial"]["proof"] for name, each in kept.items()} == {"one": "a", "two": "b"}


@pytest.mark.after_the_suites
def test_the_evidence_says_what_the_suites_drove(sdk_results: Results) -> None:
    """Looks at the suites that ran completely in this run, and at their applications' journals through them."""
    driven = sdk_results.driven()
    if os.environ.get("SDK_VERSIONS") == "newest":
        pytest.skip("the evidence is about the versions that are pinned")
    if not driven:
        pytest.skip("no SDK suite ran completely in this run")
    kept = json.loads(DRIVEN.read_text("utf-8"))
    stale = {name: each for name, each in driven.items() if kept.get(name) != each}
    assert stale == {}, "run: python -m tests.sdk.results --keep"
