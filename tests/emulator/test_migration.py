"""Migration and rotation as receivers are told of them: in order, with reasons, and who is there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.local import Tenant

HOUR = 3600


def migrate(tenant: Tenant, sid: str) -> None:
    tenant.advance(61)
    assert tenant.call("POST", f"/session/{sid}/migrate").status_code == 202


def pack(**parameters: Any) -> Callable[[Tenant, str], None]:
    def apply(tenant: Tenant, sid: str) -> None:
        rule = {"when": {"operation": "listStreams"}, "then": {"serverRotation": parameters}}
        tenant.control("POST", "/faults", rule)
        tenant.call("GET", f"/session/{sid}/stream")
        tenant.advance(1)

    return apply


def rotation(tenant: Tenant, sid: str) -> None:
    tenant.advance(2 * HOUR)


CASES: dict[str, tuple[dict[str, Any], list[bool | None], Callable[[Tenant, str], None], list[bool]]] = {
    # options of the application, `migrates` of each participant, what happens, who stays
    "asked": ({}, [None, None], migrate, [True, True]),
    "asked, one cannot": ({}, [None, False], migrate, [True, False]),
    "asked, nobody can": ({}, [False, False], migrate, [False, False]),
    "asked, by option never": ({"clientsMigrate": "never"}, [None, True], migrate, [False, True]),
    "rotation": ({"sessionRotation": 2}, [None, None], rotation, [False, False]),
    "rotation, one can": ({"sessionRotation": 2}, [True, None], rotation, [True, False]),
    "rotation, by option": ({"sessionRotation": 2, "clientsMigrate": "always"}, [None, False], rotation, [True, False]),
    "effect": ({}, [None, None], pack(), [False, False]),
    "effect, by option": ({"clientsMigrate": "always"}, [None, None], pack(), [True, True]),
    "effect that says so": ({}, [None, False], pack(migrates=True), [True, False]),
    "effect that says no": ({"clientsMigrate": "always"}, [None, True], pack(migrates=False), [False, True]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_end_of_the_session_is_told_first_and_who_migrates_stays(client: TestClient, name: str) -> None:
    options, migrating, happen, stays = CASES[name]
    tenant = Tenant(client, **options)
    tenant.control("POST", "/clock", {"action": "freeze"})
    sid = tenant.session()
    joined = [tenant.join(sid, 1, migrates=each)[0]["connectionId"] for each in migrating]
    archive = tenant.archive(sid)
    token = tenant.client_token(sid)
    tenant.call("POST", "/captions", {"sessionId": sid, "token": token})
    last = tenant.control("GET", "/events")["items"][-1]["number"]
    happen(tenant, sid)
    events = tenant.control("GET", f"/events?after={last}")["items"]
    told = [each for each in events if each["type"] in (
        "session.destroyed", "archive.stopped", "captions.stopped", "stream.destroyed", "connection.destroyed",
    )]  # fmt: skip
    gone = stays.count(False)
    assert [each["type"] for each in told] == [
        "session.destroyed", "archive.stopped", "captions.stopped",
        *["stream.destroyed", "connection.destroyed"] * gone,
    ]  # fmt: skip
    assert [each["reason"] for each in told] == [
        "serverRotation", "session ended", None, *["networkDisconnected"] * 2 * gone,
    ]  # fmt: skip
    there = [each["connectionId"] for each in tenant.control("GET", f"/sessions/{sid}/participants")["items"]]
    assert there == [connection for connection, stay in zip(joined, stays, strict=True) if stay]
    again = tenant.call("POST", "/archive", {"sessionId": sid})
    assert again.status_code == (200 if any(stays) else 404)
    assert tenant.call("GET", f"/archive/{archive}").json()["reason"] == "session ended"
    for connection in there:  # the session ends once more, for its own reason, when they leave
        tenant.control("DELETE", f"/sessions/{sid}/participants/{connection}")
    ends = tenant.control("GET", "/events?type=session.destroyed")["items"]
    assert [each["reason"] for each in ends] == ["serverRotation", *["clientDisconnected"] * any(stays)]


@pytest.mark.parametrize("happen", [migrate, pack(migrates=True)], ids=["migration", "rotation"])
@pytest.mark.parametrize("opted_in", [False, True])
def test_what_a_server_had_ends_with_it_in_order(
    tenant: Tenant, happen: Callable[[Tenant, str], None], opted_in: bool
) -> None:
    tenant.control("POST", "/clock", {"action": "freeze"})
    sid = tenant.session(join=1)
    about = {"sessionId": sid, "token": tenant.client_token(sid)}
    socket, sip = {"uri": "ws://localhost/"}, {"uri": "sip:a@localhost", "sessionMigration": opted_in}
    tenant.call("POST", "/connect", {**about, "websocket": socket, "sessionMigration": opted_in})
    call = tenant.call("POST", "/dial", {**about, "sip": sip}).json()["id"]
    render = tenant.call("POST", "/render", {**about, "url": "https://localhost/page"}).json()["id"]
    tenant.call("POST", "/captions", about)
    tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": {"hls": {}}})
    tenant.archive(sid)
    tenant.advance(1)
    last = tenant.control("GET", "/events")["items"][-1]["number"]
    happen(tenant, sid)
    types = [each["type"] for each in tenant.control("GET", f"/events?after={last}")["items"]]
    ends = [each for each in types if each in (
        "session.destroyed", "archive.stopped", "broadcast.stopped", "captions.stopped", "render.stopped",
        "call.destroyed", "connector.disconnected",
    )]  # fmt: skip
    assert ends == [
        "session.destroyed", "archive.stopped", "broadcast.stopped", "captions.stopped", "render.stopped",
        *([] if opted_in else ["call.destroyed", "connector.disconnected"]),
    ]  # fmt: skip
    assert tenant.call("GET", f"/render/{render}").json()["reason"] == "serverRotation"
    shown = tenant.control("GET", f"/calls/{call}")
    assert (shown["sessionMigration"], shown["reasonCode"]) == (opted_in, None if opted_in else "703")
    origins = [each["origin"] for each in tenant.control("GET", f"/sessions/{sid}/participants")["items"]]
    assert sorted(origins) == (["call", "client", "connector"] if opted_in else ["client"])


def test_an_automatic_archive_begins_anew_on_the_new_server(tenant: Tenant) -> None:
    sid = tenant.session(join=1, archiveMode="always")
    migrate(tenant, sid)
    newest, first = tenant.call("GET", "/archive").json()["items"]
    assert (newest["status"], first["reason"]) == ("started", "session ended")


def test_a_pack_lets_clients_migrate(tenant: Tenant) -> None:
    tenant.control("PUT", "/scenarios/server-rotation", {"parameters": {"seconds": 10, "migrates": True}})
    sid = tenant.session(join=2)
    tenant.advance(10)
    assert tenant.control("GET", "/events?type=session.destroyed")["items"][0]["reason"] == "serverRotation"
    assert tenant.call("GET", f"/session/{sid}/connection").json()["count"] == 2


def test_a_migration_that_everybody_left_meanwhile_ends_nothing_twice(client: TestClient) -> None:
    tenant = Tenant(client, pace="realistic")
    tenant.control("POST", "/clock", {"action": "freeze"})
    sid = tenant.session()
    (somebody,) = tenant.join(sid)
    migrate(tenant, sid)
    tenant.control("DELETE", f"/sessions/{sid}/participants/{somebody['connectionId']}")
    tenant.advance(60)
    ends = tenant.control("GET", "/events?type=session.destroyed")["items"]
    assert [each["reason"] for each in ends] == ["clientDisconnected"]
    assert tenant.control("GET", f"/sessions/{sid}")["migrating"] is False


ENDS = [
    ({}, "clientDisconnected"),
    ({"reason": "forceDisconnected"}, "forceDisconnected"),
    ({"reason": "networkDisconnected"}, "mediaIdle"),
    ({"sessionReason": "mediaIdle"}, "mediaIdle"),
    ({"reason": "networkDisconnected", "sessionReason": "clientDisconnected"}, "clientDisconnected"),
]


@pytest.mark.parametrize(("query", "reason"), ENDS, ids=str)
def test_the_end_of_a_session_has_a_reason(tenant: Tenant, query: dict[str, str], reason: str) -> None:
    sid = tenant.session()
    first, last = tenant.join(sid, 2)
    for each in (first, last):
        tenant.control("DELETE", f"/sessions/{sid}/participants/{each['connectionId']}", params=query)
    (event,) = tenant.control("GET", "/events?type=session.destroyed")["items"]
    assert event["reason"] == reason


def test_a_session_ends_by_force_when_the_service_disconnects_its_last_client(tenant: Tenant) -> None:
    sid = tenant.session()
    (somebody,) = tenant.join(sid)
    tenant.call("DELETE", f"/session/{sid}/connection/{somebody['connectionId']}")
    (event,) = tenant.control("GET", "/events?type=session.destroyed")["items"]
    assert event["reason"] == "forceDisconnected"


@pytest.mark.parametrize("body", [{"migrates": "maybe"}, {"migrates": 2}, {"migrates": []}], ids=str)
def test_who_migrates_is_yes_or_no(tenant: Tenant, body: dict[str, Any]) -> None:
    sid = tenant.session()
    path = f"/_emulator/applications/{tenant.id}/sessions/{sid}/participants"
    refused = tenant.client.post(path, json=body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "migrates")
    assert tenant.control("GET", f"/sessions/{sid}/participants")["count"] == 0
