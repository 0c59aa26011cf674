"""`vonage-video-emulator scenarios`, run as a developer runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.client import ApplicationClient
from emulator.testing import Server
from scenarios.packs import BUNDLED
from tests.scenarios.calls import control

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", "scenarios", *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=60)


def test_list_names_every_pack(tmp_path: Path) -> None:
    done = run("list")
    assert done.returncode == 0
    assert {line.split()[0] for line in done.stdout.splitlines()} == {path.stem for path in BUNDLED.glob("*.yaml")}
    (tmp_path / "wrong.yaml").write_text("name: wrong\nrules: []\n")
    done = run("list", "--dir", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path}/wrong.yaml:1:1: description is required" in done.stderr


def test_show_prints_a_pack_that_validates(tmp_path: Path) -> None:
    done = run("show", "rate-limited")
    own = tmp_path / "own.yaml"
    own.write_text(done.stdout.replace("name: rate-limited", "name: own"))
    assert run("validate", str(own)).stdout == f"{own}: own is fine\n"
    assert "did you mean rate-limited?" in run("show", "rate-limits").stderr


def test_validate_says_what_is_wrong_in_one_line_each(tmp_path: Path) -> None:
    text = (BUNDLED / "sip-busy.yaml").read_text()
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(text.replace("dial", "dail"))
    second.write_text(text.replace("then", "than"))
    done = run("validate", str(first), str(BUNDLED / "sip-busy.yaml"), str(second), str(tmp_path / "none.yaml"))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == f"{first}:4:23: rules.0.when.operation: there is no operation dail; did you mean dial?"
    assert lines[1] == f"{second}:5:5: rules.0: there is no such field: than; did you mean then?"
    assert lines[2].startswith(f"{tmp_path / 'none.yaml'}:1:1: cannot be read")
    assert len(lines) == 3


def test_the_schema_is_printed() -> None:
    assert json.loads(run("schema").stdout)["title"] == "Scenario pack"


def test_apply_and_remove(server: Server, application: ApplicationClient) -> None:
    where = ("--url", server.http, "--application", application.id)
    done = run("apply", "rate-limited", "--set", "allowed=0", "--set", "retryAfter=9", *where)
    assert (done.returncode, done.stdout) == (0, "rate-limited is applied\n"), done.stderr
    (applied,) = control(server, application, "GET", "/scenarios")["items"]
    assert applied["parameters"] == {"allowed": 0, "refused": 2, "retryAfter": 9}
    assert run("apply", "rate-limited", "--remove", *where).stdout == "rate-limited is removed\n"
    assert control(server, application, "GET", "/scenarios")["count"] == 0


def test_a_text_that_looks_like_a_number_is_quoted(server: Server, application: ApplicationClient) -> None:
    where = ("--url", server.http, "--application", application.id)
    assert run("apply", "captions-quota", "--set", 'reason="503"', "--set", "seconds=1", *where).returncode == 0
    (applied,) = control(server, application, "GET", "/scenarios")["items"]
    assert applied["parameters"] == {"seconds": 1, "reason": "503"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rate-limitd",), "there is no scenario rate-limitd; did you mean rate-limited?"),
        (("rate-limited", "--set", "alowed=1"), "did you mean allowed?"),
        (("rate-limited", "--set", "allowed=x"), "allowed must be an integer (got 'x')"),
        (("rate-limited", "--set", "allowed"), "write NAME=VALUE"),
    ],
)
def test_what_cannot_be_applied_is_one_line(
    server: Server, application: ApplicationClient, arguments: tuple[str, ...], said: str
) -> None:
    done = run("apply", *arguments, "--url", server.http, "--application", application.id)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
