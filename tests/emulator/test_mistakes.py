"""Mistakes that people make: each gets a message that says where it is and what to write instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from emulator.control import ControlRoutes
from emulator.settings import SettingsError, read_settings
from tests.emulator.local import Tenant
from tests.scenarios.driver import Driver


def refusal(tenant: Tenant, method: str, path: str, **options: Any) -> dict[str, str]:
    """Return the error of a control call below the application, or of `path` itself if it has the prefix."""
    url = path if path.startswith("/_emulator") else f"/_emulator/applications/{tenant.id}{path}"
    refused = tenant.client.request(method, url, **options)
    assert 400 <= refused.status_code < 500, (path, options, refused.text)
    error: dict[str, str] = refused.json()["error"]
    return error


PEOPLE = "/sessions/{session}/participants"
BODIES: list[tuple[str, str, Any, str, str]] = [
    ("POST", PEOPLE, {"count": 1, "name": "x"}, "name", "did you mean streams[].name?"),
    ("POST", PEOPLE, {"layoutClassList": []}, "layoutClassList", "did you mean streams[].layoutClassList?"),
    ("POST", PEOPLE, {"userName": "x"}, "userName", "allowed: count, data, role, streams, token, migrates"),
    ("POST", PEOPLE, {"streams": [{"nme": "x"}]}, "streams.0.nme", "did you mean name?"),
    ("POST", PEOPLE, {"streams": [{"role": "x"}]}, "streams.0.role", "allowed: name, videoType, hasAudio, hasVideo, "),
    ("POST", PEOPLE, {"streams": ["x"]}, "streams.0", "allowed: name, videoType, hasAudio, hasVideo, layoutClassList"),
    ("POST", PEOPLE, {"role": "moderater"}, "role", "did you mean moderator?"),
    ("POST", "/_emulator/applications", {"secret": "x"}, "secret", "did you mean apiSecret or signatureSecret?"),
    ("POST", "/_emulator/applications", {"address": "x"}, "address", "did you mean webhooks.*.address?"),
    ("POST", "/_emulator/applications", {"pace": "instnat"}, "pace", "did you mean instant?"),
    ("POST", "/clock", {"action": "resume", "rate": 2}, "rate", "did you mean speed?"),
    ("POST", "/clock", {"action": "resum"}, "action", "did you mean resume?"),
    ("POST", "/clock", {"action": "advance", "ms": 1}, "ms", "allowed: action, seconds, speed, at"),
    ("PUT", "/scenarios/rate-limited", {"allowed": 1}, "allowed", "did you mean parameters.allowed?"),
    (
        "PATCH",
        "",
        {"webhooks": {"archive": {"address": "http://x"}}},
        "webhooks.archive",
        "did you mean archive_status?",
    ),
    (
        "PATCH",
        "",
        {"webhooks": {"archive_status": {"url": "x"}}},
        "webhooks.archive_status.url",
        "did you mean address?",
    ),
    ("PATCH", "", {"webhooks": {"archive_status": "http://x"}}, "webhooks.archive_status", 'write {"archive_status": '),
    ("POST", "/callbacks/hold", {"type": "archive"}, "type", "allowed: event, ids"),
    ("POST", "/callbacks/hold", {"event": "archiv"}, "event", "did you mean archive?"),
    ("POST", "/callbacks/reorder", {"id": ["x"]}, "id", "did you mean ids?"),
    ("POST", "/reset", {"what": "all"}, "what", ""),
    ("DELETE", "/faults", {"name": "x"}, "name", ""),
]


@pytest.mark.parametrize(("method", "path", "body", "field", "suggestion"), BODIES)
def test_a_wrong_body_is_told_what_stands_at_that_place(
    tenant: Tenant, method: str, path: str, body: Any, field: str, suggestion: str
) -> None:
    error = refusal(tenant, method, path.format(session=tenant.session()), json=body)
    assert error["field"] == field
    assert error.get("suggestion", "").startswith(suggestion)
    assert suggestion or error["message"] == "this call takes no body"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"id": "my-app"}, "must be a UUID in lower case, as 11111111-1111-4111-8111-111111111111"),
        ({"id": "11111111-1111-4111-8111-11111111111A"}, "must be a UUID in lower case"),
        ({"apiKey": "abc"}, "must be a number of up to 18 digits, as text"),
        ({"webhooks": {"archive_status": {"address": "ftp://x"}}}, "must be an http:// or https:// URL"),
    ],
)
def test_what_is_written_in_a_form_is_told_the_form_in_words(tenant: Tenant, body: Any, message: str) -> None:
    assert refusal(tenant, "POST", "/_emulator/applications", json=body)["message"].startswith(message)


FAULTS: list[tuple[Any, str, str]] = [
    ({"then": "409"}, "then.409", "did you mean conflict?"),
    ({"then": 409}, "then.409", "did you mean conflict?"),
    ({"then": 418}, "then.418", 'write {"status": {"status": 418}}'),
    ({"then": {"status": 503}}, "then.status", 'write {"status": {"status": 503}}'),
    ({"then": {"latency": 300}}, "then.latency", 'write {"latency": {"ms": 300}}'),
    ({"then": {"delay": 300}}, "then.delay", "did you mean latency?"),
    ({"then": {"conflict": {"msg": "x"}}}, "then.conflict.msg", "allowed: message, code"),
    ({"then": ["conflict"]}, "then", "allowed: latency, "),
    ({"then": "conflict", "when": {"op": "dial"}}, "when.op", "did you mean operation?"),
    ({"then": "conflict", "when": "dial"}, "when", 'write {"when": {"operation": "dial"}}'),
    ({"then": "conflict", "operation": "dial"}, "operation", "did you mean when.operation?"),
    ({"then": "conflict", "nth": 2}, "nth", "did you mean when.nth?"),
    ({"effect": "conflict"}, "effect", "did you mean then?"),
    ({"then": "conflict", "count": 2}, "count", "did you mean times?"),
    ({"then": "conflict", "if": {}}, "if", "did you mean when?"),
    ({"then": "conflict", "enabled": True}, "enabled", "allowed: name, when, then, position, times, priority"),
]


@pytest.mark.parametrize(("rule", "field", "suggestion"), FAULTS)
def test_a_rule_in_another_form_is_shown_the_form(tenant: Tenant, rule: Any, field: str, suggestion: str) -> None:
    error = refusal(tenant, "POST", "/faults", json=rule)
    assert error["field"] == field
    assert error["suggestion"].startswith(suggestion)


@pytest.mark.parametrize("rule", [rule for rule, _, suggestion in FAULTS if suggestion.startswith("write ")])
def test_what_a_suggestion_says_to_write_can_be_written(tenant: Tenant, rule: dict[str, Any]) -> None:
    suggestion = json.loads(refusal(tenant, "POST", "/faults", json=rule)["suggestion"].removeprefix("write "))
    mended = {**rule, **(suggestion if "when" in suggestion else {"then": suggestion})}
    tenant.control("POST", "/faults", mended)


QUERIES = [
    ("/events?typ=archive", "typ", "did you mean type?"),
    ("/events?typ=archive&wait=10", "typ", "did you mean type?"),
    ("/events?since=3", "since", "allowed: after, type, subject, session, wait, limit"),
    ("/archives?state=started", "state", "did you mean status?"),
    ("/requests?op=startArchive", "op", "did you mean operation?"),
    ("/callbacks?state=failed&wait=10", "state", "did you mean status?"),
    ("/callbacks?sessionId=x", "sessionId", "did you mean session?"),
    ("/clock?now", "now", "this call takes none"),
    ("/requests?limt=1", "limt", "did you mean limit?"),
    ("/_emulator/ready?x=1", "x", "this call takes none"),
    ("/_emulator/requests?operation=x", "operation", "allowed: limit"),
]


@pytest.mark.parametrize(("path", "parameter", "suggestion"), QUERIES)
def test_an_unknown_query_parameter_is_refused_at_once(
    tenant: Tenant, path: str, parameter: str, suggestion: str
) -> None:
    error = refusal(tenant, "GET", path)
    assert error["field"] == parameter
    assert error["suggestion"] == suggestion


def test_every_control_call_refuses_what_it_does_not_read(client: TestClient, tenant: Tenant) -> None:
    looked_at = 0
    for call in ControlRoutes()._calls:
        if not call.include_in_schema:
            continue
        assert isinstance(call, APIRoute)
        path = "/_emulator" + call.path_format.format_map(_Any(application=tenant.id))
        for method in call.methods or ():
            refused = client.request(method, path, params={"nosuch": "1"})
            looked_at += 1
            assert refused.status_code in (400, 404), (method, path, refused.text)
            error = refused.json()["error"]
            # What the path names may be missing too: that is told first where it decides what may be asked.
            assert error.get("field") == "nosuch" or refused.status_code == 404, (method, path, error)
            if call.body_field is None and method != "PUT":
                refused = client.request(method, path, json={"nosuch": 1})
                assert refused.status_code in (400, 404), (method, path, refused.text)
    assert looked_at > 60


class _Any(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"action":\n "freeze"', "the body is not JSON: Expecting ',' delimiter at line 2, column 10"),
        (b"{\"action\": 'freeze'}", "the body is not JSON: Expecting value at line 1, column 12"),
        (b"{\n\n  action: 1}", "at line 3, column 3"),
        (b"[1", "the body is not JSON: Expecting ',' delimiter at line 1, column 3"),
        (b"", "a JSON body is required"),
    ],
)
def test_a_body_that_is_no_json_is_told_where(tenant: Tenant, content: bytes, message: str) -> None:
    assert message in refusal(tenant, "POST", "/clock", content=content)["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "", "DELETE, GET, PATCH"),
        ("POST", "", "DELETE, GET, PATCH"),
        ("PATCH", "/clock", "GET, POST"),
        ("POST", "/faults/x", "DELETE, GET, PUT"),
        ("DELETE", "/_emulator/health", "GET"),
        ("PUT", "/_emulator/applications", "GET, POST"),
    ],
)
def test_a_method_that_is_not_allowed_is_told_all_that_are(
    tenant: Tenant, method: str, path: str, allowed: str
) -> None:
    url = path if path.startswith("/_emulator") else f"/_emulator/applications/{tenant.id}{path}"
    refused = tenant.client.request(method, url, json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert refused.json()["error"]["suggestion"] == f"allowed: {allowed}"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/_emulator/helth", "/_emulator/health"),
        ("/_emulator/application", "/_emulator/applications"),
        ("/_emulator/scenario", "/_emulator/scenarios"),
        ("/event", "/events"),
        ("/fault", "/faults"),
        ("/sesions/x/participants", "/sessions/x/participants"),
    ],
)
def test_an_unknown_path_is_told_the_nearest(tenant: Tenant, path: str, meant: str) -> None:
    root = f"/_emulator/applications/{tenant.id}"
    error = refusal(tenant, "GET", path)
    assert error["suggestion"] == f"did you mean {meant if meant.startswith('/_emulator') else root + meant}?"


def test_an_unknown_application_is_told_where_they_are_listed(tenant: Tenant) -> None:
    assert "GET /_emulator/applications" in refusal(tenant, "GET", "/_emulator/applications/x")["suggestion"]


SETTINGS = [
    ({}, {}, "httpPrt: 1", "emulator.yaml: httpPrt: there is no such setting; did you mean httpPort?"),
    ({}, {}, "http_prt: 1", "emulator.yaml: http_prt: there is no such setting; did you mean httpPort?"),
    ({}, {}, "port: 1", "emulator.yaml: port: there is no such setting; did you mean httpPort or httpsPort?"),
    ({}, {}, "httpPort: x", "emulator.yaml: httpPort: Input should be a valid integer"),
    (
        {},
        {},
        "applications: [{secret: x}]",
        "applications.0.secret: there is no such setting; did you mean apiSecret or ",
    ),
    ({}, {}, "applications: [{id: x}]", "emulator.yaml: applications.0.id: must be a UUID in lower case"),
    ({}, {}, "applications: [{webhooks: {archive: {address: http://x}}}]", "did you mean archive_status?"),
    ({}, {"HTTP_PORT": "x"}, "", "VONAGE_EMULATOR_HTTP_PORT: Input should be a valid integer"),
    (
        {},
        {"PACE": "instnat"},
        "",
        "VONAGE_EMULATOR_PACE: Input should be 'realistic', 'fast' or 'instant' (got 'instnat'); ",
    ),
    ({}, {"PORT": "9000"}, "", "did you mean VONAGE_EMULATOR_HTTP_PORT or VONAGE_EMULATOR_HTTPS_PORT?"),
    ({}, {"APPLICATIONS": "x"}, "", "VONAGE_EMULATOR_APPLICATIONS: expected JSON"),
    ({}, {"STORE": "redis://x"}, "", "VONAGE_EMULATOR_STORE: must be memory, sqlite:///FILE or"),
    ({"store": "sqlite"}, {}, "", "--store: must be memory, sqlite:///FILE or"),
    ({"seed_file": 3}, {}, "", "--seed: "),
    ({"tls_names": 3}, {}, "", "--tls-name: "),
    (
        {"http_port": 70000},
        {"HTTP_PORT": "1"},
        "httpPort: 2",
        "--http-port: Input should be less than or equal to 65535",
    ),
]


@pytest.mark.parametrize(("flags", "variables", "file", "message"), SETTINGS)
def test_a_wrong_setting_is_called_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    flags: dict[str, Any],
    variables: dict[str, str],
    file: str,
    message: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"VONAGE_EMULATOR_{name}", value)
    path = tmp_path / "emulator.yaml"
    path.write_text(file)
    with pytest.raises(SettingsError) as error:
        read_settings(path if file else None, **flags)
    assert message in str(error.value)
    assert "Value error" not in str(error.value)


LINKS = {
    "VONAGE_EMULATOR_SERVICE_HOST": "10.0.0.7",
    "VONAGE_EMULATOR_SERVICE_PORT": "8080",
    "VONAGE_EMULATOR_SERVICE_PORT_HTTP": "8080",
    "VONAGE_EMULATOR_PORT": "tcp://10.0.0.7:8080",
    "VONAGE_EMULATOR_PORT_8080_TCP": "tcp://10.0.0.7:8080",
    "VONAGE_EMULATOR_PORT_8080_TCP_PROTO": "tcp",
    "VONAGE_EMULATOR_PORT_8080_TCP_PORT": "8080",
    "VONAGE_EMULATOR_PORT_8080_TCP_ADDR": "10.0.0.7",
    # A Service named vonage-emulator-http; its variable is called as a setting.
    "VONAGE_EMULATOR_HTTP_SERVICE_HOST": "10.0.0.8",
    "VONAGE_EMULATOR_HTTP_PORT": "tcp://10.0.0.8:80",
    "VONAGE_EMULATOR_HTTP_PORT_80_TCP_ADDR": "10.0.0.8",
}


def test_service_links_of_kubernetes_are_no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in LINKS.items():
        monkeypatch.setenv(name, value)
    assert read_settings().http_port == 8080
    path = tmp_path / "emulator.yaml"
    path.write_text("httpPort: 18080")
    assert read_settings(path).http_port == 18080
    assert read_settings(path, http_port=28080).http_port == 28080


def test_a_seed_that_is_none_is_told_what_one_is(tenant: Tenant) -> None:
    error = refusal(tenant, "PUT", "/snapshot", json={})
    assert error["field"] == "schema"
    assert "GET …/snapshot" in error["message"]


def test_the_hint_survives_a_fault_in_a_header(user: Driver, tenant: Tenant) -> None:
    refused = tenant.call("GET", "/archive", headers={"X-Emulator-Fault-Request": '{"then": {"latency": 300}}'})
    assert 'write {"latency": {"ms": 300}}' in json.loads(refused.content)["message"]
