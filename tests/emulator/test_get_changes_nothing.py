"""GET changes nothing: whatever is read, known or not, the snapshot is the same to the byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.service.operations import OPERATIONS
from state.ids import Ids
from tests.emulator.local import NOBODY, Tenant, emulator

REMEMBERED = ("exchange",)
"""What a call to the service adds to the head: exchanges have numbers, which go on after a restored snapshot."""

CONTROL = [
    "/health", "/ready", "/info", "/ca.pem", "/evidence", "/requests", "/lifecycles", "/applications", "/snapshot",
    "/scenarios", "/scenarios/sip-busy", "/scenarios/none", "/scenarios/schema.json", "/", "/none",
    "/applications/{app}", "/applications/none",
    *(f"/applications/{{app}}/{path}" for path in (
        "snapshot", "checkpoints", "checkpoints/none", "checkpoints/kept", "clock", "sessions", "sessions/{session}",
        "sessions/none", "sessions/{unknown}", "sessions/{session}/participants", "sessions/{session}/signals",
        "sessions/{session}/picture", "sessions/{unknown}/picture", "sessions/{unknown}/participants",
        "events", "events?type=archive&limit=1", "events?type=nothing", "callbacks", "callbacks/none",
        "faults", "faults/none", "faults/startArchiv", "scenarios", "scenarios/none", "scenarios/sip-busy",
        "requests", "requests/1", "requests/0", "requests?operation=none",
        *(f"{kind}{rest}" for kind in ("archives", "broadcasts", "renders", "captions", "calls", "connectors")
          for rest in ("", "/none", f"/{NOBODY}", "/{archive}")),
    )),
]  # fmt: skip
"""Paths below `/_emulator`, of what is there and of what is not."""


def routes(client: TestClient) -> list[str]:
    """Return the paths of the control API that answer GET."""
    paths: dict[str, Any] = client.get("/openapi.json").json()["paths"]
    return [path for path, methods in paths.items() if "get" in methods and path.startswith("/_emulator")]


@pytest.fixture(params=["untouched", "with rules"])
def frozen(request: pytest.FixtureRequest) -> Iterator[Tenant]:
    """An application with something of everything, whose clock stands still; with or without rules."""
    with emulator() as client:
        tenant = Tenant(client, autoParticipants=1, webhooks={"archive_status": {"address": "http://127.0.0.1:9/"}})
        tenant.control("POST", "/clock", {"action": "freeze"})
        if request.param == "with rules":
            when = {"operation": "dial", "nth": 3, "body": {"sessionId": {"matches": "x"}}}
            tenant.control("POST", "/faults", {"name": "startArchive", "when": when, "then": "conflict"})
            tenant.control("PUT", "/scenarios/sip-busy", {})
        yield tenant


def taken(tenant: Tenant) -> dict[str, Any]:
    document: dict[str, Any] = tenant.control("GET", "/snapshot")
    for name in REMEMBERED:
        document["head"].pop(name)
    return document


def test_no_get_of_the_control_api_changes_anything(frozen: Tenant) -> None:
    session, archive = frozen.session(), ""
    archive = frozen.archive(session)
    frozen.control("PUT", "/checkpoints/kept")
    unknown = f"2_{session[2:]}"
    before = taken(frozen)
    given = {"app": frozen.id, "session": session, "archive": archive, "unknown": unknown}
    asked = [path.format(**given) for path in CONTROL]
    names = {"application": frozen.id, "session": session, "resource": archive}
    for path in routes(frozen.client):
        if "stream" not in path:
            named = re.sub(r"{(\w+)[^}]*}", lambda found: names.get(found[1], "none"), path)
            asked.append(named.removeprefix("/_emulator"))
    for path in asked:
        answer = frozen.client.get(f"/_emulator{path}")
        assert answer.status_code < 500, (path, answer.text)
        assert taken(frozen) == before, path


@pytest.mark.parametrize("header", ["", "conflict", '{"latency":{"ms":1}}', '{"nothing":{}}', "{"])
def test_no_get_of_the_service_changes_anything(frozen: Tenant, header: str) -> None:
    archive = frozen.archive(session := frozen.session())
    before = taken(frozen)
    params = {"sessionId": session, "archiveId": archive, "applicationId": frozen.id}
    for operation in OPERATIONS:
        if operation.method != "GET":
            continue
        for known in (params, {"applicationId": frozen.id, "sessionId": session}):
            path = re.sub(r"{\w+}", "{}", operation.full_path)
            names = re.findall(r"{(\w+)}", operation.full_path)
            path = path.format(*(known.get(name, NOBODY) for name in names))
            answer = frozen.call("GET", f"/{path}", headers={"X-Emulator-Fault-Request": header} if header else {})
            assert answer.status_code < 500, (operation.id, answer.text)
            assert taken(frozen) == before, operation.id


@pytest.mark.parametrize("relayed", [False, True])
@pytest.mark.parametrize("named", ["id", "apiKey"])
def test_no_get_of_the_service_takes_up_a_session(frozen: Tenant, named: str, relayed: bool) -> None:
    ids = Ids("elsewhere")
    before = taken(frozen)
    asked = [each for each in OPERATIONS if each.method == "GET" and "sessionId" in each.full_path]
    assert len(asked) >= 3
    for operation in asked:
        session = ids.session_id(frozen.made[named], location="", created_at=1_700_000_000_000, relayed=relayed)
        path = operation.full_path.format(applicationId=frozen.id, sessionId=session, streamId=NOBODY)
        first = frozen.call("GET", f"/{path}")
        assert taken(frozen) == before, operation.id
        assert frozen.call("GET", f"/{path}").content == first.content
        frozen.control("POST", f"/sessions/{session}/participants", {})  # known as soon as it is used
        assert frozen.control("GET", f"/sessions/{session}")
        before = taken(frozen)


REFUSED = [
    ("POST", "/faults", {"then": "nothing"}),
    ("POST", "/faults", [{"then": "conflict"}, {"then": 7}]),
    ("POST", "/faults", 7),
    ("PUT", "/faults/x", {"when": {"operation": "startArchiv"}, "then": "conflict"}),
    ("DELETE", "/faults/none", None),
    ("PUT", "/scenarios/none", {}),
    ("PUT", "/scenarios/sip-busy", {"parameters": {"nothing": 1}}),
    ("DELETE", "/scenarios/none", None),
    ("POST", "/requests/verify", {"calls": [{"operation": "dial", "fault": "none"}]}),
]


@pytest.mark.parametrize(("method", "path", "body"), REFUSED)
def test_what_is_refused_of_rules_and_packs_changes_nothing(tenant: Tenant, method: str, path: str, body: Any) -> None:
    tenant.control("POST", "/clock", {"action": "freeze"})
    before = taken(tenant)
    answer = tenant.client.request(method, f"/_emulator/applications/{tenant.id}{path}", json=body)
    assert 400 <= answer.status_code < 500, answer.text
    assert taken(tenant) == before
