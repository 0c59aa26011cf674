"""The page of limits is the table in the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from emulator.service.operations import BY_ID
from emulator.settings import Settings
from emulator.spec.limits import LIMITS, Limit
from state.options import Options
from tests.docs.limits import PAGE, page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_page_is_the_table() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "renew it: python -m tests.docs.limits"


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_every_limit_names_operations_that_exist(limit: Limit) -> None:
    assert limit.where == "every operation" or set(limit.where.split(", ")) <= set(BY_ID)
    assert limit.allowed
    assert limit.source


def test_every_limit_that_the_code_asks_for_is_in_the_table_and_the_other_way_round() -> None:
    """`ours` and what pydantic's own types enforce in both contracts need not be asked for by name."""
    code = "".join(path.read_text() for path in (ROOT / "emulator").rglob("*.py"))
    asked = set(re.findall(r'(?:lets|Limited|filled|_signal_size|_note)\(\s*(?:value, info, |claims, )?"(\w+)"', code))
    asked |= set(re.findall(r'"(page\w*)" if is_absent\(text\) else "(\w+)"', code)[0])
    assert asked <= set(LIMITS)
    varying = {
        name
        for name, limit in LIMITS.items()
        if "documented" in (limit.service, limit.spec) or limit.spec != limit.service
    }
    assert varying <= asked


def test_the_options_that_the_readme_names_where_sources_are_open_exist() -> None:
    table = README.partition("## Where the sources are open")[2].partition("\n## ")[0]
    named = set(re.findall(r"; `([a-z]+[A-Z]\w+)`", table))
    options = {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in Options.model_fields}
    assert {"documentedLimits", "tokenLifetime", "listCount", "deletedArchive", "muteAnswer"} <= named
    assert named <= options


def test_auth_is_an_option_of_an_application_whose_default_is_a_setting() -> None:
    assert get_args(Options.model_fields["auth"].annotation) == ("strict", "lax")
    assert Settings(auth="lax").options.auth == "lax"
