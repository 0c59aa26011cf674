"""Documents of many values: what a door accepts is stored, shown and put back; what could not be is refused there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.settings import Settings
from emulator.tenants.snapshots import now
from scenarios import engine
from state import snapshots
from state.nesting import MAX_VALUES
from tests.emulator.local import Tenant

Values = Callable[[int], Any]

SHAPES: dict[str, Values] = {
    "empty lists": lambda count: [[]] * count,
    "empty objects": lambda count: [{}] * count,
    "texts": lambda count: [""] * count,
    "texts like brackets": lambda count: ["[{,"] * count,
    "members": lambda count: {f"{number}": 0 for number in range(count)},
    "pairs": lambda count: [[0]] * (count // 2),
}


def url(tenant: Tenant, path: str = "") -> str:
    return f"/_emulator/applications/{tenant.id}{path}"


def rule(shape: Values, count: int) -> dict[str, Any]:
    """Return a rule with about so many values in all, few less and none more."""
    return {"when": {"operation": "startArchive", "body": {"name": {"equals": shape(count - 12)}}}, "then": "conflict"}


def texts(count: int) -> list[str]:
    return [""] * (count - 12)


def posted_rule(tenant: Tenant, count: int) -> Any:
    return tenant.client.post(url(tenant, "/faults"), content=compact(rule(SHAPES["pairs"], count)))


def put_rule(tenant: Tenant, count: int) -> Any:
    return tenant.client.put(url(tenant, "/faults/named"), content=compact(rule(SHAPES["members"], count)))


def listed_rules(tenant: Tenant, count: int) -> Any:
    rules = [rule(SHAPES["empty lists"], count // 3)] * (2 if count <= MAX_VALUES else 4)
    return tenant.client.post(url(tenant, "/faults"), content=compact(rules))


def classes(tenant: Tenant, count: int) -> Any:
    session = tenant.session(join=1)
    (stream,) = tenant.call("GET", f"/session/{session}/stream").json()["items"]
    body = {"items": [{"id": stream["id"], "layoutClassList": texts(count)}]}
    return tenant.call("PUT", f"/session/{session}/stream", content=compact(body))


def people(tenant: Tenant, count: int) -> Any:
    path = url(tenant, f"/sessions/{tenant.session()}/participants")
    return tenant.client.post(path, content=compact({"streams": [{"layoutClassList": texts(count)}]}))


def headers(tenant: Tenant, count: int) -> Any:
    session = tenant.session(join=1)
    sip = {"uri": "sip:a@b.test", "headers": {f"X-{number}": "" for number in range(min(count - 12, 70_000))}}
    more = {"unknown": [0] * max(0, count - 70_020)}
    body = {"sessionId": session, "token": tenant.client_token(session), "sip": sip, **more}
    return tenant.call("POST", "/dial", content=compact(body))


def unknown(tenant: Tenant, count: int) -> Any:
    return tenant.call("POST", "/archive", content=compact({"sessionId": tenant.session(join=1), "x": texts(count)}))


DOORS: list[Callable[[Tenant, int], Any]] = [posted_rule, put_rule, listed_rules, classes, people, headers, unknown]


def compact(document: Any) -> bytes:
    return orjson.dumps(document)


@contextmanager
def opened(store: str) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(store=store)), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.extended
@pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql"])
def test_as_many_values_as_a_door_accepts_are_put_back_and_more_are_refused_there(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if store == "sqlite":
        store = f"sqlite:///{tmp_path / 'world.db'}"
    elif store == "postgresql":
        store = request.getfixturevalue("database")
    with opened(store) as client:
        tenant = Tenant(client, id="11111111-2222-4333-8444-555555555555")
        tenant.control("POST", "/clock", {"action": "freeze"})
        for door in DOORS:
            accepted = door(tenant, MAX_VALUES)
            assert accepted.status_code < 300, (door.__name__, accepted.text[:300])
            refused = door(tenant, MAX_VALUES + 60)
            assert refused.status_code == 400, (door.__name__, refused.text[:300])
            assert "values" in refused.text
        taken = client.get(url(tenant, "/snapshot"))
        assert client.get(url(tenant, "/faults")).status_code == 200
        assert client.get(url(tenant, "/requests?limit=1000")).status_code == 200
        assert client.put(url(tenant, "/snapshot"), content=taken.content).status_code == 200
        tenant.control("PUT", "/checkpoints/seed")
        tenant.control("POST", "/reset")
        assert client.put("/_emulator/snapshot", content=taken.content).status_code == 200
        again = client.get(url(tenant, "/snapshot")).json()
        assert [name for name, part in taken.json().items() if again[name] != part] == []
    if store != "memory":
        with opened(store) as client:
            kept = client.get(url(tenant, "/snapshot")).json()
            assert [name for name, part in again.items() if kept[name] != part] in ([], ["head"])


@pytest.mark.parametrize("shape", SHAPES)
def test_rules_that_are_too_many_values_together_are_refused_by_rule_pack_and_snapshot(
    tmp_path: Path, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_VALUES", 4_000)
    written = rule(SHAPES[shape], 1_800)
    pack = {"name": "heavy", "description": "d", "rules": [{**written, "name": f"r{number}"} for number in range(2)]}
    (tmp_path / "heavy.yaml").write_text(json.dumps(pack))
    settings = Settings(scenario_dir=tmp_path, data_dir=tmp_path)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        tenant = Tenant(client)
        statuses = [client.post(url(tenant, "/faults"), content=compact(written)).status_code for _ in range(4)]
        assert statuses == [201, 201, 400, 400]
        document = client.get(url(tenant, "/snapshot")).json()
        assert client.put(url(tenant, "/snapshot"), content=compact(document)).status_code == 200
        refused = client.put(url(tenant, "/scenarios/heavy"))
        assert (refused.status_code, "4000 values" in refused.text) == (400, True), refused.text[:300]
        first, _ = document["faults"]["rules"]
        document["faults"]["rules"].append({**first, "rule": {**first["rule"], "name": "third"}, "number": 3})
        for path in (url(tenant, "/snapshot"), "/_emulator/snapshot"):
            refused = client.put(path, content=compact(document))
            assert (refused.status_code, "4000 values" in refused.text) == (400, True), refused.text[:300]
        assert client.delete(url(tenant, "/faults")).status_code == 204
        assert client.put(url(tenant, "/scenarios/heavy")).status_code == 200


@pytest.mark.parametrize("shape", SHAPES)
def test_long_lists_in_depth_are_not_written_as_a_line_for_each_value(shape: str) -> None:
    deep: Any = SHAPES[shape](2_000)
    for _ in range(40):
        deep = {"a": deep}
    dumped = {"schema": 1, "faults": {"rules": [{"rule": deep}] * 2, "fates": {}, "number": 2}}
    plain = len(orjson.dumps(dumped))
    written = now(snapshots.write(dumped))
    assert json.loads(written)["faults"]["rules"][1]["rule"] == deep
    assert len(written) < 3 * plain + 10_000
