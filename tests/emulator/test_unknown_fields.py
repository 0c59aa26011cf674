"""Fields and parameters that nothing reads: ignored as by the service, or refused where the application asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.local import NOBODY, Tenant

HLS: dict[str, Any] = {"hls": {}}
CASES: list[tuple[str, str, Any, str, str]] = [
    ("POST", "/archive", {"sessionID": "x"}, "sessionID", "did you mean sessionId?"),
    ("POST", "/archive", {"maxBitRate": 200_000}, "maxBitRate", "did you mean maxBitrate?"),
    ("POST", "/archive", {"zzz": 1}, "zzz", "there are: "),
    ("POST", "/archive", {"layout": {"typ": "pip"}}, "layout.typ", "did you mean type?"),
    ("POST", "/broadcast", {"outputs": {**HLS, "hsl": {}}}, "outputs.hsl", "there are: hls, rtmp"),
    (
        "POST",
        "/broadcast",
        {"outputs": {"rtmp": [{"server_url": "a", "serverUrl": "rtmp://example.com/app", "streamName": "a"}]}},
        "outputs.rtmp[].server_url",
        "did you mean serverUrl?",
    ),
    ("POST", "/session/{sid}/signal", {"type": "a", "data": "b", "to": "c"}, "to", "there are: data, type"),
    ("GET", "/archive?sesionId=x", None, "?sesionId", "did you mean sessionId?"),
    ("GET", "/archive?page=2", None, "?page", "there are: count, offset, sessionId, session_id"),
    ("GET", "/session/{sid}/stream?role=x", None, "?role", "there are: count, offset"),
    ("POST", f"/archive/{NOBODY}/stop?force=1", None, "?force", "there are none"),
    ("POST", f"/archive/{NOBODY}/stop", {"reason": "late"}, "reason", "there are none"),
    ("POST", "//session/create", "archivemode=always", "archivemode", "did you mean archiveMode?"),
]


def send(tenant: Tenant, method: str, path: str, body: Any) -> Any:
    sid = tenant.session(join=1)
    full = {"sessionId": sid, **body} if path in ("/archive", "/broadcast") and body else body
    if path == "/broadcast":
        full["outputs"] = {**HLS, **full["outputs"]}
    content = {"content": body} if isinstance(body, str) else {"json": full}
    return tenant.call(method, path.replace("{sid}", sid), **content)


@pytest.mark.parametrize("contract", ["service", "spec"])
@pytest.mark.parametrize(("method", "path", "body", "field", "said"), CASES)
def test_what_nothing_reads_is_refused_where_the_application_asks_for_it(
    client: TestClient, contract: str, method: str, path: str, body: Any, field: str, said: str
) -> None:
    tenant = Tenant(client, unknownFields="refuse", contract=contract)
    response = send(tenant, method, path, body)
    assert response.status_code == 400, response.text
    if contract == "service":
        assert said in response.json()["message"]
    (exchange, *_) = [each for each in tenant.control("GET", "/requests")["items"] if each["status"] == 400]
    assert field in exchange["unread"]
    assert tenant.control("GET", "/archives")["items"] == tenant.control("GET", "/broadcasts")["items"] == []


@pytest.mark.parametrize(("method", "path", "body", "field", "said"), CASES)
def test_the_service_lets_it_be(client: TestClient, method: str, path: str, body: Any, field: str, said: str) -> None:
    tenant = Tenant(client)
    response = send(tenant, method, path, body)
    assert response.status_code in (200, 204, 404), response.text
    assert response.status_code == 404 or any(
        field in each["unread"] for each in tenant.control("GET", "/requests")["items"]
    )


def test_what_is_known_is_taken_by_who_refuses_the_rest(client: TestClient) -> None:
    tenant = Tenant(client, unknownFields="refuse")
    sid = tenant.session(join=1, archiveMode="manual")
    made = tenant.call("POST", "/archive", {"sessionId": sid, "name": "a", "layout": {"type": "bestFit"}})
    assert made.status_code == 200, made.text
    for query in ("", "?offset=0&count=1", f"?sessionId={sid}", f"?session_id={sid}"):
        assert tenant.call("GET", f"/archive{query}").status_code == 200
    nothing: tuple[Any, ...] = (None, {}, [])
    for body in nothing:
        assert tenant.call("POST", f"/session/{sid}/mute", {"active": True}).status_code < 300
        archive = made.json()["id"]
        assert tenant.call("POST", f"/archive/{archive}/stop", body).status_code in (200, 409)
