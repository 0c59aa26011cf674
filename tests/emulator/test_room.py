"""Applications, and what is live in them, are not given up by age: they have a limit that is named where it is met."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.service.operations import OPERATIONS
from emulator.settings import SettingsError
from tests.emulator.local import Tenant, emulator

LARGE = "x" * 20_000
MOST = 60_000


def live(tenant: Tenant) -> dict[str, Any]:
    found: dict[str, Any] = tenant.client.get("/_emulator/info").json()["bytes"]["live"]
    return found


def body_of(tenant: Tenant, operation: str, session: str) -> tuple[str, str, Any]:
    token = {"sessionId": session, "token": tenant.client_token(session)}
    (stream,) = tenant.call("GET", f"/session/{session}/stream").json()["items"]
    return {
        "createSession": ("POST", "//session/create", None),
        "startArchive": ("POST", "/archive", {"sessionId": session}),
        "startBroadcast": ("POST", "/broadcast", {"sessionId": session, "outputs": {"hls": {}}}),
        "dial": ("POST", "/dial", {**token, "sip": {"uri": "sip:a@b.test"}}),
        "startCaptions": ("POST", "/captions", token),
        "startRender": ("POST", "/render", {**token, "url": "https://a.test/xxxxxx"}),
        "connectAudio": ("POST", "/connect", {**token, "websocket": {"uri": "ws://a.test/x"}}),
        "setStreamClassLists": (
            "PUT", f"/session/{session}/stream", {"items": [{"id": stream["id"], "layoutClassList": ["a"]}]},
        ),
    }[operation]  # fmt: skip


CALLS = ("createSession", "startArchive", "startBroadcast", "dial", "startCaptions", "startRender", "connectAudio",
         "setStreamClassLists")  # fmt: skip


def test_operations_that_add_to_what_is_live() -> None:
    assert {each.id for each in OPERATIONS if each.adds} == set(
        "createSession startArchive startBroadcast dial startCaptions startRender connectAudio setStreamClassLists "
        "setStreamClassList setArchiveLayout setBroadcastLayout selectArchiveStreams selectBroadcastStreams".split()
    )


def test_what_is_live_is_counted_until_it_ends_wherever_it_comes_from(tenant: Tenant) -> None:
    before = live(tenant)["used"]
    session = tenant.session(join=3)
    people = live(tenant)["used"]
    assert people > before
    started = tenant.call("POST", "/archive", {"sessionId": session, "name": LARGE}).json()["id"]
    whole = live(tenant)
    assert whole["used"] > people + len(LARGE)
    assert whole["application"] == tenant.id
    tenant.control("PUT", "/checkpoints/x")
    assert tenant.control("PUT", "/snapshot", tenant.control("GET", "/snapshot"))
    assert live(tenant)["used"] == pytest.approx(whole["used"], rel=0.1)
    assert tenant.call("POST", f"/archive/{started}/stop").status_code == 200
    tenant.control("POST", "/clock", {"action": "idle"})
    assert live(tenant)["used"] < people + len(LARGE)
    tenant.control("POST", "/checkpoints/x/restore")
    assert live(tenant)["used"] == pytest.approx(whole["used"], rel=0.1)
    tenant.control("POST", "/reset")
    assert live(tenant)["used"] in (0, before)


@pytest.mark.parametrize("operation", CALLS)
def test_no_more_is_added_than_may_be_live_and_the_setting_is_named(operation: str) -> None:
    with emulator(live_bytes=MOST) as client:
        tenant = Tenant(client)
        session = tenant.session(join=1)
        archives = []
        while live(tenant)["used"] < MOST:
            recorded = tenant.session(join=1)
            archives.append(tenant.call("POST", "/archive", {"sessionId": recorded, "name": LARGE}).json()["id"])
        method, path, body = body_of(tenant, operation, session)
        refused = tenant.call(method, path, body)
        assert refused.status_code == 429, refused.text
        assert "VONAGE_EMULATOR_LIVE_BYTES" in refused.text
        participants = f"/_emulator/applications/{tenant.id}/sessions/{session}/participants"
        refused = client.post(participants, json={})
        assert (refused.status_code, "VONAGE_EMULATOR_LIVE_BYTES" in refused.text) == (429, True)
        assert tenant.call("GET", "/archive").status_code == 200
        for each in archives:
            assert tenant.call("POST", f"/archive/{each}/stop").status_code == 200
        tenant.control("POST", "/clock", {"action": "idle"})
        assert tenant.call(method, path, body).status_code < 300
        assert client.post(participants, json={}).status_code == 201


def test_what_is_live_is_counted_after_a_restart(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"store": f"sqlite:///{tmp_path / 'x.db'}"}
    with emulator(**settings) as client:
        tenant = Tenant(client)
        tenant.control("POST", "/clock", {"action": "freeze"})
        session = tenant.session(join=2)
        tenant.call("POST", "/archive", {"sessionId": session, "name": LARGE})
        before = live(tenant)
    with emulator(**settings) as client:
        assert client.get("/_emulator/info").json()["bytes"]["live"]["used"] == pytest.approx(before["used"], rel=0.1)


def test_there_are_only_so_many_applications_and_the_setting_is_named(tmp_path: Path) -> None:
    with emulator(application_size=3) as client:
        made = [client.post("/_emulator/applications", json={}) for _ in range(4)]
        assert [each.status_code for each in made] == [201, 201, 409, 409]
        assert "VONAGE_EMULATOR_APPLICATION_SIZE" in made[-1].text
        assert client.get("/_emulator/info").json()["applications"] == 3
        assert client.get("/_emulator/info").json()["limits"]["applications"] == 3
        mine = made[0].json()["id"]
        snapshot = client.get(f"/_emulator/applications/{mine}/snapshot").json()
        assert client.put(f"/_emulator/applications/{mine}/snapshot", json=snapshot).status_code == 200
        snapshot["application"]["id"] = "other"
        snapshot["application"]["credentials"]["api_key"] = "123"
        refused = client.put("/_emulator/applications/other/snapshot", json=snapshot)
        assert (refused.status_code, "VONAGE_EMULATOR_APPLICATION_SIZE" in refused.text) == (400, True)
        assert client.delete(f"/_emulator/applications/{mine}").status_code == 204
        assert client.post("/_emulator/applications", json={}).status_code == 201
    (tmp_path / "seed.json").write_text(json.dumps(snapshot))
    with (
        pytest.raises(SettingsError, match="VONAGE_EMULATOR_APPLICATION_SIZE"),
        emulator(application_size=1, applications=[{"name": "a"}, {"name": "b"}]),
    ):
        pass


def test_a_lax_emulator_makes_only_so_many_applications() -> None:
    with emulator(application_size=3, auth="lax") as client:
        answers = [client.get(f"/v2/project/{number}/archive") for number in range(1, 5)]
        assert [each.status_code for each in answers] == [200, 200, 429, 429]
        assert "VONAGE_EMULATOR_APPLICATION_SIZE" in answers[-1].text
        assert client.get("/v2/project/1/archive").status_code == 200
