"""Callbacks that rules have their way with: what is asked before one is posted, and what its receiver sees."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.client import ApplicationClient
from emulator.faults.injector import FaultInjector
from emulator.service.names import known_names
from emulator.store.base import Store
from emulator.testing import Callbacks, Server
from emulator.testing.received import SignatureError
from scenarios.effects import EFFECTS
from state.application import Application, Credentials
from state.events import Event
from state.options import Options
from state.outbox import UNDISTORTED, Distortion
from state.world import World
from tests.scenarios.calls import call, control, new_session

APP = "11111111-1111-4111-8111-111111111111"
ARCHIVE = {"id": "22222222-2222-4222-8222-222222222222", "status": "available", "name": "lesson", "sessionId": "s"}
CALLBACKS = [name for name, effect in EFFECTS.items() if effect.kind == "callback"]


@pytest.fixture
def app() -> Application:
    return World().add(APP, "test", Credentials("", "", "1", "secret"), Options())


@pytest.fixture
def injector() -> FaultInjector:
    return FaultInjector(World(), Store(), asyncio.Event(), known_names)


EVENT = Event(1, 0, "archive.available", str(ARCHIVE["id"]), "s", record=SimpleNamespace(names=("lesson", "")))


def met(injector: FaultInjector, app: Application, webhook: str = "archive_status", body: Any = ARCHIVE) -> Distortion:
    return injector.distortion(app, webhook, EVENT, json.dumps(body).encode())


EXPECTED = {
    "callbackLost": Distortion("it", lost=True),
    "callbackDelayed": Distortion("it", delay=5000),
    "callbackDoubled": Distortion("it", copies=2),
    "callbackReordered": Distortion("it", delay=5000, behind_next=True),
    "callbackUnsigned": Distortion("it", signature="none"),
    "callbackBadlySigned": Distortion("it", signature="wrong"),
}


def test_an_application_without_rules_is_not_asked(injector: FaultInjector, app: Application) -> None:
    assert injector.distortion(app, "archive_status", EVENT, b"not even read") is UNDISTORTED
    assert app.faults is None


@pytest.mark.parametrize("effect", CALLBACKS)
def test_every_effect_on_callbacks(injector: FaultInjector, app: Application, effect: str) -> None:
    rule = {"name": "it", "when": {"callback": "archive_status"}, "then": effect, "times": 1}
    fault = injector.of(app).add(rule, 0)
    assert met(injector, app, "session_created") is UNDISTORTED
    assert met(injector, app) == EXPECTED[effect]
    assert met(injector, app) is UNDISTORTED
    assert (fault.hits, fault.spent) == (1, True)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"callback": "*"}, True),
        ({"callback": ["archive_status", "broadcast_status"]}, True),
        ({"callback": "*", "session": "s"}, True),
        ({"callback": "*", "session": "t"}, False),
        ({"callback": "*", "resource": "lesson"}, True),
        ({"callback": "*", "resource": ARCHIVE["id"]}, True),
        ({"callback": "*", "resource": "lessons"}, False),
        ({"callback": "*", "state": "available"}, True),
        ({"callback": "*", "state": "started"}, False),
        ({"callback": "*", "body": {"name": {"matches": "^les"}}}, True),
        ({"callback": "*", "within": 60}, False),
        ({"callback": "*", "nth": 2}, False),
    ],
)
def test_conditions_look_at_the_callbacks_body(
    injector: FaultInjector, app: Application, when: Any, expected: bool
) -> None:
    injector.of(app).add({"when": when, "then": "callbackLost"}, 0)
    assert met(injector, app).lost is expected


def test_several_effects_together(injector: FaultInjector, app: Application) -> None:
    then = {"callbackDoubled": {"times": 3}, "callbackUnsigned": {}}
    injector.of(app).add({"name": "it", "when": {"callback": "*"}, "then": then}, 0)
    assert met(injector, app) == Distortion("it", copies=3, signature="none")


def test_every_webhook_can_be_named() -> None:
    assert {"archive_status", "sip_call_mute_forced", "session_notification"} <= set(known_names().callbacks)


# What the receiver sees


@pytest.fixture
def callbacks(server: Server, application: ApplicationClient) -> Iterator[Callbacks]:
    """A receiver of the application's callbacks."""
    with Callbacks(server, application) as callbacks:
        application.send_callbacks_to(callbacks.url)
        yield callbacks


@pytest.fixture
def archive(server: Server, application: ApplicationClient, callbacks: Callbacks) -> Any:
    """Starts an archive of a session of one, and stops it."""
    session = new_session(server, application, join=1)

    def start_and_stop() -> None:
        made = call(server, application, "POST", "/archive", {"sessionId": session}).json()
        call(server, application, "POST", f"/archive/{made['id']}/stop")

    return start_and_stop


def fault(server: Server, application: ApplicationClient, state: str, then: Any) -> None:
    when = {"callback": "archive_status", "state": state}
    control(server, application, "POST", "/faults", {"name": "it", "when": when, "then": then})


def told(callbacks: Callbacks) -> list[str]:
    return [one.event.removeprefix("archive.") for one in callbacks.received("archive")]


def test_a_lost_callback_never_comes(
    server: Server, application: ApplicationClient, callbacks: Callbacks, archive: Any
) -> None:
    fault(server, application, "stopped", "callbackLost")
    archive()
    callbacks.wait_for("archive.available")
    assert told(callbacks) == ["started", "uploaded", "available"]


def test_a_doubled_callback_comes_twice_with_the_same_jti(
    server: Server, application: ApplicationClient, callbacks: Callbacks, archive: Any
) -> None:
    fault(server, application, "stopped", {"callbackDoubled": {"times": 3}})
    archive()
    callbacks.wait_for("archive.available")
    assert told(callbacks) == ["started", "stopped", "stopped", "stopped", "uploaded", "available"]
    assert len({one.jti for one in callbacks.received("archive.stopped")}) == 1


def test_a_reordered_callback_comes_after_the_next(
    server: Server, application: ApplicationClient, callbacks: Callbacks, archive: Any
) -> None:
    fault(server, application, "stopped", "callbackReordered")
    archive()
    callbacks.wait_for("archive.available")
    assert told(callbacks) == ["started", "uploaded", "stopped", "available"]


def test_a_delayed_callback_follows_the_clock(
    server: Server, application: ApplicationClient, callbacks: Callbacks, archive: Any
) -> None:
    fault(server, application, "started", {"callbackDelayed": {"seconds": 3600}})
    archive()
    callbacks.wait_for("archive.available")
    assert "started" not in told(callbacks)
    application.clock.advance(3600)
    callbacks.wait_for("archive.started")


@pytest.mark.parametrize("effect", ["callbackUnsigned", "callbackBadlySigned"])
def test_a_callback_whose_signature_is_no_good(
    server: Server, application: ApplicationClient, callbacks: Callbacks, archive: Any, effect: str
) -> None:
    fault(server, application, "stopped", effect)
    archive()
    callbacks.verify(callbacks.wait_for("archive.started"))
    stopped = callbacks.wait_for("archive.stopped")
    with pytest.raises(SignatureError):
        callbacks.verify(stopped)
    assert ("authorization" in stopped.headers) is (effect == "callbackBadlySigned")


def test_the_pack_webhook_outage(
    server: Server, application: ApplicationClient, callbacks: Callbacks, archive: Any
) -> None:
    control(server, application, "PUT", "/scenarios/webhook-outage", {"parameters": {"seconds": 3600}})
    callbacks.clear()
    archive()
    application.wait_for("archive.available", timeout=5)
    application.clock.advance(3600)
    archive()
    callbacks.wait_for("archive.available")
    assert told(callbacks) == ["started", "stopped", "uploaded", "available"]
    assert control(server, application, "GET", "/scenarios/webhook-outage")["hits"] >= 4


def test_the_pack_webhook_storm(
    server: Server, application: ApplicationClient, callbacks: Callbacks, archive: Any
) -> None:
    control(server, application, "PUT", "/scenarios/webhook-storm", {"parameters": {"share": 1, "times": 2}})
    callbacks.clear()
    archive()
    application.wait_for("archive.available", timeout=5)
    application.clock.advance(60)
    callbacks.wait_for("archive.available")
    seen = told(callbacks)
    assert sorted(seen) == sorted(["started", "stopped", "uploaded", "available"] * 2)
