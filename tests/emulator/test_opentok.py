"""The OpenTok dialect: numeric projects, their two headers, XML where it is spoken, callbacks registered by REST.

Facts: fidelity/rest-and-archives.md 1, 2.2, 3.2, sdk-wire.md 1 to 3.
"""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from emulator.spec import opentok
from emulator.spec.responses import ErrorBody
from emulator.testing.receiver import Receiver
from tests.emulator.local import NOBODY, Tenant, emulator

JSON = {"Accept": "application/json"}
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def opentok_token(tenant: Tenant, **claims: Any) -> str:
    now = int(time.time())
    content = {"iss": tenant.made["apiKey"], "ist": "project", "iat": now, "exp": now + 300, **claims}
    kept = {name: value for name, value in content.items() if value is not None}
    return jwt.encode(kept, tenant.made["apiSecret"], algorithm="HS256")


def call(
    tenant: Tenant, method: str, path: str, json: Any = None, headers: Mapping[str, str | None] = JSON, **options: Any
) -> Response:
    """Call as an OpenTok SDK does: by the api key, without any header that is given as None."""
    given = {"X-OPENTOK-AUTH": opentok_token(tenant), "User-Agent": "x", **headers}
    if json is not None:
        options["json"] = json
    url = path[1:] if path.startswith("//") else f"/v2/project/{tenant.made['apiKey']}{path}"
    sent = {name: value for name, value in given.items() if value is not None}
    return tenant.client.request(method, url, headers=sent, **options)


def session(tenant: Tenant, join: int = 0) -> str:
    session_id: str = call(tenant, "POST", "//session/create").json()[0]["session_id"]
    if join:
        tenant.join(session_id, join)
    return session_id


# Who is let in


def test_api_key_and_secret_in_the_old_header(tenant: Tenant) -> None:
    key, secret = tenant.made["apiKey"], tenant.made["apiSecret"]
    for value, status, message in (
        (f"{key}:{secret}", 200, None),
        (f" {key}:{secret} ", 200, None),
        (f"{key}:wrong", 403, "Invalid signature"),
        (f"{key}", 403, "Invalid signature"),
        (f"{key}:é", 403, "Invalid signature"),
        (f"{tenant.id}:{secret}", 403, "Issuer not found"),
        (":", 403, "Issuer not found"),
        ("", 403, "Issuer not found"),
    ):
        headers = {b"X-TB-PARTNER-AUTH": value.encode(), b"Accept": b"application/json"}
        answer = tenant.client.get(f"/v2/partner/{key}/archive", headers=headers)
        assert (answer.status_code, answer.json().get("message")) == (status, message), value


def test_the_old_header_is_for_the_project_in_the_path_only(client: TestClient, tenant: Tenant) -> None:
    other = Tenant(client)
    headers = {"X-TB-PARTNER-AUTH": f"{tenant.made['apiKey']}:{tenant.made['apiSecret']}"}
    answer = client.get(f"/v2/project/{other.made['apiKey']}/archive", headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "Id in the token does not match the id provided in the url",
    )


def test_the_old_header_names_the_project_of_a_new_session(tenant: Tenant) -> None:
    headers = {"X-TB-PARTNER-AUTH": f"{tenant.made['apiKey']}:{tenant.made['apiSecret']}", **JSON}
    assert tenant.client.post("/session/create", headers=headers).json()[0]["project_id"] == tenant.made["apiKey"]


@pytest.mark.parametrize(("ist", "status"), [("project", 200), ("account", 200), (None, 200), ("x", 403), (7, 403)])
def test_the_type_of_an_issuer(tenant: Tenant, ist: object, status: int) -> None:
    answer = call(tenant, "GET", "/archive", headers={"X-OPENTOK-AUTH": opentok_token(tenant, ist=ist)})
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["message"] == "Invalid signature"


def test_an_application_token_in_the_opentok_header_speaks_for_the_application(tenant: Tenant) -> None:
    """One SDK sends it there in its Vonage mode; its sessions belong to the application id."""
    answer = tenant.client.post("/session/create", headers={"X-OPENTOK-AUTH": tenant.token, **JSON})
    assert answer.json()[0]["project_id"] == tenant.id


def test_lax_believes_the_old_header(request: pytest.FixtureRequest) -> None:
    with emulator(auth="lax") as client:
        answer = client.post("/session/create", headers={"X-TB-PARTNER-AUTH": "4711:anything", **JSON})
        assert answer.json()[0]["project_id"] == "4711"


# XML


@pytest.mark.parametrize("accept", [None, "*/*", "text/xml", "application/xml, */*", "application/json;q=0, */*"])
def test_a_session_is_made_in_xml_unless_json_is_asked_for(tenant: Tenant, accept: str | None) -> None:
    answer = call(tenant, "POST", "//session/create", headers={"Accept": accept or ""})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml")
    assert answer.text.startswith(XML + "<sessions><Session><session_id>")
    (made,) = ElementTree.fromstring(answer.text)
    assert [field.tag for field in made] == ["session_id", "partner_id", "create_dt"]
    assert made.findtext("partner_id") == tenant.made["apiKey"]
    assert call(tenant, "GET", f"/session/{made.findtext('session_id')}/stream").status_code == 404


@pytest.mark.parametrize("accept", ["application/json", "application/json; q=0.9, */*", "APPLICATION/JSON"])
def test_a_session_is_made_in_json_when_json_is_asked_for(tenant: Tenant, accept: str) -> None:
    answer = call(tenant, "POST", "//session/create", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()[0]["partner_id"] == tenant.made["apiKey"]


def test_applications_are_never_answered_in_xml(tenant: Tenant) -> None:
    for accept in ("*/*", "application/xml"):
        answer = tenant.call("POST", "//session/create", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json"


def test_an_opentok_sdk_with_a_bearer_token_gets_its_session_in_xml(tenant: Tenant) -> None:
    """The .NET SDK in its application mode reads nothing else; it is told by its user agent."""
    headers = {"User-Agent": "Opentok-DotNet-SDK/3.16.0", "Accept": ""}
    answer = tenant.call("POST", "//session/create", headers=headers)
    assert answer.headers["content-type"] == "text/xml"
    assert f"<partner_id>{tenant.id}</partner_id>" in answer.text


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/session/{session}/signal", "*/*", "application/xml"),
        ("/session/{session}/signal", "", "application/json"),
        ("/session/{session}/play-dtmf", "*/*", "application/xml"),
        ("/session/{session}/mute", "*/*", "application/json"),
        ("/archive", "", "application/json"),
        ("/session/{session}/signal", "application/xml", "application/xml"),
        ("/session/{session}/signal", "application/json", "application/json"),
        ("/archive", "*/*", "application/json"),
        ("/archive", "application/json", "application/json"),
        ("/archive", "text/xml", "application/xml"),
    ],
)
def test_a_refusal_speaks_as_its_service_does(tenant: Tenant, path: str, accept: str, media_type: str) -> None:
    headers = {"X-OPENTOK-AUTH": opentok_token(tenant, iss="123"), "Accept": accept}
    answer = call(tenant, "POST", path.format(session=session(tenant)), {}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, media_type)
    if media_type == "application/xml":
        text = "<code>-1</code><message>Issuer not found</message><description>Issuer not found</description>"
        assert answer.text == f"{XML}<errorPayload>{text}</errorPayload>"
    else:
        assert answer.json()["message"] == "Issuer not found"


def test_an_empty_list_is_no_refusal(client: TestClient) -> None:
    """The contract of the specification answers an empty list where the service refuses."""
    tenant = Tenant(client, contract="spec")
    for path in ("stream", "connection"):
        answer = call(tenant, "GET", f"/session/{session(tenant)}/{path}", headers={"Accept": "*/*"})
        assert (answer.status_code, answer.json()) == (200, {"count": 0, "items": []})


def test_what_a_caller_wrote_cannot_break_the_xml(tenant: Tenant) -> None:
    body = {"type": "a", "data": "b" * 10_000, "<&]]>": 1}
    answer = call(tenant, "POST", f"/session/{session(tenant)}/signal", body, headers={"Accept": "*/*"})
    assert ElementTree.fromstring(answer.text).findtext("code") == "-1"
    tenant.control("PATCH", "", {"documentedLimits": "refuse"})
    answer = call(tenant, "POST", "//session/create", headers={"Accept": "*/*"}, content="location=<%26>%01")
    assert answer.status_code == 400
    assert "&lt;&amp;&gt;" in answer.text
    refused = opentok.refusal(ErrorBody(400, "\x00<").response())
    assert ElementTree.fromstring(bytes(refused.body)).findtext("message") == "?<"
    ElementTree.fromstring(answer.text)


def test_a_fault_is_told_in_xml_too_and_one_with_a_body_of_its_own_is_not(tenant: Tenant) -> None:
    headers = {"Accept": "*/*", "X-Emulator-Fault-Request": "internal"}
    answer = call(tenant, "POST", "//session/create", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/xml")
    assert answer.headers["x-emulator-fault"] == "request"
    headers["X-Emulator-Fault-Request"] = '{"status": {"status": 418, "body": {"message": "tea"}}}'
    answer = call(tenant, "POST", "//session/create", headers=headers)
    assert (answer.status_code, answer.json()) == (418, {"message": "tea"})


# Numbers


def test_archives_and_broadcasts_have_numbers_where_old_sdks_want_them(tenant: Tenant) -> None:
    number = int(tenant.made["apiKey"])
    sid = session(tenant, join=2)
    archive = call(tenant, "POST", "/archive", {"sessionId": sid}).json()
    assert (archive["partnerId"], archive["projectId"], archive["applicationId"]) == (number, number, str(number))
    outputs: dict[str, Any] = {"outputs": {"hls": {}}}
    broadcast = call(tenant, "POST", "/broadcast", {"sessionId": sid, **outputs}).json()
    assert (broadcast["partnerId"], broadcast["projectId"]) == (number, number)
    assert "applicationId" not in broadcast
    by_id = tenant.call("GET", f"/archive/{archive['id']}").json()
    assert by_id["applicationId"] == tenant.id
    assert not by_id.keys() & {"partnerId", "projectId"}


# Lists that one SDK pages through


def test_streams_and_connections_can_be_read_in_parts(tenant: Tenant) -> None:
    sid = session(tenant, join=3)
    for path, key in (("stream", "id"), ("connection", "connectionId")):
        whole = call(tenant, "GET", f"/session/{sid}/{path}").json()
        assert (whole["count"], len(whole["items"])) == (3, 3)
        part = call(tenant, "GET", f"/session/{sid}/{path}?offset=1&count=1").json()
        assert (part["count"], [item[key] for item in part["items"]]) == (3, [whole["items"][1][key]])
        assert call(tenant, "GET", f"/session/{sid}/{path}?offset=3&count=50").json()["items"] == []
        assert call(tenant, "GET", f"/session/{sid}/{path}?count=x").status_code == 400


# Registered callbacks


def register(tenant: Tenant, **fields: Any) -> Response:
    return call(tenant, "POST", "/callback", {"group": "connection", "event": "created", "url": "http://x", **fields})


def test_a_callback_is_registered_listed_and_removed(tenant: Tenant) -> None:
    made = register(tenant)
    assert made.status_code == 200
    assert made.json() == {
        "id": made.json()["id"],
        "group": "connection",
        "event": "created",
        "url": "http://x",
        "createdAt": made.json()["createdAt"],
    }
    assert call(tenant, "GET", "/callback").json() == [made.json()]
    assert call(tenant, "DELETE", f"/callback/{made.json()['id']}").status_code == 204
    assert call(tenant, "GET", "/callback").json() == []
    again = call(tenant, "DELETE", f"/callback/{made.json()['id']}")
    assert (again.status_code, again.json()["message"]) == (404, "Not found. No such callback is registered.")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"group": "conection"}, "group: must be one of session, connection"),
        ({"group": None}, "group: is required"),
        ({"group": 7}, "group: "),
        ({"event": "status"}, "event: must be one of created, destroyed with group connection"),
        ({"url": "ftp://x"}, "url: "),
        ({"url": "http://"}, "url: must be an http"),
        ({"url": "http://a b"}, "url: must be an http"),
        ({"url": "http://[::1"}, "url: must be an http"),
        ({"url": "http://host:99999/"}, "url: must be an http"),
        ({"url": None}, "url: is required"),
    ],
)
def test_a_callback_that_makes_no_sense(tenant: Tenant, fields: dict[str, Any], field: str) -> None:
    answer = register(tenant, **fields)
    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_a_registered_callback_is_told_in_numbers_until_it_is_removed(tenant: Tenant) -> None:
    with Receiver(secret=tenant.made["signatureSecret"]) as receiver:
        ids = [
            register(tenant, group=group, event=event, url=receiver.url).json()["id"]
            for group, event in (("stream", "created"), ("archive", "status"), ("archive", "status"))
        ]
        sid = session(tenant, join=1)
        archive = call(tenant, "POST", "/archive", {"sessionId": sid}).json()["id"]
        call(tenant, "DELETE", f"/callback/{ids[1]}")
        call(tenant, "POST", f"/archive/{archive}/stop")
        tenant.control("POST", "/clock", {"action": "idle"})
        told = [each.json for each in receiver.received()]
    assert {each.get("projectId") for each in told} == {tenant.made["apiKey"], int(tenant.made["apiKey"])}
    assert [each["event"] for each in told if each["event"] != "archive"] == ["streamCreated"]
    statuses = [each["status"] for each in told if each["event"] == "archive"]
    assert statuses == ["started", "started", "stopped", "uploaded", "available"]


def test_a_reset_forgets_registered_callbacks(tenant: Tenant) -> None:
    register(tenant)
    tenant.control("POST", "/reset")
    assert call(tenant, "GET", "/callback").json() == []


# Fields that nothing reads


@pytest.mark.parametrize(
    ("method", "path", "body", "unread"),
    [
        ("GET", "/archive?count=1&offset=0&session_id=&sort=asc&sort=desc", None, ["?sort"]),
        ("GET", "/render?sessionId=x", None, ["?sessionId"]),
        ("GET", "/session/{session}/stream?count=1&page=2", None, ["?page"]),
        ("GET", "/callback?count=1", None, ["?count"]),
        ("POST", "/archive/{archive}/stop?force=1", {"reason": "enough", "why": {"x": 1}}, ["reason", "why", "?force"]),
        ("GET", "/archive/{archive}", {}, []),
        ("DELETE", "/archive/" + NOBODY, {"quietly": True}, []),  # refused: nobody got as far as reading
        ("PUT", "/archive/{archive}/layout", {"type": "pip", "stylesheets": ""}, ["stylesheets"]),
        ("POST", "//session/create?location=1", None, ["?location"]),
        ("POST", "/callback", {"group": "archive", "event": "status", "url": "http://x", "secret": "s"}, ["secret"]),
    ],
)
def test_what_was_sent_and_read_by_nothing_is_in_the_journal(
    tenant: Tenant, method: str, path: str, body: Any, unread: list[str]
) -> None:
    sid = session(tenant, join=1)
    archive = call(tenant, "POST", "/archive", {"sessionId": sid}).json()["id"]
    call(tenant, method, path.format(session=sid, archive=archive), body)
    assert tenant.control("GET", "/requests?limit=1")["items"][0]["unread"] == unread
