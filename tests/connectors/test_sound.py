"""What goes over a real connector: what streams say, what comes back, and what is kept of both."""

from __future__ import annotations

import io
import time
import wave
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.connectors.agents import Agent, echoes
from tests.connectors.connecting import RealTenant, frequency, pcm, ramp
from tests.emulator.local import Tenant

SILENT = bytes(640)


@pytest.fixture
def session(tenant: RealTenant) -> str:
    """A session of one."""
    return tenant.session(join=1)


@pytest.fixture
def stream(tenant: RealTenant, session: str) -> str:
    """The stream in it."""
    (stream,) = tenant.streams(session)
    return stream


def said(agent: Agent, start: bytes) -> bytes:
    """Return what an agent heard from a frame on."""
    frames = agent.frames
    return b"".join(frames[frames.index(start) :]) if start in frames else b""


def test_each_stream_has_a_tone_of_its_own(tenant: RealTenant, session: str) -> None:
    tenant.join(session, 2)
    tones = [
        tenant.control("GET", f"/sessions/{session}/streams/{stream}/sound")["tone"]
        for stream in tenant.streams(session)
    ]
    assert tones == [400, 450, 500]


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
def test_what_a_stream_says_arrives_byte_for_byte_and_then_silence(
    tenant: RealTenant, session: str, stream: str, rate: int
) -> None:
    speech, silent = ramp(10, rate), bytes(rate // 25)
    with Agent() as agent:
        connector = tenant.connect(session, agent, audioRate=rate)
        agent.wait(lambda agent: agent.frames)
        given = tenant.give(session, stream, speech, f"audio/l16;rate={rate}")
        assert given == {"seconds": 0.2, "loop": False}
        start = speech[: len(silent)]
        agent.wait(lambda agent: len(said(agent, start)) > len(speech))
        assert said(agent, start)[: len(speech) + len(silent)] == speech + silent
        heard_at, out = tenant.heard(connector, "out")
        assert heard_at == rate
        assert speech + silent in out


def test_nothing_that_is_said_is_lost_while_the_machine_is_busy(tenant: RealTenant, session: str, stream: str) -> None:
    speech = ramp(100)
    with Agent() as agent:
        tenant.connect(session, agent)
        tenant.give(session, stream, speech)
        agent.wait(lambda agent: said(agent, speech[:640]))
        assert tenant.client.portal is not None
        tenant.client.portal.call(time.sleep, 1.3)  # the emulator does nothing meanwhile
        agent.wait(lambda agent: len(said(agent, speech[:640])) > len(speech))
        assert said(agent, speech[:640])[: len(speech)] == speech


def test_what_loops_goes_on_without_a_gap(tenant: RealTenant, session: str, stream: str) -> None:
    speech = ramp(4)
    with Agent() as agent:
        tenant.connect(session, agent)
        assert tenant.give(session, stream, speech, query="?loop=true") == {"seconds": 0.08, "loop": True}
        agent.wait(lambda agent: len(said(agent, speech[:640])) >= 3 * len(speech))
        assert said(agent, speech[:640])[: 3 * len(speech)] == 3 * speech
        tenant.control("DELETE", f"/sessions/{session}/streams/{stream}/sound")
        agent.wait(lambda agent: frequency(agent.frames[-1]) == 400)


def test_wav_file_of_another_rate_is_played(tenant: RealTenant, session: str, stream: str) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setframerate(48000)
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.writeframes(pcm(*[2000, 4000] * 4800))
    with Agent() as agent:
        tenant.connect(session, agent)
        assert tenant.give(session, stream, file.getvalue(), "audio/wav")["seconds"] == 0.1
        agent.wait(lambda agent: len(said(agent, pcm(*[3000] * 320))) > 5 * 640)
        assert said(agent, pcm(*[3000] * 320))[: 6 * 640] == pcm(*[3000] * 1600) + SILENT


def test_empty_body_is_silence(tenant: RealTenant, session: str, stream: str) -> None:
    with Agent() as agent:
        tenant.connect(session, agent)
        assert tenant.give(session, stream, b"", "audio/wav")["seconds"] == 0
        agent.wait(lambda agent: agent.frames and agent.frames[-1] == SILENT)


def test_streams_are_added_and_clipped(tenant: RealTenant, session: str, stream: str) -> None:
    tenant.join(session)
    _, other = tenant.streams(session)
    tenant.give(session, stream, pcm(*[20000, -20000] * 160), query="?loop=true")
    tenant.give(session, other, pcm(*[20000, -20000] * 160), query="?loop=true")
    with Agent() as agent:
        tenant.connect(session, agent)
        agent.wait(lambda agent: agent.frames)
        assert agent.frames[-1] == pcm(*[32767, -32768] * 160)


def test_muted_stream_is_not_heard_and_goes_on(tenant: RealTenant, session: str, stream: str) -> None:
    tenant.join(session)
    _, other = tenant.streams(session)
    tenant.give(session, stream, pcm(*[7000] * 320), query="?loop=true")
    tenant.give(session, other, b"")
    with Agent() as agent:
        tenant.connect(session, agent)
        agent.wait(lambda agent: agent.frames)
        assert agent.frames[-1] == pcm(*[7000] * 320)
        tenant.mute(session, stream)
        agent.wait(lambda agent: agent.frames[-1] == SILENT)
        tenant.mute(session, stream, False)
        agent.wait(lambda agent: agent.frames[-1] != SILENT)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"not a file", "audio/wav"),
        (b"\0\0", "audio/l16;rate=100"),
        (b"\0\0", "audio/l16"),
        (b"\0\0", "application/octet-stream"),
    ],
)
def test_what_is_no_sound_is_refused(tenant: RealTenant, session: str, stream: str, content: bytes, kind: str) -> None:
    path = f"/_emulator/applications/{tenant.id}/sessions/{session}/streams/{stream}/sound"
    answer = tenant.client.put(path, content=content, headers={"content-type": kind})
    assert answer.status_code == 400
    assert "audio/wav" in answer.json()["error"]["suggestion"]


def test_sound_needs_somebody_who_hears_it(client: TestClient) -> None:
    plain = Tenant(client)
    session = plain.session(join=1)
    stream = plain.control("GET", f"/sessions/{session}")["participants"][0]["streams"][0]["id"]
    path = f"/_emulator/applications/{plain.id}/sessions/{session}/streams/{stream}/sound"
    for method in ("PUT", "GET", "DELETE"):
        assert client.request(method, path).status_code == 409


def test_sound_of_what_is_not_there_is_not_found(tenant: RealTenant, session: str) -> None:
    for path in (f"/sessions/{session}/streams/{session}/sound", f"/connectors/{tenant.id}/sound"):
        assert tenant.client.get(f"/_emulator/applications/{tenant.id}{path}").status_code == 404


# What comes back


def test_echo_comes_back_byte_for_byte(tenant: RealTenant, session: str, stream: str) -> None:
    speech = ramp(20)
    with Agent(echoes) as agent:
        connector = tenant.connect(session, agent, bidirectional=True)
        tenant.give(session, stream, speech)
        tenant.wait_for("connector.silent")
        _, came = tenant.heard(connector, "in")
        assert speech in came
        tenant.call("POST", f"/connect/{connector}/stop")
        agent.wait(lambda agent: agent.codes)
        assert speech in tenant.heard(connector, "in")[1]  # which is kept


def test_other_side_is_heard_and_silent_again(tenant: RealTenant, session: str) -> None:
    with Agent() as agent:
        connector = tenant.connect(session, agent, bidirectional=True)
        agent.send(*[SILENT] * 5, *[pcm(*[5000] * 320)] * 5, *[SILENT] * 40)
        (silent,) = tenant.wait_for("connector.silent")
        (spoke,) = tenant.events("connector.spoke")
        assert spoke["subject"] == silent["subject"] == connector
        agent.send(pcm(*[5000] * 320))
        assert len(tenant.wait_for("connector.silent", 2)) == len(tenant.events("connector.spoke")) == 2


@pytest.mark.parametrize(
    ("sent", "played"),
    [
        (pcm(*[5000] * 400), pcm(*[5000] * 320)),  # a longer one is cut
        (pcm(*[5000] * 100), pcm(*[5000] * 100)),
        (b'{"event":"websocket:connected"}', b""),  # as an echo of a text
    ],
)
def test_frames_of_another_length(tenant: RealTenant, session: str, sent: bytes, played: bytes) -> None:
    with Agent() as agent:
        connector = tenant.connect(session, agent, bidirectional=True)
        agent.send(sent, pcm(*[9000] * 320))
        tenant.wait_for("connector.spoke")
        assert tenant.heard(connector, "in")[1].startswith(played)
        agent.send({"action": "notify", "payload": "end"})
        agent.wait(lambda agent: agent.texts[-1].get("payload") == "end")
        assert tenant.heard(connector, "in")[1] == played + pcm(*[9000] * 320)


def test_audio_in_texts_comes_back_in_texts(tenant: RealTenant, session: str) -> None:
    transport = {"transport": "json", "encoding": "base64", "receive_audio_field": "reply"}
    with Agent() as agent:
        connector = tenant.connect(session, agent, bidirectional=True, audioTransport=transport)
        agent.send({"reply": "iBM="}, {"action": "notify", "payload": 1})
        agent.wait(lambda agent: any(each.get("event") == "websocket:notify" for each in agent.texts))
        assert tenant.heard(connector, "in")[1] == b"\x88\x13"


def test_mark_is_told_of_once_all_before_it_is_played(tenant: RealTenant, session: str) -> None:
    with Agent() as agent:
        connector = tenant.connect(session, agent, bidirectional=True, headers={"a": "1"})
        agent.send({"action": "notify", "payload": 0}, ramp(1), {"action": "notify", "payload": {"n": [1]}})
        agent.wait(lambda agent: len(agent.texts) == 3)
        assert agent.texts[1:] == [
            {"event": "websocket:notify", "payload": 0, "a": "1"},
            {"event": "websocket:notify", "payload": {"n": [1]}, "a": "1"},
        ]
        assert tenant.heard(connector, "in")[1] == ramp(1)


@pytest.mark.parametrize("order", [{"action": "clear"}, {"event": "websocket:cleared"}, {"event": "clearAudio"}])
def test_what_was_sent_can_be_taken_back(tenant: RealTenant, session: str, order: Any) -> None:
    with Agent() as agent:
        connector = tenant.connect(session, agent, bidirectional=True)
        speech = ramp(500)
        frames = [speech[start : start + 640] for start in range(0, len(speech), 640)]
        agent.send(*frames, {"action": "notify", "payload": "end"}, order)
        (cleared,) = tenant.wait_for("connector.cleared")
        assert cleared["subject"] == connector
        agent.send({"action": "notify", "payload": "after"})
        agent.wait(lambda agent: agent.texts[-1].get("payload") == "after")
        assert [each["event"] for each in agent.texts[1:]] == ["websocket:cleared", "websocket:notify"]
        assert len(tenant.heard(connector, "in")[1]) < 450 * 640


def test_what_is_sent_beyond_the_queue_is_lost(tenant: RealTenant, session: str) -> None:
    with Agent() as agent:
        tenant.connect(session, agent, bidirectional=True)
        agent.send(*[pcm(each) for each in range(3000)], {"action": "notify", "payload": "late"}, {"action": "clear"})
        tenant.wait_for("connector.cleared")
        adapter = tenant.client.app.state.services.adapters.connectors  # type: ignore[attr-defined]
        (entry,) = (each for each in adapter._open.values() if each.app.id == tenant.id)
        assert entry.leg.lost >= 3000 - 1024 - 200  # some were played meanwhile


def test_without_bidirectional_nothing_is_heard(tenant: RealTenant, session: str) -> None:
    with Agent(echoes) as agent:
        connector = tenant.connect(session, agent)
        agent.send({"action": "clear"})
        agent.wait(lambda agent: len(agent.frames) > 20)
        assert tenant.heard(connector, "in")[1] == b""
        assert [each["event"] for each in agent.texts] == ["websocket:connected"]
        assert len(tenant.streams(session)) == 1


def test_one_agent_hears_another(tenant: RealTenant) -> None:
    session = tenant.session()
    with Agent() as speaker, Agent() as hearer:
        tenant.connect(session, speaker, bidirectional=True, audioRate=8000)
        assert len(tenant.streams(session)) == 1
        tenant.connect(session, hearer)
        hearer.wait(lambda agent: agent.frames)
        assert hearer.frames[-1] == SILENT
        speaker.send(*[pcm(*[5000] * 160)] * 20)
        hearer.wait(lambda agent: agent.frames[-1] == pcm(*[5000] * 320))
