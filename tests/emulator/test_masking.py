"""Credentials of other people's services are masked where calls are shown; what is compared is what was sent."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from emulator.security.masking import masked
from tests.emulator.local import Tenant

SECRET = "hunter2hunter2"
TRICKY = 'hun"ter\\2,}:@/ \u017c'

BODIES: dict[str, tuple[str, str, Any]] = {
    "a trunk": ("POST", "/dial", {"sip": {"uri": "sip:a@b.test", "auth": {"username": "u", "password": SECRET}}}),
    "a SIP URI": ("POST", "/dial", {"sip": {"uri": f"sip:u:{SECRET}@b.test;transport=tls"}}),
    "a secure SIP URI": ("POST", "/dial", {"sip": {"uri": f"sips:u:{SECRET}@b.test"}}),
    "a stream's name": (
        "POST", "/broadcast", {"outputs": {"rtmp": [{"serverUrl": "rtmp://a.test/x", "streamName": SECRET}]}},
    ),
    "an RTMP server": (
        "POST", "/broadcast", {"outputs": {"rtmp": [{"serverUrl": f"rtmps://u:{SECRET}@a.test/x", "streamName": "x"}]}},
    ),
    "a WebSocket": ("POST", "/connect", {"websocket": {"uri": f"wss://u:{SECRET}@a.test/x"}}),
    "headers of a WebSocket": (
        "POST", "/connect", {"websocket": {"uri": "ws://a.test/x", "headers": {"AUTHORIZATION": f"Bearer {SECRET}"}}},
    ),
    "a page": ("POST", "/render", {"url": f"https://u:{SECRET}@a.test/page", "properties": {"name": "x"}}),
    "S3": (
        "PUT", "/archive/storage", {"type": "s3", "config": {"accessKey": "a", "secretKey": SECRET, "bucket": "b"}},
    ),
    "Azure": (
        "PUT", "/archive/storage",
        {"type": "azure", "config": {"accountName": "a", "accountKey": SECRET, "container": "c"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_call_is_shown_without_credentials_of_others(
    tenant: Tenant, kind: str, indent: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    method, path, body = BODIES[kind]
    session = tenant.session(join=1)
    body = {"sessionId": session, "token": tenant.client_token(session), **body} if method == "POST" else body
    for more in ({}, {"count": "x"}):
        content = json.dumps({**body, **more}, indent=indent)
        answer = tenant.call(method, path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500
    assert answer.status_code in (200, 201, 202, 204, 409), answer.text
    shown = tenant.client.get(f"/_emulator/applications/{tenant.id}/requests").text
    assert "********" in shown
    assert SECRET not in shown
    assert SECRET not in caplog.text
    for path in ("calls", "connectors"):
        assert SECRET not in tenant.client.get(f"/_emulator/applications/{tenant.id}/{path}").text


def test_what_is_compared_is_what_was_sent(tenant: Tenant) -> None:
    session = tenant.session(join=1)
    sip = {"uri": "sip:a@b.test", "auth": {"username": "u", "password": SECRET}}
    when = {"operation": "dial", "body": {"sip.auth.password": SECRET}}
    rule = {"when": when, "then": "conflict"}
    assert tenant.client.post(f"/_emulator/applications/{tenant.id}/faults", json=rule).status_code == 201
    body = {"sessionId": session, "token": tenant.client_token(session), "sip": sip}
    assert tenant.call("POST", "/dial", body).status_code == 409
    verify = f"/_emulator/applications/{tenant.id}/requests/verify"
    assert tenant.client.post(verify, json={"calls": [when]}).status_code == 200


@pytest.mark.parametrize("secret", [SECRET, TRICKY, "", "********", "a" * 5_000])
@pytest.mark.parametrize("name", ["password", "secretKey", "accountKey", "streamName", "Authorization"])
def test_json_stays_json(secret: str, name: str) -> None:
    for indent in (None, 1):
        for ascii_ in (True, False):
            text = json.dumps({"a": [{name: secret, "b": secret}], name + "2": "x"}, indent=indent, ensure_ascii=ascii_)
            expected = {"a": [{name: "********" if secret else "", "b": secret}], name + "2": "x"}
            assert json.loads(masked(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"a":"12:30@home"}', "sip:alice@example.com", "https://example.com/a:b@c", '{"password":null}',
     "rtmp://host:1935/app", '{"password":{"a":1}}', "mailto:a:b@c.test", "https:\\/\\/example.com\\/x"],
)  # fmt: skip
def test_what_has_no_credentials_stays_as_it_is(text: str) -> None:
    assert masked(text) == text
