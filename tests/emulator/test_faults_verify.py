"""Verifying counts and order of what was called, and what is said when it was otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.faulty import driver
from tests.emulator.local import Tenant


@pytest.fixture
def called(tenant: Tenant) -> Tenant:
    """An application in which an archive was started, refused once, and stopped."""
    user = driver(tenant)
    tenant.control(
        "POST", "/faults", {"name": "second", "when": {"operation": "startArchive", "nth": 2}, "then": "conflict"}
    )
    user.do("startArchive", name="lesson")
    user.do("startArchive", name="lesson")
    user.do("stopArchive")
    return tenant


def verify(tenant: Tenant, body: Any) -> tuple[int, str]:
    answer = tenant.client.post(f"/_emulator/applications/{tenant.id}/requests/verify", json=body)
    return answer.status_code, answer.json().get("error", {}).get("message", "")


@pytest.mark.parametrize(
    "body",
    [
        {"calls": [{"operation": "startArchive"}]},
        {"calls": [{"operation": "startArchive", "exactly": 2}, {"operation": "stopArchive", "exactly": 1}]},
        {"calls": [{"operation": "startArchive", "status": 409, "fault": "second", "exactly": 1}]},
        {"calls": [{"operation": "startArchive", "body": {"name": "lesson"}, "atLeast": 2, "atMost": 2}]},
        {"calls": [{"operation": "deleteArchive", "exactly": 0}, {"operation": "dial", "atMost": 3}]},
        {"order": ["createSession", "startArchive", "startArchive", "stopArchive"]},
        {"order": ["startArchive", "stopArchive"]},
        {"calls": [{"operation": "dial", "fault": "magic:busy", "exactly": 0}]},
        {"calls": [{"operation": "startArchive", "body": {"name": 1}, "exactly": 0}]},
    ],
)
def test_what_was_so(called: Tenant, body: Any) -> None:
    assert verify(called, body) == (200, "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"calls": [{"operation": "stopArchive", "exactly": 2}]},
            "stopArchive was called 1 time, expected exactly 2; "
            "nearest: createSession (1), startArchive (2), stopArchive (1)",
        ),
        (
            {"calls": [{"operation": "startArchive", "body": {"name": "lessons"}, "exactly": 2}]},
            "startArchive was called 0 times as described, expected exactly 2; "
            'nearest: request 2 (body.name was "lesson", expected "lessons")',
        ),
        (
            {"calls": [{"operation": "startArchive", "status": 200, "atLeast": 2}]},
            "startArchive was called 1 time as described, expected at least 2; "
            "nearest: request 3 (status was 409, expected 200)",
        ),
        (
            {"calls": [{"operation": "startArchive", "exactly": 0}]},
            "startArchive was called 2 times, expected exactly 0",
        ),
        (
            {"calls": [{"operation": "startArchive", "atMost": 1}]},
            "startArchive was called 2 times, expected at most 1",
        ),
        (
            {"order": ["stopArchive", "startArchive"]},
            "startArchive was not called after stopArchive; called were: startArchive → startArchive → stopArchive",
        ),
    ],
)
def test_what_was_otherwise_is_explained(called: Tenant, body: Any, said: str) -> None:
    assert verify(called, body) == (409, said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"calls": [{"operation": "startArchiv"}]}, "there is no operation startArchiv"),
        ({"order": ["startArchiv"]}, "there is no operation startArchiv"),
        ({"calls": [{"operation": "dial", "exactly": 1, "atMost": 2}]}, "give exactly, or atLeast and atMost"),
        ({}, "say what is to be verified: calls, an order, undocumented or unread fields"),
        ({"calls": [], "order": []}, "say what is to be verified: calls, an order, undocumented or unread fields"),
        ({"calls": [{"operation": "dial", "exactly": True}]}, "Input should be a valid integer"),
        ({"calls": [{"operation": "dial", "atLeast": "1"}]}, "Input should be a valid integer"),
        ({"calls": [{"operation": "dial", "atLeast": 2, "atMost": 1}]}, "atLeast must not be greater than atMost"),
        ({"calls": [{"operation": "dial", "fault": "secnd"}]}, "there is no rule secnd, and none fired"),
    ],
)
def test_what_cannot_be_verified(called: Tenant, body: Any, said: str) -> None:
    assert verify(called, body) == (400, said)


def test_a_full_journal_says_so(tenant: Tenant) -> None:
    for _ in range(1001):
        tenant.call("GET", "/archive")
    status, said = verify(tenant, {"calls": [{"operation": "listArchives", "exactly": 1001}]})
    assert status == 409
    assert "the journal keeps 1000 exchanges and has given up 1 before these" in said
