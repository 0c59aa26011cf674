"""Magic values: each selects its outcome, none is hit by accident, and they can be switched off."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from scenarios.magic import DOMAIN, MAGIC, PREFIX, Magic
from scenarios.outcomes import BEGINNINGS
from tests.emulator.faulty import driver
from tests.emulator.local import Tenant
from tests.scenarios.driver import Driver

STARTS = {
    "archive": ("startArchive", ("name", "multiArchiveTag")),
    "broadcast": ("startBroadcast", ("multiBroadcastTag",)),
    "rtmp": ("startBroadcast", ("streamName", "serverUrl")),
    "sip": ("dial", ("uri", "uri")),
    "render": ("startRender", ("url",)),
    "connector": ("connectAudio", ("uri",)),
}


def values(magic: Magic) -> list[dict[str, str]]:
    """Return every way to write a magic value."""
    host = magic.host
    if magic.place == "sip":
        return [{"uri": f"sip:{magic.name}@example.com;transport=tls"}, {"uri": f"sip:bob@{host}:5061"}]
    if magic.place == "rtmp":
        return [{"streamName": magic.name}, {"serverUrl": f"rtmps://{host}/app"}]
    if magic.place in ("render", "connector"):
        field = "url" if magic.place == "render" else "uri"
        return [{field: f"{'https' if field == 'url' else 'wss'}://{host}:8443/page?x=1"}]
    return [{field: magic.name} for field in STARTS[magic.place][1]]


CASES = [(magic, fields) for magic in MAGIC for fields in values(magic)]
IDS = [f"{magic.place}-{magic.word}-{'-'.join(fields)}" for magic, fields in CASES]


def new_user(client: TestClient, **options: Any) -> Driver:
    tenant = Tenant(client, pace="fast", **options)
    tenant.control("POST", "/clock", {"action": "freeze"})
    return driver(tenant)


def ends(user: Driver, magic: Magic) -> str:
    """Return how what was started ended, after a while."""
    user.control("POST", "/clock", {"action": "advance", "seconds": 7})
    if magic.place == "archive":
        user.do("stopArchive")
    user.control("POST", "/clock", {"action": "advance", "seconds": 40})
    if magic.place == "archive":
        return str(user.do("getArchive").json()["status"])
    if magic.place in ("broadcast", "rtmp"):
        broadcast = user.do("getBroadcast").json()
        urls = broadcast["broadcastUrls"] or {}
        return f"{broadcast['status']} {urls.get('hlsStatus')} {(urls.get('rtmp') or [{}])[0].get('status')}"
    if magic.place == "sip":
        return str(user.control("GET", "/calls")["items"][0]["reasonCode"])
    if magic.place == "render":
        return str(user.do("getRender").json().get("reason"))
    return str(user.control("GET", "/events?type=connector")["items"][-1]["type"])


FATES = {
    "upload": "failed",
    "upload-slow": "available",
    "upload-stuck": "stopped",
    "recording": "failed",
    "broadcast": "failed None None",
    "hls": "started error live",
    "offline": "started live offline",
    "error": "started live error",
    "busy": "486",
    "no-answer": "480",
    "timeout": "408",
    "declined": "603",
    "drop": "703",
    "no-media": "704",
    "load": "Could not load URL",
    "crash": "Renderer crashed",
    "handshake": "connector.disconnected",
}


@pytest.mark.parametrize(("magic", "fields"), CASES, ids=IDS)
def test_a_magic_value_selects_its_outcome(client: TestClient, magic: Magic, fields: dict[str, Any]) -> None:
    user = new_user(client)
    answer = user.do(STARTS[magic.place][0], **fields)
    assert answer.is_success, answer.text
    assert answer.headers["x-emulator-fault"] == f"magic:{magic.word}"
    assert user.control("GET", "/requests?limit=1")["items"][0]["fault"] == f"magic:{magic.word}"
    assert ends(user, magic) == FATES[magic.word]


@pytest.mark.parametrize(("magic", "fields"), CASES, ids=IDS)
def test_switched_off_they_are_values_like_others(client: TestClient, magic: Magic, fields: dict[str, Any]) -> None:
    user = new_user(client, magicValues="off")
    answer = user.do(STARTS[magic.place][0], **fields)
    assert answer.is_success, answer.text
    assert "x-emulator-fault" not in answer.headers
    if magic.word != "upload-slow":
        assert ends(user, magic) != FATES[magic.word]


def test_what_only_looks_like_one_does_nothing(client: TestClient) -> None:
    user = new_user(client)
    for operation, fields in (
        ("startArchive", {"name": "my emulator-fail-upload"}),
        ("startArchive", {"name": "emulator-fail-uploads", "multiArchiveTag": "two"}),
        ("startArchive", {"name": "emulator-fail-busy", "multiArchiveTag": "three"}),
        ("dial", {"uri": "sip:busy@example.com"}),
        ("dial", {"uri": "sip:bob@busy.emulator.invalid.example.com"}),
        ("startRender", {"url": "https://example.com/load.emulator.invalid"}),
        ("startBroadcast", {"streamName": "offline"}),
    ):
        answer = user.do(operation, None, **fields)
        assert answer.is_success, answer.text
        assert "x-emulator-fault" not in answer.headers, fields


def test_each_rtmp_target_has_its_own_fate(client: TestClient) -> None:
    user = new_user(client)
    targets = [
        ("a", "emulator-fail-offline"),
        ("b", "fine"),
        ("c", "emulator-fail-error"),
        ("d", "emulator-fail-offline"),
    ]
    rtmp = [{"id": id_, "serverUrl": f"rtmp://{id_}.example.com/app", "streamName": name} for id_, name in targets]
    method, path, body = user.request("startBroadcast")
    body["outputs"]["rtmp"] = rtmp
    broadcast_id = user._call(method, path, body).json()["id"]
    user.control("POST", "/clock", {"action": "advance", "seconds": 2})
    shown = user._call("GET", f"/broadcast/{broadcast_id}").json()["broadcastUrls"]["rtmp"]
    assert [target["status"] for target in shown] == ["offline", "live", "error", "offline"]


def test_automatic_archives_take_them_too(tenant: Tenant) -> None:
    """Their name is given when the session is made; no call starts them."""
    session = tenant.session(join=1, archiveMode="always", archiveName="emulator-fail-recording")
    tenant.advance(6)
    (archive,) = tenant.call("GET", f"/archive?sessionId={session}").json()["items"]
    assert archive["status"] == "failed"


def test_all_are_distinctive_and_lead_somewhere() -> None:
    assert {magic.word for magic in MAGIC} == set(FATES)
    assert PREFIX.startswith("emulator-fail-")
    assert DOMAIN.endswith(".invalid")
    possible = frozenset().union(*BEGINNINGS.values())
    assert {magic.effect for magic in MAGIC} <= possible
