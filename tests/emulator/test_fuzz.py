"""Requests made up from our own description of the API: whatever comes, the answer is one that is described."""

from __future__ import annotations

import random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from emulator import wellknown
from emulator.app import create_app
from emulator.settings import Settings
from tests.emulator.local import Tenant, rest_token

pytestmark = pytest.mark.extended

CASES = 30
"""Made-up requests for each operation."""

APP = create_app(Settings(pace="instant"))
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP, config=SchemathesisConfig())
TOKEN = rest_token(wellknown.PRIVATE_KEY, wellknown.APPLICATION_ID)


@pytest.fixture(scope="module")
def world() -> dict[str, str]:
    """Ids of things that are there, so that not every made-up request ends at an unknown id."""
    from starlette.testclient import TestClient

    tenant = Tenant.__new__(Tenant)
    tenant.client, tenant.id, tenant.token = TestClient(APP), wellknown.APPLICATION_ID, TOKEN
    tenant.made = {"privateKey": wellknown.PRIVATE_KEY}
    tenant.root = f"/v2/project/{tenant.id}"
    sid = tenant.session(join=2)
    (first, _) = tenant.call("GET", f"/session/{sid}/connection").json()["items"]
    (stream, _) = tenant.call("GET", f"/session/{sid}/stream").json()["items"]
    return {
        "applicationId": tenant.id,
        "sessionId": sid,
        "connectionId": first["connectionId"],
        "streamId": stream["id"],
        "archiveId": tenant.archive(sid, streamMode="manual"),
        "token": tenant.client_token(sid),
    }


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
KEPT = {"controlDeleteApplication", "controlResetApplication", "controlRestoreWorld", "controlRestoreSnapshot"}
"""Control calls that would leave nothing for those that follow: they are made of an unknown application."""


@SCHEMA.include(path_regex=r"^/(v2|session)").parametrize()
@settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_made_up_request_gets_an_answer_that_is_not_described(case: Any, world: dict[str, str]) -> None:
    chance = random.Random(repr((case.path_parameters, case.body, case.query)))
    for name in case.path_parameters or {}:
        if name in world and (name == "applicationId" or chance.random() < 0.8):
            case.path_parameters[name] = world[name]
    if isinstance(case.body, dict):
        for name in ("sessionId", "token"):
            if name in case.body and chance.random() < 0.8:
                case.body[name] = world[name]
    case.call_and_validate(headers=HEADERS, checks=CHECKS)


@SCHEMA.include(path_regex=r"^/_emulator").exclude(operation_id="controlStreamEvents").parametrize()
@settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_made_up_control_request_gets_an_answer_that_is_not_described(case: Any, world: dict[str, str]) -> None:
    chance = random.Random(repr((case.path_parameters, case.body, case.query)))
    known = {"application": world["applicationId"], "session": world["sessionId"], "connection": world["connectionId"]}
    kept = case.operation.definition.raw["operationId"] in KEPT
    for name in case.path_parameters or {}:
        if name in known and not kept and chance.random() < 0.8:
            case.path_parameters[name] = known[name]
    for name in {"wait", "watch"} & set(case.query or {}):
        case.query[name] = 0
    case.call_and_validate(headers={"Accept": "application/json"}, checks=CHECKS)
