"""WebSockets of real connectors belong to one process: what becomes of their connectors when it has ended."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from emulator import wellknown
from tests.connectors.agents import Agent
from tests.emulator.local import rest_token
from tests.eventually import eventually
from tests.store.process import APP, Process, running

CONNECT = f"/v2/project/{APP}/connect"


def connect(process: Process, agent: Agent) -> str:
    """Connect a new session to an agent; return the connector's id."""
    process.control("PATCH", "", {"real": ["connector"]}, expect=200)
    session = process.session(people=1)
    token = rest_token(
        wellknown.PRIVATE_KEY, APP, scope="session.connect", session_id=session, role="moderator", sub="video"
    )
    body = {"sessionId": session, "token": token, "websocket": {"uri": agent.uri, "bidirectional": True}}
    id_: str = process.call("POST", CONNECT, body, expect=200)["id"]
    agent.wait(lambda agent: agent.frames)
    return id_


def ended(process: Process, connector: str) -> dict[str, Any]:
    """Wait until a connector has ended; return why."""
    path = f"events?type=connector.disconnected&subject={connector}"
    event: dict[str, Any] = eventually(lambda: process.control("GET", path)["items"], "it ends", 30)[0]
    assert process.control("GET", f"connectors/{connector}")["status"] == "disconnected"
    return event


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_connector_has_ended_with_its_process(tmp_path: Path, end: str) -> None:
    with Agent() as agent, running(tmp_path, "--store", f"sqlite:///{tmp_path}/world.db") as process:
        connector = connect(process, agent)
        getattr(process, end)()
        agent.wait(lambda agent: agent.codes)
        process.start()
        assert ended(process, connector)["reason"] == "networkDisconnected"


def test_another_replica_ends_a_connector_and_what_a_dead_one_has_left(tmp_path: Path, database: str) -> None:
    with (
        Agent() as agent,
        Agent() as other,
        running(tmp_path, "--store", database, name="a") as first,
        running(tmp_path, "--store", database, name="b") as second,
    ):
        connector = connect(first, agent)
        second.call("POST", f"{CONNECT}/{connector}/stop", expect=200)
        agent.wait(lambda agent: agent.codes)
        assert agent.texts[-1]["event"] == "websocket:disconnected"
        left = connect(first, other)
        time.sleep(0.1)
        assert second.control("GET", f"connectors/{left}")["status"] == "connected"
        first.kill()
        assert ended(second, left)["reason"] == "networkDisconnected"
