"""`when: {resource}` holds for the id, name and tag of every kind of resource: in calls, and in what is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.callbacks.bodies import CALLBACK_TYPES
from tests.emulator.faulty import driver
from tests.emulator.local import Tenant
from tests.scenarios.driver import Driver

WEBHOOKS = {told.webhook: {"address": "http://127.0.0.1:9/"} for told in CALLBACK_TYPES.values()}

STARTED = [
    ("archive_status", "startArchive", {"name": "lesson"}, "lesson"),
    ("archive_status", "startArchive", {"multiArchiveTag": "left"}, "left"),
    ("archive_status", "startArchive", {"name": "lesson", "multiArchiveTag": "left"}, "lesson"),
    ("broadcast_status", "startBroadcast", {"multiBroadcastTag": "main"}, "main"),
    ("render_status", "startRender", {"properties": {"name": "scores"}}, "scores"),
]
"""A kind of callback, what starts a resource, with which fields, and what it is known by then."""


@pytest.fixture
def told(client: TestClient) -> Driver:
    """A user of an application whose receivers want to be told everything."""
    return driver(Tenant(client, webhooks=WEBHOOKS))


def rule(user: Driver, callback: str, name: str) -> str:
    when = {"callback": callback, "resource": name}
    return str(user.control("POST", "/faults", {"when": when, "then": "callbackLost"})["name"])


def hits(user: Driver, name: str) -> int:
    return int(user.control("GET", f"/faults/{name}")["hits"])


@pytest.mark.parametrize(("callback", "operation", "fields", "name"), STARTED)
def test_a_callback_is_found_by_what_its_resource_was_named(
    told: Driver, callback: str, operation: str, fields: Any, name: str
) -> None:
    meant, other = rule(told, callback, name), rule(told, callback, name + "x")
    answer = told.do(operation, **fields)
    assert answer.is_success, answer.text
    told.control("POST", "/clock", {"action": "advance", "seconds": 10})
    assert hits(told, meant) >= 1
    assert hits(told, other) == 0
    events = told.control("GET", "/callbacks")["items"]
    assert {each["status"] for each in events if each["fault"] == meant} == {"dropped"}


IDS = [
    ("archive_status", "startArchive", "id"),
    ("broadcast_status", "startBroadcast", "id"),
    ("render_status", "startRender", "id"),
    ("captions_status", "startCaptions", "captionsId"),
    ("sip_call_updated", "dial", "id"),
]


@pytest.mark.parametrize(("callback", "operation", "field"), IDS)
def test_a_callback_is_found_by_its_resources_id(client: TestClient, callback: str, operation: str, field: str) -> None:
    user = driver(Tenant(client, webhooks=WEBHOOKS, pace="fast"))
    user.control("POST", "/clock", {"action": "freeze"})
    made = user.do(operation)
    assert made.is_success, made.text
    meant = rule(user, callback, made.json()[field])
    stop = {"startArchive": "stopArchive", "startBroadcast": "stopBroadcast", "startCaptions": "stopCaptions"}
    if operation in stop:
        assert user.do(stop[operation]).is_success
    user.control("POST", "/clock", {"action": "advance", "seconds": 60})
    assert hits(user, meant) >= 1


def test_a_stream_and_a_connection_are_found_in_what_is_told_of_them(told: Driver) -> None:
    [other] = told.control("POST", f"/sessions/{told.session}/participants", {"count": 1})["items"]
    ids = [other["connectionId"], other["streams"][0]["id"]]
    rules = [
        rule(told, callback, name)
        for callback, name in zip(("connection_destroyed", "stream_destroyed"), ids, strict=True)
    ]
    told.control("DELETE", f"/sessions/{told.session}/participants/{ids[0]}")
    assert [hits(told, each) for each in rules] == [1, 1]
