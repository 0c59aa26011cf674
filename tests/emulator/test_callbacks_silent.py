"""Receivers that do not answer: what they cost an advance, and whom they keep waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.testclient import TestClient

from emulator.testing.receiver import Receiver
from tests.emulator.local import Tenant, emulator
from tests.emulator.receiving import outbox_now
from tests.eventually import eventually

TIMEOUT = 1.0


@pytest.fixture
def client() -> Iterator[TestClient]:
    """An emulator that gives receivers a second."""
    with emulator(callback_timeout=TIMEOUT) as client:
        yield client


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a receiver that takes connections and never says anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def advance(tenant: Tenant, seconds: float) -> float:
    """Let time pass; return how long it took, s."""
    started = time.monotonic()
    tenant.advance(seconds)
    return time.monotonic() - started


def tenant_of(client: TestClient, **addresses: str) -> Tenant:
    webhooks = {key: {"address": address} for key, address in addresses.items()}
    tenant = Tenant(client, webhooks=webhooks)
    tenant.control("POST", "/clock", {"action": "freeze"})
    return tenant


@pytest.mark.parametrize("seconds", [60, 3600, 30 * 3600])
def test_an_advance_waits_once_for_a_receiver_that_hangs(client: TestClient, silent: str, seconds: float) -> None:
    tenant = tenant_of(client, connection_created=silent)
    tenant.session(join=10)
    assert advance(tenant, seconds) < 4 * TIMEOUT
    assert len(outbox_now(tenant)) == 10


@pytest.mark.parametrize(
    ("paths", "sessions"),
    [
        (("/a", "/b", "/c"), 1),  # several URLs of one server
        (("", "", ""), 60),  # more sessions than there are connections
        (("/a?x=1", "/a?x=2", "/b/c/d"), 5),
    ],
)
def test_a_server_that_hangs_is_one_receiver_whatever_it_is_told(
    client: TestClient, silent: str, paths: tuple[str, ...], sessions: int
) -> None:
    keys = ("session_created", "connection_created", "stream_created")
    tenant = tenant_of(client, **{key: silent + path for key, path in zip(keys, paths, strict=True)})
    for _ in range(sessions):
        tenant.session(join=2)
    assert advance(tenant, 600) < 4 * TIMEOUT


def test_receivers_that_answer_are_told_everything_beside_one_that_hangs(client: TestClient, silent: str) -> None:
    with Receiver() as healthy:
        tenant = tenant_of(client, connection_created=silent, stream_created=healthy.url)
        for _ in range(50):
            tenant.session(join=2)
        assert advance(tenant, 60) < 5 * TIMEOUT
        assert len(healthy.received()) == 100
        statuses = [each["status"] for each in outbox_now(tenant) if each["webhook"] == "stream_created"]
        assert set(statuses) == {"delivered"}


def test_two_that_hang_cost_two_timeouts_at_most(client: TestClient, silent: str) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(socket.socket())
        other.bind(("127.0.0.1", 0))
        other.listen(100)
        tenant = tenant_of(
            client, connection_created=silent, stream_created=f"http://127.0.0.1:{other.getsockname()[1]}"
        )
        tenant.session(join=5)
        assert advance(tenant, 3600) < 5 * TIMEOUT


def test_who_was_late_once_is_waited_for_at_its_retry_and_in_the_next_advance(client: TestClient) -> None:
    with Receiver() as receiver:
        receiver.reply(delay=2 * TIMEOUT, times=1)
        tenant = tenant_of(client, connection_created=receiver.url)
        tenant.session(join=1)
        advance(tenant, 6)
        (callback,) = eventually(
            lambda: [each for each in outbox_now(tenant) if each["status"] == "delivered"], "the retry is delivered"
        )
        assert [each["cause"] for each in callback["attempts"]] == ["timeout", None]
        tenant.session(join=3)
        advance(tenant, 0)
        assert [each["status"] for each in outbox_now(tenant)] == ["delivered"] * 4


def test_what_a_silent_receiver_was_sent_arrives_in_order_when_it_answers_again(client: TestClient) -> None:
    with Receiver() as receiver:
        receiver.reply(delay=2 * TIMEOUT, times=3)
        tenant = tenant_of(client, connection_created=receiver.url)
        tenant.session(join=8)
        assert advance(tenant, 10) < 4 * TIMEOUT
        deadline = time.monotonic() + 10 * TIMEOUT
        while {each["status"] for each in outbox_now(tenant)} != {"delivered"}:
            assert time.monotonic() < deadline
            advance(tenant, 10)
        first_tries = list(dict.fromkeys(each["jti"] for each in outbox_now(tenant)))
        assert len(first_tries) == 8
