"""The description of the API: complete, true to the declarations, and usable from its page."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.auth.rest_tokens import Authenticator
from emulator.openapi import page
from emulator.openapi.document import CONTROL_REFUSALS
from emulator.service.operations import BY_ID, OPERATIONS
from emulator.settings import Settings
from emulator.spec.operations import Operation
from emulator.spec.schemas.common import Body, parse
from emulator.spec.schemas.responses import ErrorContent, model_of
from tests.emulator.local import Tenant

# The 33 of the specification, and what the live service and SDKs have besides.
SPECIFIED = (
    "createSession listConnections forceDisconnect migrateSession listStreams setStreamClassLists getStream "
    "muteSession muteStream signalSession signalConnection listArchives startArchive getArchive deleteArchive "
    "stopArchive setArchiveLayout selectArchiveStreams listBroadcasts startBroadcast getBroadcast "
    "stopBroadcast setBroadcastLayout selectBroadcastStreams dial playDtmfAll playDtmfConnection startCaptions "
    "stopCaptions listRenders startRender getRender stopRender"
).split()

Json = dict[str, Any]


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings())


@pytest.fixture(scope="module")
def document(app: FastAPI) -> Json:
    found: Json = TestClient(app).get("/openapi.json").json()
    return found


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def of_service(document: Json) -> dict[str, Json]:
    return {each["operationId"]: each for _, _, each in operations(document) if each["operationId"] in BY_ID}


def test_every_operation_is_described_by_its_name(document: Json) -> None:
    assert len(SPECIFIED) == 33
    assert set(SPECIFIED) <= set(BY_ID) == set(of_service(document))


def test_fastapi_sees_every_operation_and_alias(app: FastAPI) -> None:
    seen = {
        (method, route.path) for route in app.routes if isinstance(route, APIRoute) for method in route.methods or ()
    }
    assert {(method, each.full(path)) for each in OPERATIONS for method, path in each.routes} <= seen
    paths = get_openapi(title="", version="", routes=app.routes)["paths"]
    assert {each.full_path for each in OPERATIONS} <= set(paths)


def test_ids_are_readable_and_unique(document: Json) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert [each for each in ids if not re.fullmatch(r"[a-z]+([A-Z][a-z]*)*[0-9]*", each)] == []


def test_nothing_is_left_without_a_description(document: Json) -> None:
    for method, path, operation in operations(document):
        assert operation["description"].strip(), (method, path)
        for status, response in operation["responses"].items():
            assert response["description"].strip(), (method, path, status)
    for operation in of_service(document).values():
        assert all(each["description"] for each in operation["parameters"])


def test_every_reference_leads_somewhere(document: Json, app: FastAPI) -> None:
    text = TestClient(app).get("/openapi.json").text
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])
    assert "$defs" not in text
    assert "HTTPValidationError" not in text


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_an_operation_is_described_as_it_is_declared(document: Json, operation: Operation) -> None:
    described = of_service(document)[operation.id]
    assert ("requestBody" in described) == (operation.body is not None)
    assert {each["name"] for each in described["parameters"] if each["in"] == "query"} == {
        each.name for each in operation.query
    }
    success = described["responses"][str(operation.status)]
    assert ("content" in success) == (bool(operation.response) and "service" not in operation.empty)


def test_an_operation_lists_its_own_refusals_with_their_codes(document: Json) -> None:
    described = of_service(document)
    conflicts = described["startArchive"]["responses"]["409"]["content"]["application/json"]["examples"]
    assert {each["value"]["code"] for each in conflicts.values()} == {15001, 15008}
    assert "409" not in described["getArchive"]["responses"]
    assert described["getStream"]["responses"]["408"]
    assert "408" not in described["getBroadcast"]["responses"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_examples_are_what_they_are_examples_of(document: Json, operation: Operation) -> None:
    described = of_service(document)[operation.id]
    for status, response in described["responses"].items():
        for content in response.get("content", {}).values():
            if status == str(operation.status):
                model = model_of(operation.response)
                TypeAdapter(list[model] if operation.array else model).validate_python(content["example"])  # type: ignore[valid-type]
            else:
                assert content["examples"]
                for each in content["examples"].values():
                    ErrorContent.model_validate(each["value"])
    for content in described.get("requestBody", {}).get("content", {}).values():
        if "example" in content:
            assert operation.body is not None
            assert issubclass(operation.body, Body)
            parse(operation.body, orjson.dumps(content["example"]))


def test_bodies_of_success_are_known() -> None:
    assert all(model_of(each.response) for each in OPERATIONS if each.response)


def test_control_calls_are_described_as_they_refuse(document: Json) -> None:
    """Not with FastAPI's 422, which never comes."""
    for method, path, operation in operations(document):
        if path.startswith("/_emulator"):
            assert "422" not in operation["responses"], path
            assert {"400", "401", "503"} <= set(operation["responses"])
            if "{" in path:
                assert "404" in operation["responses"]
            if method != "get":
                assert {"409", "413"} <= set(operation["responses"])
            for status in operation["responses"].keys() & CONTROL_REFUSALS.keys():
                (content,) = operation["responses"][status]["content"].values()
                assert content["schema"]["$ref"].endswith("/ControlError")


# The page


def test_the_page_shows_the_operations(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    for name in SPECIFIED:
        assert name in page.text


@pytest.mark.parametrize("asset", [r"\bsrc=", r"href=[\"']?https?:", r"url\(", r"@import", r"<link", "cdn"])
def test_the_page_needs_nothing_from_elsewhere(client: TestClient, asset: str) -> None:
    assert re.search(asset, client.get("/docs").text) is None


def test_the_page_has_a_form_for_each_operation(client: TestClient, document: Json) -> None:
    text = client.get("/docs").text
    forms = set(re.findall(r'<form data-method=(\w+) data-path="([^"]*)"', text))
    assert forms == {(method.upper(), path) for method, path, _ in operations(document)}


def test_nothing_but_its_own_script_runs_on_the_page(client: TestClient) -> None:
    shown = client.get("/docs")
    (script,) = re.findall(r"<script>(.*?)</script>", shown.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = shown.headers["content-security-policy"]
    assert f"script-src 'sha256-{digest}'; connect-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\son\w+=|innerHTML|eval\(", shown.text)


def test_the_token_of_the_page_is_good(app: FastAPI) -> None:
    found = re.search(r"id=token value='([^']+)'", TestClient(app).get("/docs").text)
    assert found is not None
    authenticator: Authenticator = app.state.services.authenticator
    assert authenticator.check(f"Bearer {found[1]}", None).app.name


def test_an_operation_that_is_refused_as_declared(client: TestClient) -> None:
    """The examples are true: this one really comes."""
    tenant = Tenant(client)
    tenant.archive(sid := tenant.session(join=1))
    told = tenant.call("POST", "/archive", {"sessionId": sid})
    described = of_service(client.get("/openapi.json").json())["startArchive"]["responses"][str(told.status_code)]
    assert told.json() in [each["value"] for each in described["content"]["application/json"]["examples"].values()]


def test_the_page_names_the_script_it_has() -> None:
    assert page.SCRIPT.count("fetch(") == 1
