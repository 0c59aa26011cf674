"""Faults as a client of the service sees them: answers, the header, the journal, the rules themselves."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from emulator.faults.documented import error_body
from emulator.faults.execution import delay
from emulator.service.operations import BY_ID, OPERATIONS
from emulator.spec.contract import CONTRACTS
from scenarios.effects import EFFECTS
from scenarios.response_effects import Documented, Latency
from tests.emulator.faulty import fault
from tests.emulator.local import Tenant, emulator
from tests.scenarios.driver import Driver

# The answer

STATUSES = {name: effect.status for name, effect in EFFECTS.items() if issubclass(effect, Documented)}


@pytest.mark.parametrize(("effect", "status"), STATUSES.items())
def test_a_status_comes_with_the_rule_in_header_and_journal(user: Driver, effect: str, status: int) -> None:
    name = fault(user, "listArchives", effect)
    error_body = user.do("listArchives")
    assert (error_body.status_code, error_body.headers["x-emulator-fault"]) == (status, name)
    assert error_body.json()["message"]
    (exchange,) = user.control("GET", "/requests")["items"]
    assert (exchange["operation"], exchange["status"], exchange["fault"]) == ("listArchives", status, name)


@pytest.mark.parametrize("operation", list(BY_ID))
def test_every_status_of_every_operation_has_a_body(operation: str) -> None:
    for contract in CONTRACTS:
        for status in STATUSES.values():
            found = error_body(status, BY_ID[operation], contract)
            assert found.status == status
            assert found.content()["message"]


@pytest.mark.parametrize(
    ("operation", "effect", "body"),
    [
        ("startArchive", "conflict", (15001, "session is already composed with code 409")),
        ("stopArchive", "conflict", (15002, "You can only stop an archive that has one of the following")),
        ("deleteArchive", "conflict", (15004, "You can only delete an archive that has one of the following")),
        ("startBroadcast", "conflict", (None, "Session is already composed for given tag with code 409")),
        ("startCaptions", "conflict", (60003, "Audio captioning is already enabled")),
        ("migrateSession", "conflict", (15214, "Migration is already in progress for the session.")),
        ("dial", "conflict", (-1, "Only routed sessions are allowed to use this feature.")),
        ("startArchive", "notFound", (None, "Not found. No clients are actively connected to the OpenTok session.")),
        ("getArchive", "notFound", (None, "null")),
        ("startArchive", "badRequest", (-1, "You do not pass in a session ID or you pass in an invalid session ID.")),
        ("startRender", "badRequest", (50005, "Invalid maxDuration provided.")),
        ("stopBroadcast", "timeout408", (-1, "Request timed out.")),
        ("dial", "internal", (-1, "Internal server error")),
        ("listArchives", "forbidden", (10002, "Unauthorized token")),
        ("signalSession", "tooLarge", (-1, "The type string exceeds the maximum length (128 bytes)")),
    ],
)
def test_the_documented_body_of_the_operation(
    user: Driver, operation: str, effect: str, body: tuple[int | None, str]
) -> None:
    fault(user, operation, effect)
    error_body = user.do(operation).json()
    assert error_body.get("code") == body[0]
    assert error_body["message"].startswith(body[1])


def test_message_and_code_can_be_replaced(user: Driver) -> None:
    fault(user, "startArchive", {"conflict": {"message": "HTTP 409 Conflict", "code": 15001}})
    assert user.do("startArchive").json() == {
        "code": 15001, "message": "HTTP 409 Conflict", "description": "HTTP 409 Conflict",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("then", "seconds"),
    [("rateLimited", "1"), ({"rateLimited": {"retryAfter": 7}}, "7"), ({"unavailable": {"retryAfter": 3}}, "3")],
)
def test_retry_after(user: Driver, then: Any, seconds: str) -> None:
    fault(user, "listArchives", then)
    assert user.do("listArchives").headers["retry-after"] == seconds


def test_any_status_with_any_body(user: Driver) -> None:
    then = {"status": {"status": 418, "body": {"tea": True}, "headers": {"X-Pot": "yes"}}}
    fault(user, "listArchives", then)
    error_body = user.do("listArchives")
    assert (error_body.status_code, error_body.json(), error_body.headers["x-pot"]) == (418, {"tea": True}, "yes")
    user.control("DELETE", "/faults")
    fault(user, "listArchives", {"status": {"status": 502, "body": "<html>", "contentType": "text/html"}})
    error_body = user.do("listArchives")
    assert (error_body.status_code, error_body.text, error_body.headers["content-type"]) == (502, "<html>", "text/html")


@pytest.mark.parametrize("then", [{"latency": {"ms": 60}}, {"latency": {"min": 60, "max": 80}}])
def test_latency_lets_the_answer_come_later(user: Driver, then: Any) -> None:
    fault(user, "listArchives", then)
    started = time.perf_counter()
    assert user.do("listArchives").status_code == 200
    assert time.perf_counter() - started >= 0.06


def test_latency_and_status_together(user: Driver) -> None:
    fault(user, "listArchives", {"latency": {"ms": 60}, "unavailable": {}})
    started = time.perf_counter()
    assert user.do("listArchives").status_code == 503
    assert time.perf_counter() - started >= 0.06


def test_delays_are_drawn_by_seed() -> None:
    lognormal = Latency.model_validate({"median": 100, "sigma": 0.5, "seed": 4})
    drawn = [delay(lognormal, hit) for hit in range(1, 2001)]
    assert drawn == [delay(lognormal, hit) for hit in range(1, 2001)]
    assert 90 < sorted(drawn)[1000] < 110
    assert len(set(drawn)) == 2000
    uniform = Latency.model_validate({"min": 5, "max": 6})
    assert all(5 <= delay(uniform, hit) <= 6 for hit in range(100))


def test_malformed_json(user: Driver) -> None:
    fault(user, "listArchives", "malformedJson")
    error_body = user.do("listArchives")
    assert error_body.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        error_body.json()


def test_a_wrong_content_type(user: Driver) -> None:
    fault(user, "listArchives", {"wrongContentType": {"contentType": "text/plain"}})
    error_body = user.do("listArchives")
    assert (error_body.headers["content-type"], error_body.json()["count"]) == ("text/plain", 0)


def test_a_stale_read_answers_what_the_last_read_saw(user: Driver) -> None:
    name = fault(user, "getArchive", "staleRead", times=1)
    user.do("startArchive")
    assert user.do("getArchive").json()["status"] == "started"
    user.do("stopArchive")
    stale = user.do("getArchive")
    assert (stale.json()["status"], stale.headers["x-emulator-fault"]) == ("started", name)
    assert user.do("getArchive").json()["status"] == "available"


@pytest.mark.parametrize("effect", ["reset", "emptyReply", "garbage", "stall", "truncated"])
def test_without_a_socket_a_wire_fault_says_so(user: Driver, effect: str) -> None:
    fault(user, "listArchives", effect)
    error_body = user.do("listArchives")
    assert (error_body.status_code, error_body.json()["message"]) == (500, "This fault needs a real connection.")


# Position


def test_before_does_not_look_at_the_token(tenant: Tenant, user: Driver) -> None:
    fault(user, "listArchives", "unavailable", position="before")
    assert tenant.client.get(tenant.root + "/archive").status_code == 503
    user.control("DELETE", "/faults")
    fault(user, "listArchives", "unavailable", position="instead")
    assert tenant.client.get(tenant.root + "/archive").status_code == 403


def test_instead_leaves_the_work_undone_and_after_does_it(user: Driver) -> None:
    fault(user, "startArchive", "internal", times=1)
    assert user.do("startArchive").status_code == 500
    assert user.do("listArchives").json()["count"] == 0
    fault(user, "startArchive", "internal", position="after", times=1)
    assert user.do("startArchive").status_code == 500
    assert user.do("listArchives").json()["count"] == 1
    assert user.do("startArchive").status_code == 409


# A request's own fault


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("conflict", 409),
        ('{"rateLimited": {"retryAfter": 9}}', 429),
        ('{"then": "internal", "position": "after"}', 500),
        ('{"then": "unavailable", "position": "before"}', 503),
    ],
)
@pytest.mark.parametrize("operation", ["startArchive", "createSession"])
def test_a_request_asks_for_its_own_fault(user: Driver, operation: str, written: str, status: int) -> None:
    error_body = user.do(operation, headers={"X-Emulator-Fault-Request": written})
    assert (error_body.status_code, error_body.headers["x-emulator-fault"]) == (status, "request")
    if "after" in written and operation == "startArchive":
        assert user.do("startArchive").status_code == 409
    assert user.control("GET", "/faults") == {"count": 0, "items": []}


@pytest.mark.parametrize("written", ["conflct", "{", '{"then": "conflict", "when": 3}', "", "[]"])
def test_a_header_that_is_wrong_is_a_400(user: Driver, written: str) -> None:
    error_body = user.do("listArchives", headers={"X-Emulator-Fault-Request": written})
    assert error_body.status_code == 400
    assert "X-Emulator-Fault-Request" in error_body.json()["message"]


# The control API


def test_a_spent_rule_stays_listed(user: Driver) -> None:
    name = fault(user, "listArchives", "internal", times=2)
    assert [user.do("listArchives").status_code for _ in range(4)] == [500, 500, 200, 200]
    (listed,) = user.control("GET", "/faults")["items"]
    assert (listed["name"], listed["hits"], listed["spent"]) == (name, 2, True)


def test_rules_are_written_read_replaced_and_removed(tenant: Tenant, user: Driver) -> None:
    made = user.control("POST", "/faults", [{"name": "a", "then": "internal"}, {"name": "b", "then": "conflict"}])
    assert made["count"] == 2
    user.control("PUT", "/faults/a", {"when": {"operation": "dial"}, "then": "unavailable"})
    assert user.control("GET", "/faults/a")["then"] == "unavailable"
    user.control("DELETE", "/faults/b")
    assert [rule["name"] for rule in user.control("GET", "/faults")["items"]] == ["a"]
    user.control("DELETE", "/faults")
    assert user.control("GET", "/faults")["count"] == 0
    missing = tenant.client.get(f"/_emulator/applications/{tenant.id}/faults/a")
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("rule", "field", "suggestion"),
    [
        ({"when": {"operation": "startArchiv"}, "then": "conflict"}, "when.operation", "did you mean startArchive?"),
        ({"when": {"tag": "Archive"}, "then": "conflict"}, "when.tag", "did you mean Archives?"),
        ({"when": {"operatoin": "dial"}, "then": "conflict"}, "when.operatoin", "did you mean operation?"),
        ({"then": "conflcit"}, "then.conflcit", "did you mean conflict?"),
        ({"then": {"latency": {"mss": 3}}}, "then.latency.mss", "did you mean ms?"),
        ({"then": "conflict", "tims": 1}, "tims", "did you mean times?"),
        (
            {"when": {"callback": "archive_staus"}, "then": "callbackLost"},
            "when.callback",
            "did you mean archive_status?",
        ),
    ],
)
def test_unknown_names_are_refused_with_a_suggestion(tenant: Tenant, rule: Any, field: str, suggestion: str) -> None:
    error_body = tenant.client.post(f"/_emulator/applications/{tenant.id}/faults", json=rule)
    assert error_body.status_code == 400
    error = error_body.json()["error"]
    assert (error["field"], error["suggestion"]) == (field, suggestion)


def test_a_list_with_a_mistake_writes_nothing(tenant: Tenant, user: Driver) -> None:
    rules = [{"then": "internal"}, {"then": "intrnal"}]
    error_body = tenant.client.post(f"/_emulator/applications/{tenant.id}/faults", json=rules)
    assert error_body.json()["error"]["field"] == "1.then.intrnal"
    assert user.control("GET", "/faults")["count"] == 0


def test_a_reset_forgets_rules_and_fates(user: Driver) -> None:
    fault(user, "listArchives", "internal")
    user.control("POST", "/reset")
    assert user.do("listArchives").status_code == 200
    assert user.control("GET", "/faults")["count"] == 0


# Tenants


def test_a_hundred_applications_never_see_each_others_faults() -> None:
    """Each has a status of its own, a third of them nothing; all are called at once."""
    with emulator() as client:
        tenants = [Tenant(client) for _ in range(100)]
        expected = [200 if index % 3 == 0 else 400 + index for index in range(100)]
        for tenant, status in zip(tenants, expected, strict=True):
            if status != 200:
                tenant.control("POST", "/faults", {"then": {"status": {"status": status}}, "position": "before"})

        def ask(index: int) -> tuple[int, set[int]]:
            return index, {tenants[index].call("GET", "/archive").status_code for _ in range(5)}

        with ThreadPoolExecutor(16) as pool:
            seen = dict(pool.map(ask, range(100)))
        assert seen == {index: {expected[index]} for index in range(100)}
        for index, tenant in enumerate(tenants):
            hits = [rule["hits"] for rule in tenant.control("GET", "/faults")["items"]]
            assert hits == ([] if index % 3 == 0 else [5])


def test_what_is_tried_here_is_every_effect_on_answers_and_outcomes() -> None:
    """So that a new effect cannot be forgotten."""
    from pathlib import Path

    here = (Path(__file__), *(Path(__file__).with_name(f"test_faults_{name}.py") for name in ("outcomes", "wire")))
    tests = "".join(path.read_text() for path in here)
    missing = [name for name, effect in EFFECTS.items() if effect.kind != "callback" and f'"{name}' not in tests]
    assert [name for name in missing if name not in STATUSES] == []
    assert len(OPERATIONS) == len(BY_ID)


def test_an_application_has_ten_thousand_rules_at_most(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tenant.client.get("/_emulator/info").json()["limits"]["rules"] == 10_000
    rule = {"when": {"operation": "stopArchive"}, "then": "conflict"}
    url = f"/_emulator/applications/{tenant.id}"
    assert tenant.client.post(f"{url}/faults", json=[rule] * 10_001).status_code == 400
    monkeypatch.setattr("scenarios.engine.MAX_RULES", 3)
    tenant.control("POST", "/faults", [{**rule, "name": name} for name in "abc"])
    for method, path, body in (
        ("POST", "/faults", rule),
        ("PUT", "/faults/d", rule),
        ("PUT", "/scenarios/rate-limited", {}),
    ):
        error_body = tenant.client.request(method, url + path, json=body)
        assert (error_body.status_code, "3 rules at most" in error_body.json()["error"]["message"]) == (400, True)
    tenant.control("PUT", "/faults/c", rule)
    assert tenant.control("GET", "/faults")["count"] == 3
