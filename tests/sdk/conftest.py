"""What the SDK suites share: the results of a run, taken from the emulator's journal."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.sdk.results import Results, Sdk

PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how a test ended, for its fixtures."""
    report = yield
    if call.when != "teardown":
        item.stash[PASSED] = call.when == "call" and report.passed
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what looks at the results of all suites after them."""
    items.sort(key=lambda item: item.get_closest_marker("after_the_suites") is not None)


@pytest.fixture(scope="session")
def sdk_results() -> Results:
    """The results of the suites of this run."""
    return Results()


def suite(request: pytest.FixtureRequest, results: Results, sdk: Sdk, folder: Path) -> Iterator[Sdk]:
    """Be the fixture of a suite that pytest itself runs: when all of it has run, its results are kept."""
    yield sdk
    config, session = request.config, request.session
    picked = config.option.keyword or any("::" in argument for argument in config.args)
    stopped = session.shouldstop or session.shouldfail
    ours = [item for item in session.items if item.path.parent == folder]
    whole = set(folder.glob("test_*.py")) <= {item.path for item in ours}
    if not picked and not stopped and whole and all(PASSED in item.stash for item in ours):
        results.complete(sdk)
