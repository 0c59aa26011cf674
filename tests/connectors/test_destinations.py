"""Where real connectors may connect to."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from emulator.connectors.destinations import DestinationError, Destinations, PrivateResolver

PRIVATE = [
    "ws://localhost:8000/agent",
    "ws://127.0.0.1/",
    "ws://[::1]:1/",
    "ws://10.1.2.3/",
    "ws://192.168.0.9:80",
    "ws://172.20.0.3/",
    "ws://[fd00::1]/",
    "ws://agent:8000/",
    "wss://agent.default.svc.cluster.local/",
    "ws://host.docker.internal:9000/",
    "ws://agent.test/",
    "ws://user:secret@agent.local/",
    "WS://AGENT./",
]
PUBLIC = [
    "wss://example.com/audio",
    "ws://93.184.216.34/",
    "ws://[2606:2800:220:1::1]/",
    "ws://[::ffff:8.8.8.8]/",
    "ws://localhost.example.com/",
    "ws://localhost@example.com/",
    "ws://test.example/",
]


@pytest.mark.parametrize("uri", PRIVATE)
def test_this_machine_and_private_networks_are_connected_to(uri: str) -> None:
    Destinations([]).check(uri)


@pytest.mark.parametrize("uri", PUBLIC)
def test_nothing_else_is(uri: str) -> None:
    with pytest.raises(DestinationError, match="realHosts"):
        Destinations(["other.example.com"]).check(uri)


@pytest.mark.parametrize("uri", ["ws:///path", "ws://[::1/", "ws://a b/", "ws://host:port/"])
def test_what_has_no_host_is_refused(uri: str) -> None:
    with pytest.raises(DestinationError):
        Destinations(["*"]).check(uri)


@pytest.mark.parametrize("name", ["example.com", "*.com", "*"])
def test_a_host_can_be_added(name: str) -> None:
    Destinations([name]).check("wss://example.com/audio")


def resolved(monkeypatch: pytest.MonkeyPatch, names: list[str], host: str, *addresses: str) -> list[str]:
    async def resolve(resolver: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[dict[str, Any]]:
        return [{"host": each, "hostname": host, "port": port, "family": family} for each in addresses]

    monkeypatch.setattr("emulator.connectors.destinations.ThreadedResolver.resolve", resolve)

    async def ask() -> list[str]:
        return [each["host"] for each in await PrivateResolver(Destinations(names)).resolve(host)]

    return asyncio.run(ask())


def test_a_private_name_leads_to_private_addresses_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolved(monkeypatch, [], "agent", "8.8.8.8", "10.0.0.1") == ["10.0.0.1"]
    with pytest.raises(DestinationError):
        resolved(monkeypatch, [], "agent", "8.8.8.8")
    assert resolved(monkeypatch, ["agent"], "agent", "8.8.8.8") == ["8.8.8.8"]
