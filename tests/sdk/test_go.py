"""The suite of the OpenTok SDK for Go: `go test` runs it, and each of its tests is reported here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from emulator.cli.recipes import RecipeTarget, recipe
from emulator.testing import Server
from tests.sdk.foreign import NEWEST, Run, completed, tool, unavailable
from tests.sdk.results import Results, Sdk

NAME = "Go SDK"
GO = Path(__file__).parent / "go"
TITLE = re.compile(r"^func (Test\w+)\(", re.MULTILINE)
RUN_SECONDS = 300
SDK = "github.com/calvertyang/opentok-go-sdk/v2"


def titles() -> list[str]:
    """Return the name of every test in the suite, read without running it."""
    return [title for path in sorted(GO.glob("*_test.go")) for title in TITLE.findall(path.read_text("utf-8"))]


def events(output: str) -> Run:
    """Return what the events of `go test -json` say."""
    printed: dict[str, str] = {}
    run = Run()
    for line in output.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        test = event.get("Test", "")
        printed[test] = printed.get(test, "") + event.get("Output", "")
        if test and event["Action"] in ("pass", "fail", "skip"):
            run.failures[test] = None if event["Action"] == "pass" else printed[test]
    return run


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A go.mod with the SDK downloaded: the pinned one, or the newest."""
    go = tool(NAME, "go")
    module = tmp_path_factory.mktemp("go") / "go.mod"
    for name in ("go.mod", "go.sum"):
        (module.parent / name).write_text((GO / name).read_text("utf-8"), encoding="utf-8")
    fetch = ["get", f"{SDK}@latest"] if NEWEST else ["mod", "download", SDK]
    fetched = completed([go, *fetch[:-1], f"-modfile={module}", fetch[-1]], GO, RUN_SECONDS)
    if fetched.returncode:
        unavailable(NAME, f"go ended with status {fetched.returncode}:\n{fetched.stdout}{fetched.stderr}")
    return module


@pytest.fixture(scope="session")
def run(server: Server, module: Path, sdk_results: Results) -> Run:
    """One run of the whole suite against the emulator."""
    command = [tool(NAME, "go"), "test", f"-modfile={module}", "-vet=off", "-count=1", "-json", "./..."]
    done = completed(command, GO, RUN_SECONDS, {"EMULATOR_URL": server.http, "NO_PROXY": "localhost,127.0.0.1"})
    found = events(done.stdout)
    found.output = f"{done.stdout}\n{done.stderr}"
    version = re.findall(rf"{SDK} v(\S+)", module.read_text("utf-8"))[-1]
    sdk_results.of_run(server, Sdk("opentok-go", version, "opentok-go-sdk"), found.failures)
    return found


@pytest.mark.parametrize("title", titles())
def test_go(run: Run, title: str) -> None:
    """One test of the Go suite."""
    run.check(title)


def test_go_runs_nothing_that_is_not_reported_here(run: Run) -> None:
    assert run.failures.keys() - set(titles()) == set(), run.output


def test_the_recipe_runs_as_printed(server: Server, module: Path) -> None:
    printed = recipe("go", RecipeTarget(server.http, server.https, server.ca, None))
    imports = [line for line in printed.splitlines() if line.startswith("import ")]
    statements = [line for line in printed.splitlines() if not line.startswith("import ")]
    program = module.parent / "main.go"
    program.write_text(
        "\n".join(
            [
                *("package main", *imports, 'import "fmt"', "func main() {", *statements),
                *("if err != nil { panic(err) }", "session, err := ot.CreateSession(&opentok.SessionOptions{})"),
                *("if err != nil { panic(err) }", "fmt.Println(session.SessionID)", "}"),
            ]
        ),
        encoding="utf-8",
    )
    done = completed([tool(NAME, "go"), "run", str(program)], module.parent, RUN_SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2_")
