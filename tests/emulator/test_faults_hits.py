"""A hit means that it happened: what another rule, or nothing to happen to, kept from happening is not counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator import wellknown
from tests.emulator.faulty import driver
from tests.emulator.local import Tenant, emulator, rest_token
from tests.scenarios.driver import Driver


@pytest.fixture
def user(client: TestClient) -> Driver:
    """A user of an application whose clock stands still."""
    tenant = Tenant(client, pace="fast")
    tenant.control("POST", "/clock", {"action": "freeze"})
    return driver(tenant)


def write(user: Driver, name: str, operation: str, then: Any, **rule: Any) -> None:
    user.control("POST", "/faults", {"name": name, "when": {"operation": operation}, "then": then, **rule})


def hits(user: Driver, *names: str) -> list[tuple[int, bool]]:
    rules = [user.control("GET", f"/faults/{name}") for name in names]
    return [(rule["hits"], rule["spent"]) for rule in rules]


@pytest.mark.parametrize("position", ["instead", "after"])
@pytest.mark.parametrize("loser", ["malformedJson", "truncated", "slowDrip", "wrongContentType"])
def test_a_distortion_of_an_answer_that_another_rule_replaced(user: Driver, position: str, loser: str) -> None:
    write(user, "distorts", "listArchives", loser, times=1, priority=9)
    write(user, "answers", "listArchives", "internal", position=position, times=1)
    answer = user.do("listArchives")
    assert (answer.status_code, answer.headers["x-emulator-fault"]) == (500, "answers")
    assert hits(user, "distorts", "answers") == [(0, False), (1, True)]
    user.do("listArchives")
    assert hits(user, "distorts") == [(1, True)]


def test_a_delay_after_work_that_was_not_done(user: Driver) -> None:
    write(user, "late", "listArchives", {"latency": {"ms": 1}}, position="after", times=1)
    write(user, "answers", "listArchives", "internal")
    assert user.do("listArchives").headers["x-emulator-fault"] == "answers"
    assert hits(user, "late") == [(0, False)]


def test_an_outcome_of_work_that_was_not_done(user: Driver) -> None:
    write(user, "fails", "startArchive", "uploadFails", times=1)
    write(user, "answers", "startArchive", "conflict", times=1)
    assert user.do("startArchive").headers["x-emulator-fault"] == "answers"
    assert hits(user, "fails") == [(0, False)]
    assert user.do("startArchive").headers["x-emulator-fault"] == "fails"


def test_a_rule_that_the_request_outdoes(user: Driver) -> None:
    write(user, "answers", "listArchives", "internal", times=1)
    answer = user.do("listArchives", headers={"X-Emulator-Fault-Request": "conflict"})
    assert (answer.status_code, answer.headers["x-emulator-fault"]) == (409, "request")
    assert hits(user, "answers") == [(0, False)]


def test_a_rule_of_which_a_part_happened_counts(user: Driver) -> None:
    write(user, "both", "listArchives", {"latency": {"ms": 1}, "malformedJson": {}}, position="after", times=1)
    write(user, "answers", "listArchives", "internal", position="after")
    assert user.do("listArchives").headers["x-emulator-fault"] == "both, answers"
    assert hits(user, "both") == [(1, True)]


def test_nothing_to_distort(user: Driver) -> None:
    user.do("startArchive")
    user.do("stopArchive")
    user.control("POST", "/clock", {"action": "advance", "seconds": 10})
    write(user, "cut", "deleteArchive", "truncated")
    answer = user.do("deleteArchive")
    assert (answer.status_code, answer.content, "x-emulator-fault" in answer.headers) == (204, b"", False)
    assert hits(user, "cut") == [(0, False)]


@pytest.mark.parametrize("then", [{"rtmpOffline": {"target": "nobody"}}, {"rtmpError": {"target": "nobody"}}])
def test_an_outcome_for_a_target_that_is_not_there(user: Driver, then: Any) -> None:
    write(user, "target", "startBroadcast", then, times=1)
    assert "x-emulator-fault" not in user.do("startBroadcast").headers
    assert hits(user, "target") == [(0, False)]


def test_an_hls_error_without_hls(user: Driver) -> None:
    write(user, "hls", "startBroadcast", "hlsError", times=1)
    rtmp = {"rtmp": [{"serverUrl": "rtmp://live.example.com/app", "streamName": "key"}]}
    assert "x-emulator-fault" not in user.do("startBroadcast", outputs=rtmp).headers
    assert hits(user, "hls") == [(0, False)]


def test_a_magic_value_leaves_to_a_rule_what_it_decides(user: Driver) -> None:
    write(user, "drops", "dial", {"sipDrops": {"seconds": 3}}, times=1)
    answer = user.do("dial", uri="sip:emulator-fail-busy@example.com")
    assert answer.headers["x-emulator-fault"] == "drops"
    user.control("POST", "/clock", {"action": "advance", "seconds": 30})
    (call,) = user.control("GET", "/calls")["items"]
    assert call["reasonCode"] == "703"


def test_a_rule_and_a_magic_value_share_the_targets(user: Driver) -> None:
    write(user, "offline", "startBroadcast", {"rtmpOffline": {"target": "first"}})
    server = {"serverUrl": "rtmp://live.example.com/app"}
    outputs = {"rtmp": [{**server, "streamName": "first"}, {**server, "streamName": "emulator-fail-offline"}]}
    answer = user.do("startBroadcast", outputs=outputs)
    assert answer.headers["x-emulator-fault"] == "offline, magic:offline"
    user.control("POST", "/clock", {"action": "advance", "seconds": 5})
    targets = user.do("getBroadcast").json()["broadcastUrls"]["rtmp"]
    assert [target["status"] for target in targets] == ["offline", "offline"]


def test_what_was_decided_of_an_archive_stands(user: Driver) -> None:
    write(user, "stuck", "startArchive", "uploadStuck")
    write(user, "fails", "stopArchive", "uploadFails", times=1)
    user.do("startArchive")
    assert "x-emulator-fault" not in user.do("stopArchive").headers
    user.control("POST", "/clock", {"action": "advance", "seconds": 60})
    assert user.do("getArchive").json()["status"] == "stopped"
    assert hits(user, "stuck", "fails") == [(1, False), (0, False)]


def test_what_came_of_something_else_is_not_named(client: TestClient) -> None:
    """An archive that started by itself has its fate from nobody's call."""
    tenant = Tenant(client)
    tenant.control("POST", "/faults", {"name": "late", "then": {"latency": {"ms": 1}}})
    tenant.session(join=1, archiveMode="always", archiveName="emulator-fail-upload")
    assert tenant.call("GET", "/archive").headers["x-emulator-fault"] == "late"
    tenant.control("DELETE", "/faults")
    tenant.session(join=1, archiveMode="always", archiveName="emulator-fail-upload")
    assert "x-emulator-fault" not in tenant.call("GET", "/archive").headers


# createSession, whose path names no application


@pytest.mark.parametrize("claims", [{}, {"exp": 1}, {"iat": None, "exp": None}])
def test_before_a_session_is_made_the_token_is_not_verified(client: TestClient, claims: dict[str, Any]) -> None:
    tenant = Tenant(client)
    tenant.control("POST", "/faults", {"name": "down", "then": "unavailable", "position": "before"})
    headers = {"Authorization": f"Bearer {rest_token(tenant.made['privateKey'], tenant.id, **claims)}"}
    answer = client.post("/session/create", headers=headers)
    assert (answer.status_code, answer.headers["x-emulator-fault"]) == (503, "down")
    (exchange,) = tenant.control("GET", "/requests")["items"]
    assert (exchange["operation"], exchange["fault"]) == ("createSession", "down")
    tenant.control("DELETE", "/faults")
    assert client.post("/session/create", headers=headers).status_code == (403 if claims else 200)
    kept = tenant.control("GET", "/requests")["count"]  # a token that was refused says nothing of its application
    assert kept == (1 if claims else 2)
    assert client.post("/session/create").status_code == 403


def test_a_token_does_not_stand_for_the_project_of_a_path(client: TestClient) -> None:
    tenant = Tenant(client)
    tenant.control("POST", "/faults", {"then": "unavailable", "position": "before"})
    other = "0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33"
    answer = tenant.call("GET", f"//v2/project/{other}/archive")
    assert answer.status_code == 403
    assert tenant.control("GET", "/requests")["count"] == 0


def test_in_lax_mode_a_session_without_a_token_is_made_by_the_default_application() -> None:
    with emulator(auth="lax") as lax:
        url = f"/_emulator/applications/{wellknown.APPLICATION_ID}"
        lax.post(f"{url}/faults", json={"then": "unavailable", "position": "before", "times": 1})
        assert [lax.post("/session/create").status_code for _ in range(2)] == [503, 200]


def test_calls_of_create_session_are_counted_once(user: Driver) -> None:
    user.control("POST", "/faults", {"when": {"nth": 2}, "then": "internal", "position": "before"})
    assert [user.do("createSession").status_code for _ in range(3)] == [200, 500, 200]


# The request's own fault


@pytest.mark.parametrize(
    ("operation", "written", "said"),
    [
        ("listArchives", '{"then": "internal", "positon": "after"}', "positon; did you mean position?"),
        ("listArchives", '{"then": "internal", "times": 3}', "there is no such key: times"),
        ("listArchives", '{"then": "internal", "when": {"nth": 2}}', "there is no such key: when"),
        ("listArchives", "callbackLost", "callbackLost is not about this request alone; write a rule"),
        ("listArchives", '{"callbackDoubled": {"times": 3}}', "callbackDoubled is not about this request alone"),
        ("listArchives", "staleRead", "staleRead is not about this request alone"),
        ("listArchives", "uploadFails", "uploadFails follows startArchive or stopArchive only"),
        ("startArchive", "sipBusy", "sipBusy follows dial only"),
        ("startArchive", "confict", "did you mean conflict?"),
        ("startArchive", '{"then": null}', "then"),
        ("startArchive", '{"then": 3}', "then"),
        ("startArchive", '{"then": ["conflict"]}', "then"),
    ],
)
def test_what_a_request_cannot_ask_for(user: Driver, operation: str, written: str, said: str) -> None:
    answer = user.do(operation, headers={"X-Emulator-Fault-Request": written})
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_request_asks_for_the_fate_of_what_it_starts(user: Driver) -> None:
    headers = {"X-Emulator-Fault-Request": '{"uploadFails": {"reason": "no bucket"}}'}
    assert user.do("startArchive", headers=headers).headers["x-emulator-fault"] == "request"
    user.do("stopArchive")
    user.control("POST", "/clock", {"action": "advance", "seconds": 10})
    assert user.do("getArchive").json()["reason"] == "no bucket"


# Comparing


@pytest.mark.parametrize(
    ("wanted", "sent", "holds"),
    [(1, True, False), (True, 1, False), (True, True, True), (1, 1.0, True), ([1], [True], False), ([1], [1], True)],
)
@pytest.mark.parametrize("plain", [True, False])
def test_one_and_true_are_told_apart(user: Driver, wanted: Any, sent: Any, holds: bool, plain: bool) -> None:
    test = wanted if plain else {"equals": wanted, "exists": True}
    rule = {"when": {"operation": "startArchive", "body": {"hasAudio": test}}, "then": "conflict"}
    user.control("POST", "/faults", rule)
    assert (user.do("startArchive", hasAudio=sent).status_code == 409) is holds


def test_an_endless_index_is_no_index(user: Driver) -> None:
    path = f"sip.streams.{'9' * 5000}"
    user.control("POST", "/faults", {"when": {"operation": "dial", "body": {path: "x"}}, "then": "conflict"})
    assert user.do("dial").status_code == 200
    _, _, body = user.request("dial")
    body["sip"]["streams"] = ["s"]
    assert user._call("POST", "/dial", body).status_code == 400  # there is no such stream


# What keeps the world


@pytest.mark.parametrize("position", ["before", "instead", "after"])
@pytest.mark.parametrize("operation", ["listArchives", "createSession"])
def test_while_an_answer_is_late_others_may_work_on_the_application(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, operation: str, position: str
) -> None:
    seen: list[str] = []

    def watch(begin: str, end: str) -> Callable[[Any], AbstractAsyncContextManager[None]]:
        @asynccontextmanager
        async def context(app: Any) -> AsyncIterator[None]:
            seen.append(begin)
            yield
            seen.append(end)

        return context

    tenant = Tenant(client)
    tenant.control("POST", "/faults", {"then": {"latency": {"ms": 1}}, "position": position})
    store = client.app.state.services.store  # type: ignore[attr-defined]
    monkeypatch.setattr(store, "keeps", True)
    monkeypatch.setattr(store, "transaction", watch("hold", "leave"))
    monkeypatch.setattr(store, "release", watch("let go", "back"))
    driver(tenant).do(operation)
    assert seen == ["hold", "let go", "back", "leave"]
