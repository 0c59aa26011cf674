"""What is asked before a callback is posted: which effects it meets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.faulting import Faulting, known_names
from scenarios.effects import EFFECTS
from state.application import Application, Credentials
from state.options import Options
from state.world import World

APP = "11111111-1111-4111-8111-111111111111"
ARCHIVE = {"id": "22222222-2222-4222-8222-222222222222", "status": "available", "name": "lesson", "sessionId": "s"}
CALLBACKS = [name for name, effect in EFFECTS.items() if effect.kind == "callback"]


@pytest.fixture
def application() -> Application:
    return World().add(APP, "test", Credentials("", "", "1", "secret"), Options())


@pytest.fixture
def faulting() -> Faulting:
    return Faulting(World())


def met(faulting: Faulting, app: Application, webhook: str = "archive_status", body: Any = ARCHIVE) -> list[str]:
    return list(faulting.callback_effects(app, webhook, "s", json.dumps(body).encode()))


def test_an_application_without_rules_is_not_asked(faulting: Faulting, application: Application) -> None:
    assert faulting.callback_effects(application, "archive_status", "s", b"not even read") == {}
    assert application.faults is None


@pytest.mark.parametrize("effect", CALLBACKS)
def test_every_effect_on_callbacks(faulting: Faulting, application: Application, effect: str) -> None:
    fault = faulting.of(application).add({"when": {"callback": "archive_status"}, "then": effect, "times": 1}, 0)
    assert met(faulting, application, "session_created") == []
    assert met(faulting, application) == [effect]
    assert met(faulting, application) == []
    assert (fault.hits, fault.spent) == (1, True)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"callback": "*"}, True),
        ({"callback": ["archive_status", "broadcast_status"]}, True),
        ({"callback": "*", "session": "s"}, True),
        ({"callback": "*", "session": "t"}, False),
        ({"callback": "*", "resource": "lesson"}, True),
        ({"callback": "*", "state": "available"}, True),
        ({"callback": "*", "state": "started"}, False),
        ({"callback": "*", "body": {"name": {"matches": "^les"}}}, True),
        ({"callback": "*", "within": 60}, False),
        ({"callback": "*", "nth": 2}, False),
    ],
)
def test_conditions_look_at_the_callbacks_body(
    faulting: Faulting, application: Application, when: Any, expected: bool
) -> None:
    faulting.of(application).add({"when": when, "then": "callbackLost"}, 0)
    assert met(faulting, application) == (["callbackLost"] if expected else [])


def test_several_effects_with_their_settings(faulting: Faulting, application: Application) -> None:
    then = {"callbackDoubled": {"times": 3}, "callbackUnsigned": {}}
    faulting.of(application).add({"when": {"callback": "*"}, "then": then}, 0)
    effects = faulting.callback_effects(application, "archive_status", "s", json.dumps(ARCHIVE).encode())
    assert {name: effect.model_dump() for name, effect in effects.items()} == {
        "callbackDoubled": {"times": 3},
        "callbackUnsigned": {},
    }


def test_every_webhook_can_be_named() -> None:
    assert {"archive_status", "sip_call_mute_forced", "session_notification"} <= set(known_names().callbacks)
