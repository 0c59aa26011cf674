"""Real audio connectors: the handshake, what goes out, and how they end."""

from __future__ import annotations

import socket as socket_module
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from starlette.testclient import TestClient

from emulator.connectors import handshake
from emulator.tls.prepare import ensure
from tests.connectors.agents import Agent, echoes
from tests.connectors.connecting import RealTenant, frequency
from tests.emulator.local import Tenant, emulator

ROOT = Path(__file__).parents[2]


def test_upgrade_says_who_asks(tenant: RealTenant, session: str) -> None:
    with Agent() as agent:
        response = tenant.ask(session, agent.uri, headers={"X-Case": "42", "not a name": "1", "Origin": "elsewhere"})
        ids = response.json()
        assert response.status_code == 200
        assert agent.path == "/agent?room=1"
        sent = {name.lower(): value for name, value in agent.headers.items()}
        assert sent["sec-websocket-protocol"] == "WSBRIDGE"
        assert sent["sec-websocket-version"] == "13"
        assert "sec-websocket-extensions" not in sent
        assert sent["origin"] == sent["host"] == f"localhost:{agent.port}"
        assert sent["x-opentok-ws-sessionid"] == session
        assert sent["x-opentok-ws-connectionid"] == ids["connectionId"]
        assert sent["x-opentok-ws-conferenceid"] == ids["id"]
        assert sent["x-case"] == "42"
        assert "not a name" not in sent


@pytest.mark.parametrize("protocols", [(), ("WSBRIDGE",), ("other",)])
def test_server_may_choose_any_protocol_or_none(tenant: RealTenant, session: str, protocols: tuple[str, ...]) -> None:
    with Agent(protocols=protocols) as agent:
        tenant.connect(session, agent)
        agent.wait(lambda agent: agent.frames)


@pytest.mark.parametrize(("rate", "size"), [(8000, 320), (16000, 640), (24000, 960)])
def test_frames_follow_the_first_message(tenant: RealTenant, session: str, rate: int, size: int) -> None:
    with Agent() as agent:
        connector = tenant.connect(session, agent, headers={"X-Case": "42"}, audioRate=rate)
        content_type = f"audio/l16;rate={rate}"
        assert tenant.control("GET", f"/connectors/{connector}")["status"] == "connected"
        agent.wait(lambda agent: len(agent.frames) >= 20)
        assert agent.texts == [{"X-Case": "42", "event": "websocket:connected", "content-type": content_type}]
        assert isinstance(agent.messages[0], str)
        assert {len(each) for each in agent.frames} == {size}


def test_audio_in_texts(tenant: RealTenant, session: str) -> None:
    transport = {"transport": "json", "encoding": "base64", "audio_field": "chunk", "static_fields": {"case": 42}}
    with Agent() as agent:
        tenant.connect(session, agent, audioTransport=transport)
        agent.wait(lambda agent: len(agent.texts) >= 5)
        assert agent.frames == []
        assert agent.texts[0]["event"] == "websocket:connected"
        assert {frozenset(each) for each in agent.texts[1:]} == {frozenset({"case", "chunk"})}


def test_everybody_of_the_moment_is_mixed_and_nobody_who_joins_later(tenant: RealTenant, session: str) -> None:
    first, second = tenant.streams(session)
    tenant.mute(session, second)
    with Agent() as agent:
        tenant.connect(session, agent)
        agent.wait(lambda agent: agent.frames)
        alone = agent.frames[-1]
        tenant.join(session)
        tenant.mute(session, second, False)
        agent.wait(lambda agent: agent.frames[-1] != alone)
        both = agent.frames[-1]
        tenant.mute(session, first)
        agent.wait(lambda agent: agent.frames[-1] not in (alone, both))
        assert (frequency(alone), frequency(agent.frames[-1])) == (400, 450)
        tenant.mute(session, second)  # the third one has sound, and is not in the mix
        agent.wait(lambda agent: len(agent.texts) > 1)
        assert agent.texts[-1]["active"] is False


def test_only_the_streams_that_were_asked_for_are_heard(tenant: RealTenant, session: str) -> None:
    _, second = tenant.streams(session)
    with Agent() as agent, Agent() as other:
        tenant.connect(session, other, streams=tenant.streams(session)[:1])
        tenant.connect(session, agent, streams=[second])
        agent.wait(lambda agent: agent.frames)
        other.wait(lambda agent: agent.frames)
        assert (frequency(other.frames[-1]), frequency(agent.frames[-1])) == (400, 450)


@pytest.mark.parametrize("how", ["muted", "hasAudio", "unpublished"])
def test_other_side_is_told_when_nobody_has_sound(tenant: RealTenant, how: str) -> None:
    session = tenant.session(join=1)
    (stream,) = tenant.streams(session)
    with Agent() as agent:
        tenant.connect(session, agent, headers={"a": "1"})
        agent.wait(lambda agent: agent.frames)
        if how == "unpublished":
            tenant.control("DELETE", f"/sessions/{session}/streams/{stream}")
        else:
            tenant.control("PATCH", f"/sessions/{session}/streams/{stream}", {how: how == "muted"})
        agent.wait(lambda agent: len(agent.texts) == 2)
        told = {"event": "websocket:media:update", "method": "update", "active": False, "a": "1"}
        assert agent.texts[1] == {**told, "content-type": "audio/l16;rate=16000"}
        assert isinstance(agent.messages[-1], str)  # no audio after it
        if how != "unpublished":
            tenant.control("PATCH", f"/sessions/{session}/streams/{stream}", {how: how != "muted"})
            agent.wait(lambda agent: isinstance(agent.messages[-1], bytes))
            assert [each.get("active") for each in agent.texts] == [None, False, True]


def test_other_side_is_told_at_once_where_nobody_has_sound(tenant: RealTenant) -> None:
    session = tenant.session()
    with Agent() as agent:
        tenant.connect(session, agent)
        agent.wait(lambda agent: len(agent.texts) == 2)
        assert [each.get("active") for each in agent.texts] == [None, False]
        assert agent.frames == []


# Ends


def _stop(tenant: RealTenant, session: str, connector: str) -> None:
    assert tenant.call("POST", f"/connect/{connector}/stop").status_code == 200


def _kick(tenant: RealTenant, session: str, connector: str) -> None:
    own = next(
        each["connectionId"]
        for each in tenant.control("GET", f"/sessions/{session}")["participants"]
        if each["origin"] == "connector"
    )
    assert tenant.call("DELETE", f"/session/{session}/connection/{own}").status_code == 204


def _force(tenant: RealTenant, session: str, connector: str) -> None:
    tenant.control("POST", f"/connectors/{connector}/transition", {"status": "disconnected"})


def _reset(tenant: RealTenant, session: str, connector: str) -> None:
    tenant.control("POST", "/reset")


def _restore(tenant: RealTenant, session: str, connector: str) -> None:
    tenant.control("PUT", "/snapshot", tenant.control("GET", "/snapshot"))
    found = tenant.control("GET", f"/connectors/{connector}")
    assert found["status"] == "disconnected"
    assert tenant.events("connector.disconnected")[-1]["reason"] == "networkDisconnected"


def _delete(tenant: RealTenant, session: str, connector: str) -> None:
    tenant.control("DELETE", "")


@pytest.mark.parametrize("end", [_stop, _kick, _force, _reset, _restore, _delete])
def test_other_side_is_told_of_the_end(
    tenant: RealTenant, session: str, end: Callable[[RealTenant, str, str], None]
) -> None:
    with Agent() as agent:
        connector = tenant.connect(session, agent, headers={"a": "1"})
        agent.wait(lambda agent: agent.frames)
        end(tenant, session, connector)
        agent.wait(lambda agent: agent.codes)
        last = {"content-type": "audio/l16;rate=16000", "method": "delete", "event": "websocket:disconnected", "a": "1"}
        assert agent.texts[-1] == last
        assert isinstance(agent.messages[-1], str)
        assert agent.codes == [1000]


def test_other_side_is_told_when_the_emulator_ends() -> None:
    with Agent() as agent:
        with emulator() as client:
            tenant = RealTenant(client, real=["connector"])
            tenant.connect(tenant.session(join=1), agent)
            agent.wait(lambda agent: agent.frames)
        agent.wait(lambda agent: agent.codes)
        assert agent.texts[-1]["event"] == "websocket:disconnected"


async def _close(socket: web.WebSocketResponse) -> None:
    await socket.close()


async def _cut(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport  # type: ignore[union-attr]
    assert transport is not None
    transport.close()


async def _reset_connection(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport  # type: ignore[union-attr]
    assert transport is not None
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket_module.SOL_SOCKET, socket_module.SO_LINGER, linger)
    transport.abort()


async def _garbage(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport  # type: ignore[union-attr]
    assert transport is not None
    transport.write(b"\xff" * 64)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (_close, "clientDisconnected"),
        (_cut, "networkDisconnected"),
        (_reset_connection, "networkDisconnected"),
        (_garbage, "networkDisconnected"),
    ],
)
def test_leg_ends_with_its_socket(tenant: RealTenant, session: str, end: Any, reason: str) -> None:
    with Agent() as agent:
        connector = tenant.connect(session, agent, bidirectional=True)
        agent.wait(lambda agent: agent.frames)
        agent.do(end)
        (ended,) = tenant.wait_for("connector.disconnected")
        assert (ended["subject"], ended["reason"]) == (connector, reason)
        assert {each["origin"] for each in tenant.control("GET", f"/sessions/{session}")["participants"]} == {"client"}
        assert tenant.call("POST", f"/connect/{connector}/stop").status_code == 404
        assert len(agent.sockets) == 1  # nobody comes back


# Refusals


def refused(tenant: RealTenant, session: str, uri: str, words: str) -> None:
    """Ask for a connector that cannot be: nothing has happened."""
    before = tenant.events("connection")
    response = tenant.ask(session, uri)
    assert response.status_code == 400, response.text
    assert "websocket.uri" in response.json()["message"]
    assert words in response.json()["message"]
    assert tenant.control("GET", "/connectors")["count"] == 0
    assert tenant.events("connection") == before


@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_refused_handshake_leaves_nothing(tenant: RealTenant, session: str, status: int) -> None:
    with Agent(status=status) as agent:
        refused(tenant, session, agent.uri, f"the handshake was refused: {status}")


def test_redirect_is_not_followed(tenant: RealTenant, session: str) -> None:
    with Agent() as elsewhere, Agent(status=302, headers={"Location": elsewhere.uri}) as agent:
        refused(tenant, session, agent.uri, "redirects")
        assert elsewhere.path == ""


def test_server_that_hangs_is_not_waited_for(tenant: RealTenant, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert handshake.HANDSHAKE_SECONDS == 6
    monkeypatch.setattr(handshake, "HANDSHAKE_SECONDS", 0.2)
    with Agent(hangs=True) as agent:
        refused(tenant, session, agent.uri, "within 0.2 s")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket_module.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_nobody_listens(tenant: RealTenant, session: str, closed_port: int) -> None:
    refused(tenant, session, f"ws://127.0.0.1:{closed_port}/", "no WebSocket was opened")


def test_no_other_machine_is_called(tenant: RealTenant, session: str) -> None:
    refused(tenant, session, "wss://example.com/audio", "VONAGE_EMULATOR_REAL_HOSTS=example.com")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"\0garbage\r\n\r\n"])
def test_what_is_no_websocket_is_refused(tenant: RealTenant, session: str, answer: bytes) -> None:
    with socket_module.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(1 if answer else 2):  # a connection that is closed without a word is tried again
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        refused(tenant, session, f"ws://127.0.0.1:{listening.getsockname()[1]}/", "")
        thread.join(10)


def test_bad_request_is_refused_before_anything_is_opened(tenant: RealTenant, session: str) -> None:
    with Agent() as agent:
        gone = "00000000-0000-4000-8000-00000000dead"
        assert tenant.ask(session, agent.uri, streams=[gone]).status_code == 400
        relayed = tenant.session(join=1, **{"p2p.preference": "enabled"})
        assert tenant.ask(relayed, agent.uri).status_code == 409
        assert agent.path == ""


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's certificate whose authority nobody knows."""
    files = ensure(tmp_path_factory.mktemp("tls"), ["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.server, files.server_key)
    return context


def test_any_certificate_is_taken_unless_it_has_to_be_trusted(
    client: TestClient, tenant: RealTenant, session: str, certificate: ssl.SSLContext
) -> None:
    with Agent(tls=certificate) as agent:
        tenant.connect(session, agent)
        agent.wait(lambda agent: agent.frames)
        strict = RealTenant(client, real=["connector"], connectorTls="trusted")
        refused(strict, strict.session(join=1), agent.uri, "certificate")


def test_trusted_certificate_is_taken(tmp_path: Path) -> None:
    files = ensure(tmp_path, ["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.server, files.server_key)
    with Agent(tls=context) as agent, emulator(data_dir=tmp_path) as client:
        tenant = RealTenant(client, real=["connector"], connectorTls="trusted")
        tenant.connect(tenant.session(join=1), agent)
        agent.wait(lambda agent: agent.frames)


# Off


def test_nothing_is_opened_unless_it_is_asked_for(client: TestClient) -> None:
    plain = Tenant(client, pace="instant")
    session = plain.session(join=1)
    with Agent(echoes) as agent:
        body = {"sessionId": session, "token": plain.client_token(session), "websocket": {"uri": agent.uri}}
        connector = plain.call("POST", "/connect", body).json()["id"]
        assert plain.control("GET", f"/connectors/{connector}")["status"] == "connected"
        assert agent.path == ""


OFF = """
import sys
from starlette.testclient import TestClient
from emulator.app import create_app
from emulator.settings import Settings
from tests.emulator.local import Tenant

with TestClient(create_app(Settings())) as client:
    tenant = Tenant(client)
    session = tenant.session(join=1)
    websocket = {"uri": "ws://localhost:1/"}
    connect = {"sessionId": session, "token": tenant.client_token(session), "websocket": websocket}
    assert tenant.call("POST", "/connect", connect).status_code == 200
    tenant.control("GET", "/connectors")
print([name for name in sys.modules if name == "aiohttp" or name.startswith("emulator.connectors")])
"""


def test_nothing_is_imported_unless_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_rules_of_failures_keep_their_say(tenant: RealTenant, session: str) -> None:
    with Agent() as agent:
        tenant.control("POST", "/faults", {"when": {"operation": "connectAudio", "nth": 1}, "then": "unavailable"})
        assert tenant.ask(session, agent.uri).status_code == 503
        assert agent.path == ""
        tenant.control("POST", "/faults", {"when": {"operation": "connectAudio"}, "then": "handshakeFails"})
        connector = tenant.connect(session, agent)
        agent.wait(lambda agent: agent.frames)
        tenant.advance(10)
        assert tenant.control("GET", f"/connectors/{connector}")["status"] == "connected"  # its server has agreed
