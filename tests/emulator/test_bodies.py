"""The keys of every body, in the order in which they were recorded: of answers and of callbacks, in both dialects.

`?` is before a key that is there only sometimes.
"""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from emulator.testing.receiver import Receiver
from tests.emulator.local import Tenant
from tests.emulator.receiving import outbox, told

SESSION = (
    "session_id project_id partner_id create_dt session_status status_invalid media_server_hostname "
    "messaging_server_url messaging_url symphony_address properties ice_server session_segment_id ice_servers "
    "ice_credential_expiration application_id media_server_url"
)
ARCHIVE = (
    "id status name reason sessionId applicationId createdAt size duration outputMode streamMode hasAudio hasVideo "
    "hasTranscription sha256sum password updatedAt multiArchiveTag event ?partnerId ?projectId ?resolution url "
    "?maxBitrate ?quantizationParameter ?streams ?transcription"
)
TRANSCRIPTION = "status reason url primaryLanguageCode hasSummary"
BROADCAST = (
    "id sessionId applicationId createdAt broadcastUrls updatedAt status streamMode hasAudio hasVideo maxDuration "
    "?multiBroadcastTag ?maxBitrate settings event resolution ?reason ?streams"
)
OPENTOK_BROADCAST = (
    "id sessionId projectId createdAt broadcastUrls updatedAt status streamMode hasAudio hasVideo maxDuration "
    "?multiBroadcastTag ?maxBitrate settings resolution partnerId event ?streams"
)
OPENTOK_STOPPED = OPENTOK_BROADCAST.replace("partnerId event", "event partnerId")
URLS = "?rtmp ?hlsStatus ?hls"
RENDER = (
    "id sessionId createdAt updatedAt url status ?name ?streamId ?reason event applicationId resolution ?callbackUrl"
)
CAPTIONS = (
    "captionId captionsId ?applicationId projectId sessionId status createdAt updatedAt duration ?reason provider "
    "languageCode stream group"
)
CALL = "id projectId sessionId connectionId streamId createdAt updatedAt"

TOLD = {
    "session.created": "sessionId projectId ?applicationId event timestamp",
    "session.notification": "sessionId projectId ?applicationId event timestamp reason remainingTime",
    "session.destroyed": "sessionId projectId ?applicationId event timestamp reason",
    "connection.created": "sessionId projectId ?applicationId event timestamp connection",
    "connection.destroyed": "sessionId projectId ?applicationId event timestamp connection reason",
    "stream.created": "sessionId projectId ?applicationId event timestamp stream",
    "stream.destroyed": "sessionId projectId ?applicationId event timestamp stream reason",
    "call.created": "sessionId projectId ?applicationId event timestamp call",
    "call.updated": "sessionId projectId ?applicationId event timestamp call state",
    "call.destroyed": "sessionId projectId ?applicationId event timestamp call reason_code reason_message",
    "call.muteForced": "sessionId projectId ?applicationId event timestamp call",
    "archive": ARCHIVE,
    "archive.streamAdded": f"{ARCHIVE} stream timestamp",
    "archive.streamRemoved": f"{ARCHIVE} stream timestamp",
    "render": "id sessionId ?streamId status ?reason",
    "captions": CAPTIONS,
}
"""By the event, or by its kind."""


def keeps(order: str, body: dict[str, Any]) -> bool:
    """Tell whether a body has the keys of an order and no other, in that order."""
    wanted = order.split()
    return list(body) == [key.removeprefix("?") for key in wanted if key[0] != "?" or key[1:] in body]


@pytest.fixture(params=["vonage", "opentok"])
def caller(request: pytest.FixtureRequest, tenant: Tenant) -> Tenant:
    """An application, called by its id or by its api key."""
    if request.param == "opentok":
        tenant.root = f"/v2/project/{tenant.made['apiKey']}"
    return tenant


def opentok(caller: Tenant) -> bool:
    return caller.id not in caller.root


ARCHIVES: list[dict[str, Any]] = [
    {},
    {"name": "lesson", "multiArchiveTag": "a"},
    {"streamMode": "manual"},
    {"outputMode": "individual"},
    {"maxBitrate": 2_000_000},
    {"quantizationParameter": 25, "hasVideo": False},
    {"outputMode": "individual", "hasTranscription": True},
]


@pytest.mark.parametrize("fields", ARCHIVES, ids=str)
def test_an_archive_in_every_status_has_the_recorded_order(caller: Tenant, fields: dict[str, Any]) -> None:
    started = caller.call("POST", "/archive", {"sessionId": caller.session(join=2), **fields}).json()
    bodies = [started]
    path = f"/archive/{started['id']}"
    if fields.get("streamMode") == "manual":  # with and without streams
        stream = caller.call("GET", f"/session/{started['sessionId']}/stream").json()["items"][0]["id"]
        caller.call("PATCH", f"{path}/streams", {"addStream": stream})
    bodies.append(caller.call("GET", path).json())
    bodies.append(caller.call("POST", f"{path}/stop").json())
    caller.advance(10)
    for status in ("available", "expired"):
        bodies.append(caller.call("GET", path).json())
        assert bodies[-1]["status"] == status
        bodies += caller.call("GET", "/archive").json()["items"]
        caller.advance(80 * 3600)
    for body in bodies:
        assert keeps(ARCHIVE, body), list(body)
        assert ("partnerId" in body, "projectId" in body) == (opentok(caller),) * 2
        assert keeps(TRANSCRIPTION, body.get("transcription", dict.fromkeys(TRANSCRIPTION.split())))
    assert list(caller.call("GET", "/archive").json()) == ["count", "items"]


@pytest.mark.parametrize("outputs", [
    {"hls": {}}, {"rtmp": [{"id": "a", "serverUrl": "rtmp://localhost/a", "streamName": "b"}]},
    {"hls": {"dvr": True}, "rtmp": [{"serverUrl": "rtmp://localhost/a", "streamName": "b"}]},
], ids=str)  # fmt: skip
@pytest.mark.parametrize(
    "fields", [{}, {"multiBroadcastTag": "a", "maxBitrate": 500_000}, {"streamMode": "manual"}], ids=str
)
def test_a_broadcast_has_the_recorded_order(caller: Tenant, outputs: dict[str, Any], fields: dict[str, Any]) -> None:
    sid = caller.session(join=1)
    started = caller.call("POST", "/broadcast", {"sessionId": sid, "outputs": outputs, **fields}).json()
    path = f"/broadcast/{started['id']}"
    assert "streams" not in started  # there is none yet
    if fields.get("streamMode") == "manual":
        stream = caller.call("GET", f"/session/{sid}/stream").json()["items"][0]["id"]
        caller.call("PATCH", f"{path}/streams", {"addStream": stream})
        assert caller.call("GET", path).json()["streams"][0]["streamId"] == stream
    live = [started, caller.call("GET", path).json(), *caller.call("GET", "/broadcast").json()["items"]]
    stopped = [caller.call("POST", f"{path}/stop").json(), caller.call("GET", path).json()]
    for body in live:
        assert keeps(OPENTOK_BROADCAST if opentok(caller) else BROADCAST, body), list(body)
        assert keeps(URLS, body["broadcastUrls"])
        for target in body["broadcastUrls"].get("rtmp", ()):
            assert keeps("status ?id serverUrl streamName", target)
    for body in stopped:
        assert keeps(OPENTOK_STOPPED if opentok(caller) else BROADCAST, body), list(body)


def test_a_session_a_call_and_captions_have_the_recorded_order(caller: Tenant) -> None:
    made = caller.call("POST", "//session/create").json()[0]
    assert keeps(SESSION, made), list(made)
    caller.join(made["session_id"], 1)
    token = caller.client_token(made["session_id"])
    about = {"sessionId": made["session_id"], "token": token}
    call = caller.call("POST", "/dial", {**about, "sip": {"uri": "sip:a@localhost"}}).json()
    assert keeps(CALL, call), list(call)
    captions = caller.call("POST", "/captions", about).json()["captionsId"]
    for after in ("", "/stop"):
        if after:
            caller.call("POST", f"/captions/{captions}{after}")
        read = caller.call("GET", f"/captions/{captions}").json()
        assert keeps(CAPTIONS, read), list(read)
        assert isinstance(read["projectId"], str)
    connections = caller.call("GET", f"/session/{made['session_id']}/connection").json()
    assert keeps("count ?applicationId ?projectId sessionId items", connections)
    assert all(keeps("connectionId connectionState createdAt", each) for each in connections["items"])
    streams = caller.call("GET", f"/session/{made['session_id']}/stream").json()
    assert all(keeps("id videoType name layoutClassList", each) for each in streams["items"])


@pytest.mark.parametrize("fields", [
    {}, {"properties": {"name": "board"}}, {"properties": {"name": "x"}, "statusCallbackUrl": "http://localhost:9/told"},
], ids=str)  # fmt: skip
def test_a_render_has_the_recorded_order(caller: Tenant, fields: dict[str, Any]) -> None:
    sid = caller.session(join=1)
    page = {"sessionId": sid, "token": caller.client_token(sid), "url": "https://localhost/page"}
    started = caller.call("POST", "/render", {**page, **fields}).json()
    bodies = [started, caller.call("GET", f"/render/{started['id']}").json()]
    caller.advance(1)
    bodies += caller.call("GET", "/render").json()["items"]
    caller.call("DELETE", f"/render/{started['id']}")
    bodies.append(caller.call("GET", f"/render/{started['id']}").json())
    order = RENDER.replace("applicationId", "projectId") if opentok(caller) else RENDER
    for body in bodies:
        assert keeps(order, body), list(body)


@pytest.mark.parametrize(("fields", "name"), [
    ({}, ""), ({"name": None}, ""), ({"name": "lesson"}, "lesson"), ({"name": ""}, ""),
    ({"outputMode": "individual"}, ""), ({"multiArchiveTag": "other"}, ""),
], ids=str)  # fmt: skip
def test_a_name_that_was_not_given_is_null_in_the_answer_of_start_alone(
    tenant: Tenant, fields: dict[str, Any], name: str
) -> None:
    started = tenant.call("POST", "/archive", {"sessionId": tenant.session(join=1), **fields}).json()
    assert started["name"] == fields.get("name")
    read = tenant.call("GET", f"/archive/{started['id']}").json()
    (listed,) = tenant.call("GET", "/archive").json()["items"]
    stopped = tenant.call("POST", f"/archive/{started['id']}/stop").json()
    seen = tenant.control("GET", f"/archives/{started['id']}")
    assert [each["name"] for each in (read, listed, stopped, seen)] == [name] * 4


@pytest.mark.parametrize("family", [False, True], ids=["webhooks", "opentok"])
def test_every_callback_has_the_order_of_its_kind(client: TestClient, receiver: Receiver, family: bool) -> None:
    families = ("session", "archive", "broadcast", "sip", "render", "captions")
    callbacks = {each: {"address": receiver.url} for each in families}
    tenant = (
        Tenant(client, sessionRotation=5, opentokCallbacks=callbacks)
        if family
        else told(client, receiver, sessionRotation=5)
    )
    sid = tenant.session(join=2)
    token = tenant.client_token(sid)
    about = {"sessionId": sid, "token": token}
    call = tenant.call("POST", "/dial", {**about, "sip": {"uri": "sip:a@localhost", "observeForceMute": True}}).json()
    tenant.call("POST", "/captions", about)
    tenant.call("POST", "/render", {**about, "url": "https://localhost/page"})
    tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": {"hls": {}}})
    tenant.archive(sid)
    picked = tenant.archive(sid, streamMode="manual", multiArchiveTag="b")
    stream = tenant.call("GET", f"/session/{sid}/stream").json()["items"][0]["id"]
    tenant.call("PATCH", f"/archive/{picked}/streams", {"addStream": stream})
    tenant.call("PATCH", f"/archive/{picked}/streams", {"removeStream": stream})
    tenant.call("POST", f"/session/{sid}/mute", {"active": True})
    tenant.call("DELETE", f"/session/{sid}/connection/{call['connectionId']}")
    tenant.advance(6 * 3600)
    sent = outbox(tenant)
    broadcast = {True: (OPENTOK_BROADCAST, OPENTOK_STOPPED), False: (BROADCAST, BROADCAST)}[family]
    for each in sent:
        event, body = each["event"], each["body"]
        kind = event.partition(".")[0]
        order = TOLD.get(event) or TOLD.get(kind) or broadcast[event == "broadcast.stopped"]
        assert keeps(order, body), (event, list(body))
    seen = {each["event"] for each in sent}
    assert set(TOLD) - {"archive", "render", "captions"} <= seen
    assert {kind for kind in TOLD if "." not in kind} <= {event.partition(".")[0] for event in seen}
