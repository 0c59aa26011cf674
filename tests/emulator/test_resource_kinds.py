"""Every kind of resource is declared on the wire, in the control API and on the page, with all that it needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.control.resources.registry import VIEWS
from emulator.control.resources.view import ResourceView
from emulator.resources.registry import PARAMETERS, WIRE_KINDS
from emulator.resources.wire_kind import WireKind
from emulator.service.operations import OPERATIONS
from emulator.spec.schemas.bodies import paths
from emulator.webhooks import WEBHOOKS
from state.project_records import STATUS
from state.resources import RESOURCE_KINDS, RESOURCES
from tests.emulator.local import Tenant
from tests.emulator.test_resources import start

each_wire_kind = pytest.mark.parametrize("wire_kind", WIRE_KINDS.values(), ids=lambda each: each.kind.name)


def test_every_kind_is_declared_on_the_wire_and_in_the_control_api() -> None:
    assert list(WIRE_KINDS) == [view.kind.name for view in VIEWS] == list(RESOURCE_KINDS)
    assert all(WIRE_KINDS[view.kind.name].kind is view.kind for view in VIEWS)


def test_a_parameter_of_paths_with_a_status_means_one_kind() -> None:
    found = {name for each in OPERATIONS for name in re.findall(r"{(\w+)}", each.path)}
    assert set(PARAMETERS) <= found
    unnamed = [each.kind.name for each in WIRE_KINDS.values() if not each.parameter]
    assert len(PARAMETERS) == len(WIRE_KINDS) - len(unnamed)
    assert not [name for name in unnamed if f"{name}Id" in found]


@each_wire_kind
def test_what_names_one_is_a_field_of_a_body(wire_kind: WireKind) -> None:
    bodies = [set(paths(each.body)) for each in OPERATIONS if each.body is not None]
    assert all(any(name in body for body in bodies) for name in wire_kind.naming)
    named = "names" in vars(wire_kind.kind.type)
    assert bool(wire_kind.naming) is named


@pytest.mark.parametrize("name", [f"{each.kind.name} {field}" for each in WIRE_KINDS.values() for field in each.naming])
def test_rules_know_one_by_what_a_request_named_it(client: TestClient, name: str) -> None:
    kind, _, field = name.partition(" ")
    outer, _, inner = field.partition(".")
    tenant = Tenant(client)
    resource = RESOURCE_KINDS[kind]
    found = start(tenant, resource.plural, tenant.session(join=1), **{outer: {inner: "mine"} if inner else "mine"})
    app = client.app.state.services.world.find(tenant.id)  # type: ignore[attr-defined]
    assert "mine" in app[resource.type].get(found).names


@each_wire_kind
def test_callbacks_tell_events_of_their_kind(wire_kind: WireKind) -> None:
    kind = wire_kind.kind
    assert set(wire_kind.callbacks) <= set(kind.events)
    assert {each.webhook for each in wire_kind.callbacks.values()} <= set(WEBHOOKS)
    assert bool(kind.registrable) is bool(wire_kind.callbacks)
    assert set(kind.registrable) - {STATUS} <= set(wire_kind.callbacks)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.kind.plural)
def test_the_control_api_lists_reads_and_forces_each(client: TestClient, view: ResourceView[Any]) -> None:
    root = f"/_emulator/applications/{{application}}/{view.kind.plural}"
    described = client.get("/openapi.json").json()["paths"]
    for path, method in ((root, "get"), (root + "/{resource}", "get"), (root + "/{resource}/transition", "post")):
        assert described[path][method]["tags"] == ["Resources"]
        assert described[path][method]["description"].lower().find(view.kind.name) > 0


def test_each_is_counted_listed_and_in_snapshots(client: TestClient) -> None:
    tenant = Tenant(client)
    counts, snapshot = tenant.control("GET", "")["counts"], tenant.control("GET", "/snapshot")
    for kind in RESOURCES:
        assert counts[kind.plural] == tenant.control("GET", f"/{kind.plural}")["count"] == 0
        assert snapshot[kind.name] == []


def test_the_page_knows_each(client: TestClient) -> None:
    source = Path("emulator/dashboard/js/kinds.js").read_text()
    assert re.findall(r"^  (\w+): \{$", source, re.MULTILINE) == [kind.plural for kind in RESOURCES]
    assert re.findall(r"cycle: '(\w+)'", source) == [kind.name for kind in RESOURCES]
