"""Who is let in, and with which body the others are refused (fidelity/rest-and-archives.md 2.2, 3, 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from starlette.testclient import TestClient

from emulator import wellknown
from tests.emulator.local import Tenant, emulator, rest_token


def from_now(claims: dict[str, Any]) -> dict[str, Any]:
    """Return claims whose times, in s, are counted from now."""
    now = int(time.time())
    times = {
        name: now + value for name, value in claims.items() if name in ("iat", "exp", "nbf") and type(value) is int
    }
    return {**claims, **times}


def refused(tenant: Tenant, token: str | None, header: str = "Authorization") -> tuple[int, dict[str, Any]]:
    value = token if header != "Authorization" or token is None else f"Bearer {token}"
    answer = tenant.client.get(tenant.root + "/archive", headers={} if value is None else {header: value})
    return answer.status_code, answer.json()


def body(message: str, code: int | None = -1) -> dict[str, Any]:
    text = {"message": message, "description": message}
    return text if code is None else {"code": code, **text}


def unsigned(application_id: str) -> str:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'application_id': application_id, 'iat': int(time.time())})}."


@pytest.mark.parametrize(
    ("claims", "message", "code"),
    [
        ({"exp": -10}, "Token has expired", -1),
        ({"exp": None, "iat": -901}, "Token has expired", -1),
        ({"nbf": 600}, "Token is not valid yet", -1),
        ({"nbf": "soon"}, "Invalid token format", -1),
        ({"iat": None, "exp": None}, "Token has neither iat nor exp", -1),
        ({"iat": 600}, "issued time cannot be greater than current time", -1),
        ({"iat": "soon"}, "Invalid token format", -1),
        ({"exp": True}, "Invalid token format", -1),
        ({"application_id": None}, "Invalid issuer format", -1),
        ({"application_id": 7}, "Invalid issuer format", -1),
        ({"application_id": "0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33"}, "Issuer not found", -1),
        ({"scope": "session.connect"}, "Unauthorized token", 10002),
    ],
)  # fmt: skip
def test_a_bearer_token_with_wrong_claims(tenant: Tenant, claims: dict[str, Any], message: str, code: int) -> None:
    token = rest_token(tenant.made["privateKey"], tenant.id, **from_now(claims))
    assert refused(tenant, token) == (403, body(message, code))


@pytest.mark.parametrize("claims", [{"exp": None}, {"jti": None}, {"iat": None}, {"iss": "x", "ist": "project"}])
def test_what_sdks_leave_out_or_add_is_accepted(tenant: Tenant, claims: dict[str, Any]) -> None:
    assert refused(tenant, rest_token(tenant.made["privateKey"], tenant.id, **claims))[0] == 200


def test_a_signature_of_another_key(client: TestClient, tenant: Tenant) -> None:
    other = Tenant(client, own_key=True)
    assert refused(tenant, rest_token(other.made["privateKey"], tenant.id)) == (403, body("Invalid signature"))


def test_the_public_key_is_no_shared_secret(tenant: Tenant) -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    claims = json.dumps({"application_id": tenant.id, "iat": int(time.time()), "exp": int(time.time()) + 60})
    signed = header + b"." + base64.urlsafe_b64encode(claims.encode()).rstrip(b"=")
    mac = hmac.new(tenant.made["publicKey"].encode(), signed, hashlib.sha256).digest()
    token = signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")
    assert refused(tenant, token.decode()) == (403, body("Invalid signature"))


def test_unsigned_and_unreadable_tokens(tenant: Tenant) -> None:
    for token in (unsigned(tenant.id), "x", "a.b.c", "", "..", "x" * 10_000):
        assert refused(tenant, token)[1]["message"] in ("Invalid token format",)


def test_no_token_or_another_scheme(tenant: Tenant) -> None:
    expected = (403, {"code": -1, "message": "No suitable authentication found"})
    assert refused(tenant, None) == expected
    assert refused(tenant, "Basic YTpi", header="authorization") == expected


def test_the_application_of_the_token_must_be_that_of_the_path(client: TestClient, tenant: Tenant) -> None:
    mismatch = body("Id in the token does not match the id provided in the url", None)
    other = Tenant(client)
    for root in (other.root, "/v2/project/nobody", f"/v2/project/{other.made['apiKey']}"):
        tenant.root = root
        answer = tenant.call("GET", "/archive")
        assert (answer.status_code, answer.json()) == (403, mismatch)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"exp": 299}, 200),
        ({"iat": 0, "exp": 300}, 200),
        ({"iss": "key"}, 403),
        ({"nbf": 60}, 403),
        ({"exp": -1}, 403),
        ({"iss": "1"}, 403),
        ({"ist": None, "jti": None}, 200),
    ],
)
def test_an_opentok_token(tenant: Tenant, claims: dict[str, Any], status: int) -> None:
    issued = int(time.time())
    content = {"iss": tenant.made["apiKey"], "ist": "project", "iat": issued, "exp": issued + 180, **from_now(claims)}
    content = {name: value for name, value in content.items() if value is not None}
    token = jwt.encode(content, tenant.made["apiSecret"], algorithm="HS256")
    tenant.root = f"/v2/project/{tenant.made['apiKey']}"
    assert refused(tenant, token, "X-OPENTOK-AUTH")[0] == status


def test_an_opentok_session_is_made_in_xml_unless_json_is_asked_for(tenant: Tenant) -> None:
    issued = int(time.time())
    content = {"iss": tenant.made["apiKey"], "iat": issued, "exp": issued + 300}
    token = jwt.encode(content, tenant.made["apiSecret"], algorithm="HS256", headers={"ist": "project"})
    headers = {"X-OPENTOK-AUTH": token, "Accept": "*/*"}
    answer = tenant.client.post("/session/create", headers=headers, content="p2p.preference=enabled")
    assert answer.headers["content-type"] == "text/xml"
    assert f"<partner_id>{tenant.made['apiKey']}</partner_id>" in answer.text
    answer = tenant.client.post("/session/create", headers={**headers, "Accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()[0]["partner_id"] == tenant.made["apiKey"]


def test_a_changed_secret_or_deleted_application_ends_remembered_tokens(client: TestClient) -> None:
    tenant = Tenant(client)
    assert tenant.call("GET", "/archive").status_code == 200
    tenant.client.delete(f"/_emulator/applications/{tenant.id}")
    assert tenant.call("GET", "/archive").json()["message"] == "Issuer not found"


def test_tenants_see_nothing_of_each_other(client: TestClient) -> None:
    one, two = Tenant(client), Tenant(client)
    sid = one.session(join=1)
    archive = one.archive(sid)
    assert two.call("GET", "/archive").json() == {"count": 0, "items": []}
    assert two.call("GET", f"/archive/{archive}").status_code == 404
    assert two.call("POST", "/archive", {"sessionId": sid}).status_code == 404
    assert two.control("GET", "/requests")["items"][0]["path"].startswith(f"/v2/project/{two.id}/")


def t1(tenant: Tenant, session_id: str, role: str, expires: int) -> str:
    payload = urlencode(
        {"session_id": session_id, "create_time": int(time.time()), "expire_time": expires, "role": role}
    )
    signature = hmac.new(tenant.made["apiSecret"].encode(), payload.encode(), hashlib.sha1).hexdigest()
    return "T1==" + base64.b64encode(f"partner_id={tenant.made['apiKey']}&sig={signature}:{payload}".encode()).decode()


def test_client_tokens_of_every_kind_start_captions_if_they_are_a_moderators(tenant: Tenant) -> None:
    sid, other = tenant.session(join=1), tenant.session()
    issued = int(time.time())
    hs256 = {"iss": tenant.made["apiKey"], "ist": "project", "iat": issued, "exp": issued + 60, "session_id": sid}

    def opentok(role: str) -> str:
        return jwt.encode({**hs256, "role": role, "scope": "session.connect"}, tenant.made["apiSecret"])

    good = [
        tenant.client_token(sid),
        tenant.client_token(sid, initial_layout_class_list=["a"], sub=None, acl=None),
        opentok("moderator"),
        t1(tenant, sid, "moderator", int(time.time()) + 600),
    ]
    bad = [
        tenant.client_token(other),
        tenant.client_token(sid, "publisher"),
        tenant.client_token(sid, exp=int(time.time()) - 1),
        tenant.client_token(sid, iat=int(time.time()), exp=int(time.time()) + 31 * 86_400),
        tenant.token,
        opentok("subscriber"),
        t1(tenant, sid, "moderator", int(time.time()) - 1),
        t1(tenant, sid, "moderator", int(time.time()) + 600)[:-8],
        tenant.client_token(sid, exp=10**400),
        tenant.client_token(sid, exp=None, iat=None),
        tenant.client_token(sid, "king"),
        "T1==é",
        "T1==!",
        "nonsense",
    ]
    for token in bad:
        assert tenant.call("POST", "/captions", {"sessionId": sid, "token": token}).status_code == 403, token
    for token in good:
        started = tenant.call("POST", "/captions", {"sessionId": sid, "token": token})
        assert started.status_code == 202, started.text
        tenant.call("POST", f"/captions/{started.json()['captionsId']}/stop")


def test_the_data_of_the_token_becomes_that_of_the_connection(tenant: Tenant) -> None:
    sid = tenant.session(join=1)
    token = tenant.client_token(sid, "publisher", connection_data="phone")
    tenant.call("POST", "/dial", {"sessionId": sid, "token": token, "sip": {"uri": "sip:a@localhost"}})
    (item,) = tenant.join(
        sid, token=tenant.client_token(sid, "subscriber", data="named", initial_layout_class_list="x y")
    )
    assert (item["data"], item["role"], item["streams"]) == ("named", "subscriber", [])
    everybody = tenant.control("GET", f"/sessions/{sid}/participants")["items"]
    assert [(each["origin"], each["data"]) for each in everybody] == [
        ("client", ""),
        ("call", "phone"),
        ("client", "named"),
    ]


def test_the_status_of_a_refused_token_can_be_401() -> None:
    with emulator(unauthorized_status=401) as client:
        tenant = Tenant(client)
        assert refused(tenant, None)[0] == 401
        tenant.root = "/v2/project/nobody"
        assert tenant.call("GET", "/archive").status_code == 401


def test_lax_mode_believes_anybody_and_makes_applications_on_first_use() -> None:
    with emulator(auth="lax") as client:
        made = client.post("/session/create", headers={"Authorization": "Bearer nonsense"}).json()[0]
        assert made["application_id"] == "00000000-0000-4000-8000-000000000001"
        project = "/v2/project/5d6f2a0c-7a32-4a52-9a42-111111111111"
        assert client.get(project + "/archive").json() == {"count": 0, "items": []}
        token = rest_token(wellknown.PRIVATE_KEY, "5d6f2a0c-7a32-4a52-9a42-222222222222")
        made = client.post("/session/create", headers={"Authorization": f"Bearer {token}"}).json()[0]
        assert made["application_id"] == "5d6f2a0c-7a32-4a52-9a42-222222222222"
        sid = made["session_id"]
        body = {"sessionId": sid, "token": "anything", "sip": {"uri": "sip:a@localhost"}}
        assert client.post(f"/v2/project/{made['application_id']}/dial", json=body).status_code == 200
        assert client.get("/v2/project/4242/archive").status_code == 200


def test_what_cannot_be_written_as_json_is_no_token(tenant: Tenant) -> None:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    header = part('{"alg":"HS256","typ":"JWT"}')
    nested = '{"a":' * 900 + "1" + "}" * 900
    for odd in ('"\\ud800"', nested, "NaN"):
        claims = (
            f'{{"iss":"{tenant.made["apiKey"]}","iat":{int(time.time())},"exp":{int(time.time()) + 60},"jti":{odd}}}'
        )
        signed = f"{header}.{part(claims)}"
        mac = hmac.new(tenant.made["apiSecret"].encode(), signed.encode(), hashlib.sha256).digest()
        token = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
        assert refused(tenant, token, "X-OPENTOK-AUTH")[0] in (200, 403)
    assert tenant.client.get(f"/_emulator/applications/{tenant.id}/requests").status_code == 200


def test_a_client_token_is_no_rest_token_in_either_dialect(tenant: Tenant) -> None:
    issued = int(time.time())
    content = {"iss": tenant.made["apiKey"], "iat": issued, "exp": issued + 86_400, "scope": "session.connect"}
    token = jwt.encode(content, tenant.made["apiSecret"], algorithm="HS256")
    assert refused(tenant, token, "X-OPENTOK-AUTH") == (403, body("Unauthorized token", 10002))


def test_a_remembered_token_is_good_for_the_same_application_made_anew(client: TestClient) -> None:
    same: dict[str, Any] = {"id": "22222222-0000-4000-8000-000000000001", "apiKey": "777777"}
    first = Tenant(client, **same)
    assert first.call("GET", "/archive").status_code == 200
    first.control("DELETE", "")
    second = Tenant(client, **same)
    second.token = first.token
    assert second.call("GET", "/archive").status_code == 200


def test_a_token_speaks_the_dialect_of_its_header_each_time(tenant: Tenant) -> None:
    tenant.client.get(tenant.root + "/archive", headers={"X-OPENTOK-AUTH": tenant.token})
    answer = tenant.client.post("/session/create", headers={"Authorization": f"Bearer {tenant.token}", "Accept": "*/*"})
    assert answer.headers["content-type"] == "application/json"


def test_lax_mode_refuses_names_that_no_application_can_have() -> None:
    with emulator(auth="lax") as client:
        for project in ("9" * 19, "9" * 5000, "a~b", "a%20b"):
            assert client.get(f"/v2/project/{project}/archive").status_code == 400, project
        assert client.get("/_emulator/applications").json()["count"] == 1


SMILE = "\N{GRINNING FACE}"  # twelve characters in JSON


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"initial_layout_class_list": 5}, 403),
        ({"initial_layout_class_list": True}, 403),
        ({"initial_layout_class_list": {"focus": 1}}, 403),
        ({"initial_layout_class_list": ["x" * 500, "y" * 500]}, 403),
        ({"initial_layout_class_list": "x" * 1000}, 200),
        ({"connection_data": "x" * 1001}, 403),
        ({"connection_data": SMILE * 1000, "initial_layout_class_list": [SMILE * 1000]}, 200),
    ],
)  # fmt: skip
def test_the_texts_in_a_client_token_are_what_they_should_be_and_not_too_long(
    tenant: Tenant, claims: dict[str, Any], status: int
) -> None:
    sid = tenant.session(join=1)
    token = tenant.client_token(sid, **claims)
    dialled = tenant.call("POST", "/dial", {"sessionId": sid, "token": token, "sip": {"uri": "sip:a@localhost"}})
    assert dialled.status_code == status, dialled.text
    joined = tenant.client.post(
        f"/_emulator/applications/{tenant.id}/sessions/{sid}/participants", json={"token": token}
    )
    assert joined.status_code == {200: 201, 403: 400}[status], joined.text
