"""The `spec` contract answers as the specification says to all that its schemas allow."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.emulator.local import Tenant, emulator
from tests.emulator.test_errors import ROWS
from tests.spec.document import Listed, operations, values

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
EXAMPLES = 12
QUICKLY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # what fails is small, and is not made smaller
    suppress_health_check=list(HealthCheck),
)
WITH_BODY = [each for each in operations().values() if each.schema is not None]
LISTS = [each for each in operations().values() if each.query]
STARTED = {"archiveId": "/archive", "broadcastId": "/broadcast", "renderId": "/render"}


@pytest.fixture(scope="module")
def client() -> Any:
    with emulator() as client:
        yield client


@pytest.fixture(scope="module")
def spec(client: TestClient) -> Tenant:
    return Tenant(client, contract="spec")


class Scene:
    """A session in which what an operation needs is there: two people, and what it is about."""

    def __init__(self, tenant: Tenant, operation: Listed) -> None:
        self.tenant = tenant
        self.sid = tenant.session(join=2)
        stream = tenant.call("GET", f"/session/{self.sid}/stream").json()["items"][0]["id"]
        self.token = tenant.client_token(self.sid)
        self.ids = {
            "applicationId": tenant.id,
            "sessionId": self.sid,
            "streamId": stream,
            "captionsId": str(uuid.uuid4()),
        }
        if "connectionId" in operation.path or "Dtmf" in operation.id:
            call = {"sessionId": self.sid, "token": self.token, "sip": {"uri": "sip:a@localhost"}}
            self.ids["connectionId"] = tenant.call("POST", "/dial", call).json()["connectionId"]
        for name, path in STARTED.items():
            if name in operation.path:
                body = {"sessionId": self.sid, "outputs": {"hls": {}}, "streamMode": "manual"}
                body |= {"token": self.token, "url": "https://localhost/page"} if name == "renderId" else {}
                self.ids[name] = tenant.call("POST", path, body).json()["id"]

    def known(self, body: Any) -> Any:
        """Return a body whose ids are of things that are there: what is not there is another matter."""
        if isinstance(body, list):
            return [self.known(each) for each in body]
        if not isinstance(body, dict):
            return body
        places = {"sessionId": self.sid, "token": self.token}
        places |= dict.fromkeys(("addStream", "removeStream", "id"), self.ids["streamId"])
        return {key: places[key] if key in places else self.known(value) for key, value in body.items()}

    def path(self, operation: Listed) -> str:
        filled = re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], operation.path)
        root = f"/project/{self.tenant.id}"
        return filled.removeprefix(root) if filled.startswith(root) else "/" + filled


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda each: each.id)
def test_whatever_a_schema_allows_gets_an_answer_that_is_listed(spec: Tenant, operation: Listed) -> None:
    assert operation.schema is not None

    @QUICKLY
    @given(values(operation.schema))
    def holds(asked: dict[str, Any]) -> None:
        scene = Scene(spec, operation)
        body = scene.known(asked)
        if operation.form:
            words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in body.items()}
            answer = spec.call(operation.method, scene.path(operation), data=words)
        else:
            answer = spec.call(operation.method, scene.path(operation), body)
        problem = operation.refuses(answer.status_code, answer.json() if answer.content else None)
        assert not problem, (problem, body, answer.text)

    holds()


@pytest.mark.parametrize("operation", LISTS, ids=lambda each: each.id)
def test_lists_take_any_page_that_the_schemas_allow(spec: Tenant, operation: Listed) -> None:
    scene = Scene(spec, operation)
    spec.call("POST", "/archive", {"sessionId": scene.sid})
    spec.call("POST", "/broadcast", {"sessionId": scene.sid, "outputs": {"hls": {}}})

    @QUICKLY
    @given(st.fixed_dictionaries({}, optional={name: values(schema) for name, schema in operation.query.items()}))
    def holds(query: dict[str, Any]) -> None:
        answer = spec.call(operation.method, scene.path(operation), params=query)
        problem = operation.refuses(answer.status_code, answer.json())
        assert not problem, (problem, query, answer.text)

    holds()


@pytest.mark.parametrize("operation", operations().values(), ids=lambda each: each.id)
def test_every_operation_answers_as_listed_to_what_is_usual(spec: Tenant, operation: Listed) -> None:
    usual: dict[str, Any] = {
        "sessionId": "", "token": "", "sip": {"uri": "sip:a@localhost"}, "url": "https://localhost/page",
        "outputs": {"hls": {}, "rtmp": [{"serverUrl": "rtmp://localhost", "streamName": "a"}]},
        "type": "bestFit", "data": "x", "digits": "1", "active": True, "addStream": "", "items": [],
    }  # fmt: skip
    properties = (operation.schema or {}).get("properties", {})
    scene = Scene(spec, operation)
    body = scene.known({name: value for name, value in usual.items() if name in properties})
    if operation.id == "stopCaptions":
        spec.call("POST", f"/captions/{scene.ids['captionsId']}/start", {"sessionId": scene.sid, "token": scene.token})
    if operation.id == "deleteArchive":
        spec.call("POST", f"/archive/{scene.ids['archiveId']}/stop")
    answer = spec.call(
        operation.method, scene.path(operation), body if operation.schema and not operation.form else None
    )
    assert not operation.refuses(answer.status_code, answer.json() if answer.content else None), answer.text
    assert answer.status_code < 300


@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_a_broadcast_that_has_ended_has_a_status_of_the_specification(spec: Tenant, status: str) -> None:
    scene = Scene(spec, operations()["getBroadcast"])
    spec.control("POST", f"/broadcasts/{scene.ids['broadcastId']}/transition", {"status": status})
    for operation in ("getBroadcast", "listBroadcasts"):
        answer = spec.call("GET", scene.path(operations()[operation]))
        assert not operations()[operation].refuses(answer.status_code, answer.json()), answer.text
    shown = spec.call("GET", f"/broadcast/{scene.ids['broadcastId']}").json()
    assert shown["status"] == "stopped"


def unlisted() -> set[tuple[str, int]]:
    """Return what the page says of refusals that the specification does not list: operation and status."""
    table = PAGE.partition("<!-- unlisted -->")[2].partition("<!-- /unlisted -->")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\d, ]+) \|", table, re.MULTILINE)
    return {(operation, int(status)) for operation, statuses in rows for status in statuses.split(", ")}


def test_what_is_refused_by_state_with_a_status_that_is_not_listed_is_on_the_page(client: TestClient) -> None:
    found = set()
    for _, _, provoke, *_ in ROWS:
        tenant = Tenant(client, contract="spec")
        answer = provoke(tenant)
        (exchange,) = tenant.control("GET", "/requests?limit=1")["items"]
        listed = operations().get(exchange["operation"])
        if listed is not None and answer.status_code >= 400 and answer.status_code not in listed.answers:
            found.add((exchange["operation"], answer.status_code))
    assert found == unlisted(), found ^ unlisted()
