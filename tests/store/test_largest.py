"""The deepest and the largest of what is accepted goes through every way out, whatever keeps the world."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from emulator import wellknown
from emulator.app import create_app
from emulator.settings import Settings
from emulator.store.mirror import Mirror
from state.nesting import LARGEST, MAX_DEPTH, SMALLEST
from tests.emulator.local import Tenant, rest_token

Leaves = st.sampled_from(
    [LARGEST, SMALLEST, 0, -0.0, 1e308, 5e-324, "", "\x00\x01\x7f", "\U0001f600" * 50, '"\\{[', "x" * 5_000, None, True]
)
Keys = st.sampled_from(["a", "", "\U0001f600", '"', "x" * 300, "a.b", "0"])


@st.composite
def documents(draw: st.DrawFn, levels: int = MAX_DEPTH) -> Any:
    """Draw JSON of exactly so many levels."""
    value: Any = draw(Leaves)
    for _ in range(levels):
        key = draw(Keys)
        value = [draw(Leaves), value] if draw(st.booleans()) else {key: value, key + "2": draw(Leaves)}
    return value


@st.composite
def conditions(draw: st.DrawFn, levels: int) -> Any:
    """Draw a `when` of so many levels or a few less."""
    when: dict[str, Any] = {"session": draw(st.sampled_from(["s", "x" * 1_000]))}
    while levels > 4:
        key = draw(st.sampled_from(["not", "all", "any"]))
        when = {key: when} if key == "not" else {key: [when]}
        levels -= 1 if key == "not" else 2
    return {"operation": "startArchive", **when}


Put = Callable[[Tenant, Any], Any]


def rule_that_compares(tenant: Tenant, data: Any) -> Any:
    document = data.draw(documents(MAX_DEPTH - 4))
    when = {"operation": "startArchive", "body": {"name": {"equals": document}}}
    return tenant.client.post(url(tenant, "/faults"), json={"when": when, "then": "conflict"})


def rule_with_conditions(tenant: Tenant, data: Any) -> Any:
    when = data.draw(conditions(MAX_DEPTH - 2))
    return tenant.client.post(url(tenant, "/faults"), json={"name": "r" * 100, "when": when, "then": "conflict"})


def rule_that_answers(tenant: Tenant, data: Any) -> Any:
    status = {"status": 500, "body": data.draw(documents(MAX_DEPTH - 4)), "headers": {"x-a": "x" * 1_000}}
    when = {"operation": "listRenders"}
    return tenant.client.post(url(tenant, "/faults"), json=[{"when": when, "then": {"status": status}}] * 3)


def rules_with_patterns(tenant: Tenant, data: Any) -> Any:
    tests = [{"body": {"name": {"matches": f"a{{100}}{number}"}}} for number in range(100)]
    return tenant.client.post(
        url(tenant, "/faults"), json={"when": {"operation": "startArchive", "any": tests}, "then": "conflict"}
    )


def archive(tenant: Tenant, data: Any) -> Any:
    body = {"sessionId": tenant.session(join=1), "name": "\U0001f600" * 2_000, "unknown": data.draw(documents(60))}
    return tenant.call("POST", "/archive", body)


def signal(tenant: Tenant, data: Any) -> Any:
    body = {"type": "t" * 128, "data": data.draw(st.sampled_from(["\x00" * 8_192, "é" * 4_096, '"' * 8_192]))}
    return tenant.call("POST", f"/session/{tenant.session(join=1)}/signal", body)


def render(tenant: Tenant, data: Any) -> Any:
    session = tenant.session(join=1)
    about = {"sessionId": session, "token": tenant.client_token(session, more=data.draw(documents(MAX_DEPTH - 40)))}
    return tenant.call("POST", "/render", {**about, "url": "https://a.test/" + "x" * 2_000})


def connector(tenant: Tenant, data: Any) -> Any:
    session = tenant.session(join=1)
    about = {"sessionId": session, "token": tenant.client_token(session, connection_data="\U0001f600" * 1_000)}
    return tenant.call(
        "POST", "/connect", {**about, "websocket": {"uri": "wss://a.test/x", "headers": {"a": "é" * 50}}}
    )


def claims(tenant: Tenant, data: Any) -> Any:
    deepest = json.loads('{"a":' * (MAX_DEPTH - 1) + "1" + "}" * (MAX_DEPTH - 1))
    document = data.draw(st.sampled_from([deepest, ["\x00", LARGEST, SMALLEST, 1e308, "\U0001f600"]]))
    token = rest_token(wellknown.PRIVATE_KEY, tenant.id, more=document)
    return tenant.client.get(f"{tenant.root}/archive", headers={"Authorization": f"Bearer {token}"})


def header(tenant: Tenant, data: Any) -> Any:
    inner = json.loads("[" * (MAX_DEPTH - 3) + "1" + "]" * (MAX_DEPTH - 3))
    written = json.dumps({"then": {"status": {"status": 503, "body": inner}}})
    answer = tenant.call("GET", "/archive", headers={"X-Emulator-Fault-Request": written})
    assert answer.status_code == 503, answer.text
    return tenant.call("GET", "/archive")


def name(tenant: Tenant, data: Any) -> Any:
    return tenant.client.patch(url(tenant), json={"name": data.draw(st.sampled_from(["\x00", "é" * 100, "a" * 100]))})


def participants(tenant: Tenant, data: Any) -> Any:
    path = url(tenant, f"/sessions/{tenant.session()}/participants")
    return tenant.client.post(path, json={"data": "\x00" * 1_000, "streams": [{"name": "\U0001f600" * 200}]})


def webhook(tenant: Tenant, data: Any) -> Any:
    address = "http://127.0.0.1:9/" + "x" * 2_000
    return tenant.client.patch(url(tenant), json={"webhooks": {"session_created": {"address": address}}})


def pack(tenant: Tenant, data: Any) -> Any:
    return tenant.client.put(url(tenant, "/scenarios/largest"), json={"parameters": {"text": "\U0001f600" * 3_000}})


INPUTS: list[Put] = [
    rule_that_compares, rule_with_conditions, rule_that_answers, rules_with_patterns, archive, signal, render,
    connector, claims, header, name, participants, webhook, pack,
]  # fmt: skip


def url(tenant: Tenant, path: str = "") -> str:
    return f"/_emulator/applications/{tenant.id}{path}"


def write_pack(folder: Path) -> None:
    """Write a pack that is as deep as it may be: JSON is YAML."""
    levels = MAX_DEPTH - 7  # the pack, its rules, one of them, when, body, name, equals
    deepest = json.loads("[" * levels + '"${text}"' + "]" * levels)
    when = {"operation": "startArchive", "body": {"name": {"equals": deepest}}}
    content = {
        "name": "largest",
        "description": "d" * 1_000,
        "parameters": {"text": {"type": "string", "default": "x"}},
        "rules": [{"name": "r", "when": when, "then": "conflict"}],
    }
    (folder / "largest.yaml").write_text(json.dumps(content))


@contextmanager
def opened(store: str, folder: Path) -> Iterator[TestClient]:
    app = create_app(Settings(store=store, scenario_dir=folder))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def ways_out(client: TestClient, tenant: Tenant) -> dict[str, Any]:
    """Read everything that can be read; return the snapshot."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        if "get" in methods and path.startswith("/_emulator") and not path.endswith("/stream"):
            named = path.replace("{application}", tenant.id)
            if "{" in named:
                listed = client.get(named.partition("/{")[0])
                items = listed.json().get("items", []) if listed.status_code == 200 else []
                found = [each.get("id") or each.get("name") or each.get("number") for each in items][:5]
                asked = [re.sub(r"{\w+}", str(each), named) for each in found if each]
            else:
                asked = [named]
            for each in asked:
                answer = client.get(each)
                assert answer.status_code < 500, (each, answer.text[:300])
    events = client.get(url(tenant, "/events")).json()
    assert orjson.dumps(events)  # what the stream sends
    expected = {"operation": "startArchive", "atLeast": 0, "body": {"name": 1}}
    verified = client.post(url(tenant, "/requests/verify"), json={"calls": [expected], "order": []})
    assert verified.status_code in (200, 409), verified.text
    snapshot: dict[str, Any] = client.get(url(tenant, "/snapshot")).json()
    return snapshot


def different(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the parts in which two snapshots differ: they are long."""
    return [name for name in one | other if one.get(name) != other.get(name)]


@pytest.fixture(
    params=["memory", *(pytest.param(name, marks=pytest.mark.extended) for name in ("sqlite", "postgresql"))]
)
def new_store(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """Returns the URL of a store for each example."""
    if request.param == "memory":
        return lambda folder: "memory"
    if request.param == "sqlite":
        return lambda folder: f"sqlite:///{folder / 'world.db'}"
    server, numbers = request.getfixturevalue("postgres_server"), iter(range(10_000))
    return lambda folder: str(server.new_database(f"largest{next(numbers)}"))


@given(data=st.data())
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_what_is_accepted_can_be_stored_shown_and_put_back(new_store: Callable[[Path], str], data: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pack(folder)
        store = new_store(folder)
        with opened(store, folder) as client:
            tenant = Tenant(client, id="11111111-2222-4333-8444-555555555555")
            tenant.control("POST", "/clock", {"action": "freeze"})
            for put in INPUTS:
                answer = put(tenant, data)
                assert answer.status_code < 300, (put.__name__, answer.text[:500])
            before = ways_out(client, tenant)
            tenant.control("PUT", "/checkpoints/all")
            tenant.control("POST", "/checkpoints/all/restore")
            assert different(ways_out(client, tenant), before) == []
            assert client.put(url(tenant, "/snapshot"), json=before).status_code == 200
            everything = client.get("/_emulator/snapshot")
            assert client.put("/_emulator/snapshot", content=everything.content).status_code == 200
            assert different(ways_out(client, tenant), before) == []
            for path, status in (("/archive", 200), ("/render", 500)):  # a rule answers 500
                assert tenant.call("GET", path).status_code == status
            before = ways_out(client, tenant)
        if store != "memory":
            with opened(store, folder) as client:
                assert different(ways_out(client, tenant), before) in ([], ["head"])  # the journal's last number


@pytest.mark.extended
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rules_that_cannot_be_written_are_not_there_either(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"sqlite:///{tmp_path / 'world.db'}" if kind == "sqlite" else request.getfixturevalue("database")
    kept, lost = ({"name": name, "when": {"operation": "dial"}, "then": "conflict"} for name in ("kept", "lost"))
    with opened(store, tmp_path) as client:
        tenant = Tenant(client)
        tenant.control("POST", "/faults", kept)
        with monkeypatch.context() as patched:
            patched.setattr(Mirror, "_faults_of", lambda *_: orjson.dumps(2**70))
            assert client.post(url(tenant, "/faults"), json=lost).status_code == 503
        assert [each["name"] for each in tenant.control("GET", "/faults")["items"]] == ["kept"]
        tenant.control("POST", "/faults", {**lost, "name": "later"})
    with opened(store, tmp_path) as client:
        listed = client.get(url(tenant, "/faults")).json()["items"]
        assert [each["name"] for each in listed] == ["kept", "later"]
