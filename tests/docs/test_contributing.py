"""What a contributor finds: forms and workflows that can be read, and names that are right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from emulator import __version__

ROOT = Path(__file__).parents[2]
FORMS = [path for path in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"]


def test_the_version_is_written_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" in project["project"]["dynamic"]
    path = project["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{__version__}"' in (ROOT / path).read_text("utf-8")


def test_the_changelog_has_what_is_unreleased_and_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert __version__ in headings
    kinds = re.findall(r"^### (\w+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_asks_for_something(form: Path) -> None:
    written = yaml.safe_load(form.read_text("utf-8"))
    assert written["name"]
    assert written["description"]
    ids = [field["id"] for field in written["body"]]
    assert len(set(ids)) == len(ids) > 2
    assert any(field.get("validations", {}).get("required") for field in written["body"])
    assert all(field["attributes"]["label"] for field in written["body"])


def test_the_workflow_runs_what_can_be_run_anywhere() -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]["run"]["steps"]
    (command,) = [step["run"] for step in steps if "run" in step]
    assert (ROOT / command).stat().st_mode & 0o111


def test_the_hooks_are_the_checks_of_ci() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert f".venv/bin/{hook['name']}" in script
