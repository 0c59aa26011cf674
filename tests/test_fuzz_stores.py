"""A short run of `python -m tests.fuzz`, over every store, contract and dialect, with the memory limited."""

from __future__ import annotations

import pytest

from tests import fuzz

REQUESTS = 6_000


@pytest.mark.extended
def test_no_made_up_request_is_answered_with_5xx_hangs_or_ends_a_process() -> None:
    report = fuzz.run(REQUESTS, seed=7)
    assert not report.wrong, report.wrong[:3]
    assert report.requests > REQUESTS * 0.99
    assert len(report.statuses) > 5, "it does not reach far"
