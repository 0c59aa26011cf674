"""Every refusal, provoked over HTTP in both contracts: status, code and text (fidelity/rest-and-archives.md 2.2)."""

# ruff: noqa: E501 - tables read best a row a line
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from emulator.service.operations import OPERATIONS
from emulator.spec.contract import NO_CLIENTS, SERVICE, SPEC, Contract
from emulator.spec.errors import of_service_error
from state import errors as refused
from tests.emulator.local import NOBODY, Tenant

Provoke = Callable[[Tenant], Response]

HLS: dict[str, Any] = {"hls": {}}
TARGET = {"serverUrl": "rtmp://localhost/live", "streamName": "key"}
STOP = "You can only stop an archive that has one of the following statuses: started OR paused OR stopped"
DELETE = "You can only delete an archive that has one of the following statuses: available OR uploaded OR deleted"
CONNECTION = "The client specified by the connectionId property is not connected to the session."


def start_twice(tenant: Tenant, **fields: str) -> Response:
    sid = tenant.session(join=1)
    tenant.archive(sid, **fields)
    return tenant.call("POST", "/archive", {"sessionId": sid, **fields})


def as_opentok(tenant: Tenant) -> Tenant:
    tenant.root = f"/v2/project/{tenant.made['apiKey']}"
    return tenant


def select_as_opentok(tenant: Tenant) -> Response:
    archive = tenant.archive()
    return as_opentok(tenant).call("PATCH", f"/archive/{archive}/streams", {"addStream": "x"})


def broadcast_twice(tenant: Tenant) -> Response:
    sid = tenant.session(join=1)
    tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": HLS})
    return tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": HLS})


def caption_twice(tenant: Tenant) -> Response:
    sid = tenant.session(join=1)
    body = {"sessionId": sid, "token": tenant.client_token(sid)}
    tenant.call("POST", "/captions", body)
    return tenant.call("POST", "/captions", body)


def stopped_archive(tenant: Tenant, action: str) -> Response:
    archive = tenant.archive()
    tenant.call("POST", f"/archive/{archive}/stop")
    tenant.call("GET", f"/archive/{archive}")
    return tenant.call("POST" if action == "stop" else "PUT", f"/archive/{archive}/{action}", {"type": "pip"})


def broadcast(tenant: Tenant, method: str, path: str, body: Any, *, stop: bool = False, **fields: Any) -> Response:
    sid = tenant.session(join=1)
    each = tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": HLS, **fields}).json()["id"]
    if stop:
        tenant.call("POST", f"/broadcast/{each}/stop")
    return tenant.call(method, f"/broadcast/{each}{path}", body)


def too_many_targets(tenant: Tenant) -> Response:
    sid = tenant.session(join=1)
    rtmp = {"rtmp": [{**TARGET} for _ in range(5)]}
    tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": rtmp})
    return tenant.call("POST", "/broadcast", {"sessionId": sid, "outputs": rtmp, "multiBroadcastTag": "b"})


def too_many_callbacks(tenant: Tenant) -> Response:
    body = {"group": "archive", "event": "status", "url": "http://localhost:9"}
    for _ in range(100):
        assert tenant.call("POST", "/callback", body).status_code == 200
    return tenant.call("POST", "/callback", body)


def migrate_twice(tenant: Tenant) -> Response:
    tenant.control("PATCH", "", {"pace": "realistic"})
    sid = tenant.session(join=1)
    tenant.advance(61)
    tenant.call("POST", f"/session/{sid}/migrate")
    return tenant.call("POST", f"/session/{sid}/migrate")


def silent(tenant: Tenant) -> str:
    """Make a session with somebody who publishes nothing."""
    sid = tenant.session()
    tenant.join(sid, streams=[])
    return sid


def foreign_session(tenant: Tenant) -> Response:
    return tenant.call("GET", f"/session/{Tenant(tenant.client).session(join=1)}/stream")


def with_streams(tenant: Tenant, path: str, body: dict[str, Any]) -> Response:
    sid = tenant.session(join=1)
    return tenant.call("POST", path, {"sessionId": sid, "token": tenant.client_token(sid), **body})


def unknown_stream(tenant: Tenant, method: str, path: str, body: Any = None) -> Response:
    return tenant.call(method, f"/session/{tenant.session(join=1)}/stream{path}", body)


SIP = {"uri": "sip:someone@localhost", "streams": [NOBODY]}
SOCKET = {"uri": "wss://localhost/audio", "streams": [NOBODY]}

# (error, about), how to provoke it, then status, code and text in the service, and in the specification if different.
ROWS: list[tuple[refused.ServiceError | type, str, Provoke, tuple[Any, ...], tuple[Any, ...] | None]] = [
    (refused.InvalidSessionIdError, "", lambda t: t.call("GET", "/session/nope/stream"), (400, None, "Invalid session id."), None),
    (refused.InvalidSessionIdError, "startArchive", lambda t: t.call("POST", "/archive", {"sessionId": "nope"}),
     (400, -1, "You do not pass in a session ID or you pass in an invalid session ID."), None),
    (refused.UnknownSessionError, "", foreign_session, (404, -1, "Not found. The session does not exist."), None),
    (refused.NoClientsError, "", lambda t: t.call("POST", f"/session/{t.session()}/signal", {"type": "", "data": ""}),
     (404, None, NO_CLIENTS), None),
    (refused.NoClientsError, "startArchive", lambda t: t.call("POST", "/archive", {"sessionId": t.session()}),
     (404, None, NO_CLIENTS), (409, -1, NO_CLIENTS)),
    (refused.NoClientsError, "listConnections", lambda t: t.call("GET", f"/session/{t.session()}/connection"),
     (404, None, NO_CLIENTS), (200, None, None)),
    (refused.NotRoutedError, "", lambda t: t.call(
        "POST", "/broadcast", {"sessionId": t.session(join=1, **{"p2p.preference": "enabled"}), "outputs": HLS}),
     (409, -1, "Only routed sessions are allowed to use this feature."), None),
    (refused.NotRoutedError, "startArchive", lambda t: t.call(
        "POST", "/archive", {"sessionId": t.session(join=1, **{"p2p.preference": "always"})}),
     (409, 15008, "Only routed sessions are allowed to initiate archives."), None),
    (refused.NotConnectedError, "", lambda t: t.call("DELETE", f"/session/{t.session(join=1)}/connection/{NOBODY}"),
     (404, -1, CONNECTION), None),
    (refused.MalformedIdError, "connection", lambda t: t.call("DELETE", f"/session/{t.session(join=1)}/connection/x"),
     (400, -1, "One of the arguments, sessionId or connectionId, is invalid."), (404, -1, CONNECTION)),
    (refused.MalformedIdError, "signalConnection", lambda t: t.call(
        "POST", f"/session/{t.session(join=1)}/connection/x/signal", {"type": "", "data": ""}),
     (400, -1, "One of the signal properties, data, type, sessionId or connectionId, is invalid."), (404, -1, CONNECTION)),
    (refused.MigrationInProgressError, "", migrate_twice,
     (409, 15214, "Migration is already in progress for the session."), None),
    (refused.MigrationTooSoonError, "", lambda t: t.call("POST", f"/session/{t.session(join=1)}/migrate"),
     (409, 15215, "Migration is not allowed shortly after session creation or a previous migration."), (200, None, None)),
    (refused.NeverUsedError, "", lambda t: t.call("GET", f"/session/{t.session()}/stream/{NOBODY}"),
     (404, -1, "Session not found"), None),
    (refused.NeverUsedError, "listStreams", lambda t: t.call("GET", f"/session/{t.session()}/stream"),
     (404, -1, "Session not found"), (200, None, None)),
    (refused.NoStreamsYetError, "", lambda t: t.call("GET", f"/session/{silent(t)}/stream/{NOBODY}"),
     (404, -1, "The session exists but has not had any streams added to it yet."), None),
    (refused.NoStreamsYetError, "listStreams", lambda t: t.call("GET", f"/session/{silent(t)}/stream"),
     (404, -1, "The session exists but has not had any streams added to it yet."), (200, None, None)),
    (refused.UnknownStreamError, "", lambda t: unknown_stream(t, "POST", f"/{NOBODY}/mute"),
     (404, -1, "Not found. The session or stream is not found."), None),
    (refused.UnknownStreamError, "getStream", lambda t: unknown_stream(t, "GET", f"/{NOBODY}"),
     (408, -1, "You passed in an invalid stream ID."), (404, -1, "Not found. The stream is not found.")),
    (refused.UnknownStreamError, "dial", lambda t: with_streams(t, "/dial", {"sip": SIP}),
     (400, -1, "Invalid request. sip.streams names an unknown stream."), None),
    (refused.UnknownStreamError, "connectAudio", lambda t: with_streams(t, "/connect", {"websocket": SOCKET}),
     (400, -1, "Invalid request. websocket.streams names an unknown stream."), None),
    (refused.UnknownStreamError, "selectArchiveStreams", lambda t: t.call(
        "PATCH", f"/archive/{t.archive(streamMode='manual')}/streams", {"addStream": NOBODY}),
     (404, -1, "Archive or stream not found"), None),
    (refused.UnknownStreamError, "selectBroadcastStreams", lambda t: broadcast(
        t, "PATCH", "/streams", {"removeStream": NOBODY}, streamMode="manual"),
     (404, 404, "Broadcast or stream not found"), None),
    (refused.InvalidSessionIdError, "startRender", lambda t: t.call(
        "POST", "/render", {"sessionId": "nope", "token": t.token, "url": "https://localhost/page"}),
     (400, 50008, "Invalid sessionId provided."), None),
    (refused.AlreadyRunningError, "archive.tag", lambda t: start_twice(t, multiArchiveTag="a"),
     (409, 15001, "Session is already composed for given tag with code 409"), None),
    (refused.AlreadyRunningError, "archive", start_twice, (409, 15001, "session is already composed with code 409"), None),
    (refused.MalformedIdError, "archive", lambda t: t.call("GET", "/archive/nope"),
     (400, -1, "You do not pass in a session ID or you pass in an invalid archive ID."),
     (404, -1, "Not found. You passed in an invalid archive ID.")),
    (refused.UnknownResourceError, "archive", lambda t: t.call("POST", f"/archive/{NOBODY}/stop"),
     (404, -1, "Not found. You passed in an invalid archive ID."), None),
    (refused.UnknownResourceError, "getArchive", lambda t: t.call("GET", f"/archive/{NOBODY}"), (404, None, "null"), None),
    (refused.UnknownResourceError, "deleteArchive", lambda t: t.call("DELETE", f"/archive/{NOBODY}"),
     (404, None, "Not found. You passed in an invalid archive ID."), None),
    (refused.UnknownResourceError, "selectArchiveStreams", lambda t: t.call("PATCH", f"/archive/{NOBODY}/streams", {"addStream": "x"}),
     (404, -1, "Archive or stream not found"), None),
    (refused.WrongStatusError, "archive.stop", lambda t: stopped_archive(t, "stop"),
     (409, 15002, STOP), (409, -1, "Conflict. The archive is not currently recording.")),
    (refused.WrongStatusError, "archive.delete", lambda t: t.call("DELETE", f"/archive/{t.archive()}"), (409, 15004, DELETE), None),
    (refused.WrongStatusError, "archive", lambda t: stopped_archive(t, "layout"),
     (409, -1, "You can only change an archive that has one of the following statuses: started OR paused"), None),
    (refused.UnknownResourceError, "storage", lambda t: t.call("DELETE", "/archive/storage"),
     (404, -1, "Not found. No storage target is set."), None),
    (refused.NotComposedError, "", lambda t: t.call(
        "PUT", f"/archive/{t.archive(outputMode='individual')}/layout", {"type": "pip"}),
     (400, -1, "Invalid request. An individual stream archive has no layout."), None),
    (refused.SelectsItselfError, "archive", lambda t: t.call("PATCH", f"/archive/{t.archive()}/streams", {"addStream": "x"}),
     (400, -1, 'Invalid request. This couldn\'t be fulfilled because the archive was started with streamMode set to '
      '"auto", which does not support stream manipulation.'), None),
    (refused.SelectsItselfError, "opentok.archive", select_as_opentok,
     (405, -1, 'The archive was started with streamMode set to "auto", which does not support stream manipulation.'), None),
    (refused.AlreadyRunningError, "broadcast", broadcast_twice,
     (409, None, "Session is already composed for given tag with code 409"), None),
    (refused.TooManyTargetsError, "", too_many_targets,
     (400, -1, "Invalid request. A session has at most 5 RTMP targets at a time."),
     (409, -1, "A session has at most 5 RTMP targets at a time.")),
    (refused.MalformedIdError, "broadcast", lambda t: t.call("GET", "/broadcast/nope"),
     (400, -1, "Invalid request. The broadcast ID is invalid."), (404, -1, "Not found. No such broadcast.")),
    (refused.UnknownResourceError, "broadcast", lambda t: t.call("GET", f"/broadcast/{NOBODY}"),
     (404, -1, "Not found. No such broadcast."), None),
    (refused.UnknownResourceError, "selectBroadcastStreams", lambda t: t.call(
        "PATCH", f"/broadcast/{NOBODY}/streams", {"addStream": "x"}), (404, 404, "Broadcast or stream not found"), None),
    (refused.WrongStatusError, "broadcast", lambda t: broadcast(t, "POST", "/stop", None, stop=True),
     (404, -1, "Not found. The broadcast is no longer running."), None),
    (refused.SelectsItselfError, "broadcast", lambda t: broadcast(t, "PATCH", "/streams", {"addStream": "x"}),
     (400, -1, 'Invalid request. This couldn\'t be fulfilled because the broadcast was started with streamMode set to '
      '"auto", which does not support stream manipulation.'), None),
    (refused.SelectsItselfError, "opentok.broadcast", lambda t: broadcast(as_opentok(t), "PATCH", "/streams", {"addStream": "x"}),
     (405, -1, 'The broadcast was started with streamMode set to "auto", which does not support stream manipulation.'), None),
    (refused.NoCallError, "", lambda t: t.call("POST", f"/session/{t.session(join=1)}/play-dtmf", {"digits": "1"}),
     (404, -1, "Not found. No SIP call is connected."), None),
    (refused.AlreadyRunningError, "captions", caption_twice, (409, 60003, "Audio captioning is already enabled"), None),
    (refused.MalformedIdError, "captions", lambda t: t.call("POST", "/captions/nope/stop"),
     (400, -1, "Invalid request. The captions ID is invalid."), (404, -1, "Not found. No such captions are running.")),
    (refused.UnknownResourceError, "captions", lambda t: t.call("POST", f"/captions/{NOBODY}/stop"),
     (404, -1, "Not found. No such captions are running."), None),
    (refused.MalformedIdError, "render", lambda t: t.call("GET", "/render/nope"),
     (400, -1, "Invalid request. The render ID is invalid."), (404, -1, "Not found. No such render.")),
    (refused.UnknownResourceError, "render", lambda t: t.call("DELETE", f"/render/{NOBODY}"),
     (404, -1, "Not found. No such render."), None),
    (refused.MalformedIdError, "connector", lambda t: t.call("POST", "/connect/nope/stop"),
     (400, -1, "Invalid request. The connector ID is invalid."), (404, -1, "Not found. No such audio connector.")),
    (refused.UnknownResourceError, "connector", lambda t: t.call("POST", f"/connect/{NOBODY}/stop"),
     (404, -1, "Not found. No such audio connector."), None),
    (refused.TooManyRegistrationsError, "", too_many_callbacks,
     (400, -1, "Invalid request. A project has at most 100 callbacks."), None),
    (refused.UnknownResourceError, "registration", lambda t: t.call("DELETE", f"/callback/{NOBODY}"),
     (404, -1, "Not found. No such callback is registered."), None),
]  # fmt: skip

NAMES = [f"{error.__name__}-{about or 'any'}" for error, about, *_ in ROWS]  # type: ignore[union-attr]


@pytest.mark.parametrize(("row", "contract"), [(row, c) for row in ROWS for c in ("service", "spec")],
                         ids=[f"{name}-{c}" for name in NAMES for c in ("service", "spec")])  # fmt: skip
def test_a_refusal_has_its_status_code_and_text(client: TestClient, row: Any, contract: str) -> None:
    _, _, provoke, service, spec = row
    status, code, text = spec if contract == "spec" and spec is not None else service
    answer = provoke(Tenant(client, contract=contract))
    assert answer.status_code == status, answer.text
    if text is None:
        return
    body = answer.json()
    assert (body.get("code"), body["message"]) == (code, text)
    assert body.get("description", text) == text
    assert answer.headers["content-type"] == "application/json"


def test_every_row_of_the_table_is_provoked() -> None:
    provoked = {(error, about) for error, about, *_ in ROWS}
    # An application is not unknown to a verified caller; the row serves those who race a deletion.
    own = {(error, each.id) for each in OPERATIONS for error in (*each.answers, *each.spec_answers)}
    assert set(SERVICE.errors) | set(SPEC.errors) | own == provoked | {(refused.UnknownApplicationError, "")}


@pytest.mark.parametrize("contract", [SERVICE, SPEC], ids=lambda contract: contract.name)
def test_every_refusal_there_is_has_an_answer(contract: Contract) -> None:
    kinds = ("archive", "broadcast", "render", "captions", "connector")
    for error in [
        refused.UnknownApplicationError("x"), refused.InvalidSessionIdError(), refused.UnknownSessionError(), refused.NoClientsError(),
        refused.NeverUsedError(), refused.NoStreamsYetError(), refused.NotConnectedError(), refused.UnknownStreamError(), refused.NotRoutedError("x"),
        refused.NotComposedError(), refused.MigrationInProgressError(), refused.MigrationTooSoonError(), refused.TooManyTargetsError(), refused.TooManyRegistrationsError(),
        refused.NoCallError(), *(refused.MalformedIdError(kind) for kind in (*kinds, "connection")),
        *(refused.UnknownResourceError(kind) for kind in (*kinds, "registration")),
        *(refused.AlreadyRunningError(kind) for kind in ("archive", "broadcast", "captions")),
        *(refused.WrongStatusError(kind, "x", "y") for kind in ("archive", "broadcast")),
        *(refused.SelectsItselfError(kind) for kind in ("archive", "broadcast")),
    ]:  # fmt: skip
        assert of_service_error(error, None, contract).status in (200, 400, 403, 404, 405, 409)
