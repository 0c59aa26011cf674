"""Documents that are too deep, or hold what JSON's writers refuse: one limit at every door, and nothing changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from emulator import wellknown
from state.nesting import LARGEST, MAX_DEPTH, SMALLEST, SNAPSHOT_DEPTH, UnwritableError, check
from tests.emulator.local import Tenant, rest_token

DEPTHS = (MAX_DEPTH + 1, 125, 200, 248, 252, 500, 1000, 5_000)


def deep(levels: int, *, lists: bool = False, leaf: str = '"x"') -> str:
    """Return JSON of so many levels."""
    return ("[" if lists else '{"a":') * levels + leaf + ("]" if lists else "}") * levels


def nots(levels: int) -> str:
    """Return a rule of so many levels in all."""
    return '{"then":"conflict","when":' + '{"not":' * (levels - 2) + '{"session":"s"}' + "}" * (levels - 2) + "}"


def alls(levels: int) -> str:
    pairs = (levels - 2) // 2
    return '{"then":"conflict","when":' + '{"all":[' * pairs + '{"session":"s"}' + "]}" * pairs + "}"


def anys_in_nots(levels: int) -> str:
    triples = (levels - 2) // 3
    return '{"then":"conflict","when":' + '{"not":{"any":[' * triples + '{"session":"s"}' + "]}}" * triples + "}"


def valued(levels: int) -> str:
    inner = deep(levels - 4, lists=True)
    return '{"then":"conflict","when":{"body":{"name":{"equals":' + inner + "}}}}"


def answered(levels: int) -> str:
    return '{"when":{"operation":"listRenders"},"then":{"status":{"status":500,"body":' + deep(levels - 3) + "}}}"


RULES: dict[str, Callable[[int], str]] = {
    "not": nots, "all": alls, "any in not": anys_in_nots, "a value": valued, "a body to answer": answered,
}  # fmt: skip


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_too_deep_is_refused_at_every_door_and_not_kept(tenant: Tenant, kind: str) -> None:
    url = f"/_emulator/applications/{tenant.id}/faults"
    for levels in DEPTHS:
        written = RULES[kind](levels + 3)
        refusals = [
            tenant.client.post(url, content=written),
            tenant.client.post(url, content=f"[{written}]"),
            tenant.client.put(f"{url}/deep", content=written),
        ]
        for refused in refusals:
            assert refused.status_code == 400, (levels, refused.text)
            assert refused.json()["error"]["message"]
    assert tenant.control("GET", "/faults")["count"] == 0
    assert tenant.control("GET", "/snapshot")["faults"] is None
    assert tenant.call("GET", "/archive").status_code == 200


@pytest.mark.parametrize("kind", RULES)
def test_the_deepest_rule_is_served_shown_and_put_back(tenant: Tenant, kind: str) -> None:
    made = tenant.client.post(f"/_emulator/applications/{tenant.id}/faults", content=RULES[kind](MAX_DEPTH))
    assert made.status_code == 201, made.text
    assert tenant.control("GET", f"/faults/{made.json()['name']}")["when"] == json.loads(RULES[kind](MAX_DEPTH))["when"]
    tenant.call("POST", "/archive", {"sessionId": tenant.session(join=1), "name": "x"})
    tenant.call("GET", "/render")
    snapshot = tenant.control("GET", "/snapshot")
    tenant.control("PUT", "/checkpoints/deep")
    assert tenant.client.get("/_emulator/snapshot").status_code == 200
    assert tenant.control("PUT", "/snapshot", snapshot)
    tenant.control("POST", "/checkpoints/deep/restore")
    assert tenant.control("GET", "/snapshot")["faults"]["rules"] == snapshot["faults"]["rules"]


@pytest.mark.parametrize("lists", [False, True])
def test_a_header_that_asks_for_something_too_deep_is_refused(tenant: Tenant, lists: bool) -> None:
    inner = [deep(levels, lists=lists) for levels in DEPTHS]
    for written in (*inner, *('{"then":{"status":{"status":500,"body":' + each + "}}}" for each in inner)):
        answer = tenant.call("GET", "/archive", headers={"X-Emulator-Fault-Request": written})
        assert answer.status_code in (400, 431), answer.text
    assert tenant.call("GET", "/archive").status_code == 200


BODIES = [
    ("POST", "//session/create"),
    ("POST", "/archive"),
    ("POST", "/broadcast"),
    ("POST", "/captions"),
    ("POST", "/render"),
    ("POST", "/dial"),
    ("POST", "/connect"),
    ("PUT", "/session/SESSION/stream"),
    ("POST", "/session/SESSION/signal"),
    ("POST", "/session/SESSION/mute"),
]


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_service_body_too_deep_is_400_and_what_saw_it_can_be_read(tenant: Tenant, method: str, path: str) -> None:
    session = tenant.session(join=1)
    path = path.replace("SESSION", session)
    when = {"operation": "*", "body": {"unknown": {"contains": "a"}, "sessionId": {"matches": "x"}}}
    tenant.client.post(f"/_emulator/applications/{tenant.id}/faults", json={"when": when, "then": "conflict"})
    for levels in (MAX_DEPTH, 300, 1_100):
        content = f'{{"sessionId":"{session}","unknown":{deep(levels)}}}'.encode()
        answer = tenant.call(method, path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text
    assert tenant.client.get(f"/_emulator/applications/{tenant.id}/requests").status_code == 200
    expected = {"operation": "startArchive", "body": {"unknown": {"a": 1}}}
    verified = tenant.client.post(f"/_emulator/applications/{tenant.id}/requests/verify", json={"calls": [expected]})
    assert verified.status_code == 409
    assert tenant.client.get(f"/_emulator/applications/{tenant.id}/snapshot").status_code == 200


CLAIMS: dict[str, Any] = {
    "objects": json.loads(deep(MAX_DEPTH)),
    "lists": json.loads(deep(252, lists=True)),
    "a number without an end": float("inf"),
    "no number": float("nan"),
    "a number of more than 64 bits": 2**70,
    "half a character": "\ud800",
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_claims_that_could_not_be_shown_are_no_token(tenant: Tenant, kind: str) -> None:
    token = rest_token(tenant.made["privateKey"], tenant.id, more=CLAIMS[kind])
    answer = tenant.client.get(f"{tenant.root}/archive", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (403, 431), answer.text
    session = tenant.session(join=1)
    body = {"sessionId": session, "token": tenant.client_token(session, more=CLAIMS[kind])}
    assert tenant.call("POST", "/captions", body).status_code == 403
    assert tenant.client.get(f"/_emulator/applications/{tenant.id}/requests").status_code == 200
    assert tenant.client.get("/_emulator/requests").status_code == 200


def test_the_deepest_claims_are_shown(tenant: Tenant) -> None:
    token = rest_token(tenant.made["privateKey"], tenant.id, more=json.loads(deep(MAX_DEPTH - 1)))
    answer = tenant.client.get(f"{tenant.root}/archive", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert "more" in tenant.control("GET", "/requests")["items"][0]["claims"]


UNWRITABLE = {
    "too deep": deep(MAX_DEPTH + 1),
    "far too deep": deep(1_000),
    "lists too deep": deep(200, lists=True),
    "no number": "NaN",
    "a number without an end": "-Infinity",
    "a number that has none when read": "1e999",
    "more than 64 bits": str(LARGEST + 1),
    "less than 64 bits": str(SMALLEST - 1),
    "thousands of digits": "9" * 5_000,
    "half a character": r'"\ud83d"',
    "half a character in a key": r'{"\udc00":1}',
}
DOORS: list[tuple[str, str, str]] = [
    ("POST", "/faults", '{{"when":{{"body":{{"name":{0}}}}},"then":"conflict"}}'),
    ("POST", "/faults", '{{"then":{{"status":{{"status":500,"body":{0}}}}}}}'),
    ("PUT", "/faults/x", '{{"then":{0}}}'),
    ("POST", "/faults", "{0}"),
    ("PATCH", "", '{{"name":{0}}}'),
    ("PATCH", "", "{0}"),
    ("POST", "/clock", '{{"action":"advance","seconds":{0}}}'),
    ("PUT", "/scenarios/sip-busy", '{{"parameters":{{"x":{0}}}}}'),
    ("POST", "/requests/verify", '{{"calls":[{{"operation":"dial","body":{{"x":{0}}}}}]}}'),
    ("POST", "/sessions/SESSION/participants", '{{"data":{0}}}'),
    ("POST", "/sessions/SESSION/participants", '{{"streams":[{{"name":{0}}}]}}'),
    ("POST", "/callbacks/hold", '{{"event":{0}}}'),
    ("PUT", "/snapshot", '{{"schema":1,"faults":{0}}}'),
    ("PUT", "/snapshot", "{0}"),
]


@pytest.mark.parametrize(("method", "path", "around"), DOORS)
def test_what_could_not_be_written_again_is_400_and_changes_nothing(
    tenant: Tenant, method: str, path: str, around: str
) -> None:
    tenant.control("POST", "/clock", {"action": "freeze"})
    session = tenant.session(join=1)
    url = f"/_emulator/applications/{tenant.id}"
    before = tenant.client.get(f"{url}/snapshot").text
    for kind, value in UNWRITABLE.items():
        content = around.format(value)
        answer = tenant.client.request(method, url + path.replace("SESSION", session), content=content)
        assert answer.status_code == 400, (kind, content[:80], answer.text)
        assert answer.json()["error"]["message"]
    assert tenant.client.get(f"{url}/snapshot").text == before


def test_the_whole_emulators_snapshot_is_checked_too(client: TestClient) -> None:
    for content in (
        '{"schema":1,"faults":' + deep(SNAPSHOT_DEPTH + 1) + "}",
        '{"schema":1,"applications":[{"faults":' + deep(300) + "}]}",
        '{"schema":1,"applications":[{"application":' + deep(900, lists=True) + "}]}",
    ):
        answer = client.put("/_emulator/snapshot", content=content)
        assert answer.status_code == 400
        assert "nested too deeply" in answer.json()["error"]["message"]


BODIES_THAT_ARE_NONE = (
    b"[" * 5_000,
    b"[" * 500_000,
    b'{"a":' * 100_000,
    b"[" * 900 + b"]" * 900,
    b"9" * 100_000,
    b"\x00" * 1_000,
)


def test_calls_that_take_no_body_refuse_any_body(client: TestClient) -> None:
    asked = 0
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        url = path.replace("{application}", wellknown.APPLICATION_ID).replace("{number}", "1")
        for method in set(methods) & {"post", "put", "patch", "delete"}:
            if not path.startswith("/_emulator") or "requestBody" in methods[method]:
                continue
            for body in BODIES_THAT_ARE_NONE:
                answer = client.request(method, re.sub(r"{\w+}", "x", url), content=body)
                assert 400 <= answer.status_code < 500, (method, path, body[:20], answer.text[:200])
                asked += 1
    assert asked > 5 * len(BODIES_THAT_ARE_NONE)


@pytest.mark.parametrize("value", [LARGEST, SMALLEST, 0.1, -1e308, "漢\U0001f600\x00", True, None, [], {}])
def test_what_passes_can_be_written(value: Any) -> None:
    check({"a": [value, {"b": value}]})
    assert orjson.loads(orjson.dumps({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"a": [1, {"b": 2**64}]}, ("a", 1, "b")),
        ({"a": {"b": [0.0, float("nan")]}}, ("a", "b", 1)),
        ([["\udfff"]], (0, 0)),
        ({"x": {"\ud800": 1}}, ("x",)),
    ],
)
def test_the_place_is_told(document: Any, path: tuple[str | int, ...]) -> None:
    with pytest.raises(UnwritableError) as refused:
        check(document)
    assert refused.value.path == path
