"""Rules that can never fire are refused when they are written, with the place and what was probably meant."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.service.names import known_names
from scenarios.rules import read_rule
from scenarios.strict import RuleError

NAMES = known_names()

NEVER: list[tuple[dict[str, Any], str, str]] = [
    ({"any": []}, "when.any", "at least 1 item"),
    ({"all": []}, "when.all", "at least 1 item"),
    ({"nth": []}, "when.nth", "at least 1 item"),
    ({"not": {}}, "when", "no operation is left"),
    ({"body": {}}, "when.body", "at least 1 item"),
    ({"operation": "dial", "tag": "Archives"}, "when.tag", "no operation is left"),
    ({"operation": "dial", "not": {"tag": "SIP"}}, "when.operation", "no operation is left"),
    ({"operation": "dial", "any": [{"session": "s"}, {"operation": "startArchive"}]}, "when.any.1.operation", "no op"),
    ({"role": "moderater"}, "when.role", "there is no role moderater; did you mean moderator?"),
    ({"role": ""}, "when.role.0", "at least 1 character"),
    ({"operation": "getArchive", "role": "moderator"}, "when.role", "no client token"),
    ({"state": "availble"}, "when.state", "there is no state availble; did you mean available?"),
    ({"operation": "startArchive", "state": "started"}, "when.state", "has no state"),
    ({"session": ""}, "when.session.0", "at least 1 character"),
    ({"header": {"": "x"}}, "when.header", "'' is no name of a header"),
    ({"header": {"X-Suite:": "x"}}, "when.header", "'X-Suite:' is no name of a header"),
    ({"header": {"X-Suite": 1}}, "when.header", 'headers are text: write "1"'),
    (
        {"operation": "startArchive", "body": {"nmae": "x"}},
        "when.body.nmae",
        "has a field nmae; did you mean name?",
    ),
    ({"operation": "dial", "body": {"sip.url": "x"}}, "when.body.sip.url", "did you mean sip.uri?"),
    ({"operation": "startArchive", "not": {"body": {"nmae": "x"}}}, "when.not.body.nmae", "did you mean name?"),
    ({"operation": "getArchive", "body": {"name": "x"}}, "when.body.name", "no body"),
    ({"any": [{"callback": "*"}]}, "when.any.0.callback", "at the top"),
    ({"not": {"callback": "*"}}, "when.not.callback", "at the top"),
]


@pytest.mark.parametrize(("when", "field", "said"), NEVER, ids=[str(when)[:50] for when, _, _ in NEVER])
def test_what_can_never_hold_is_refused(when: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule({"when": when, "then": "internal"}, NAMES)
    assert caught.value.field == field
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "when",
    [
        {"operation": "createSession", "body": {"p2p.preference": "enabled"}},
        {"operation": "dial", "body": {"sip.headers.X-Anything": "x", "sip.streams.0": "y", "sip.from": "z"}},
        {"operation": "startBroadcast", "body": {"outputs.rtmp.3.serverUrl": {"exists": True}}},
        {"operation": "connectAudio", "body": {"websocket.audioTransport.audio_field": "a"}},
        {"operation": "muteSession", "body": {"excludedStreams": {"exists": True}}},
        {"body": {"name": "in one of them"}},
        {"operation": ["getArchive", "startArchive"], "state": "started"},
        {"operation": "startArchive", "not": {"operation": "dial"}},
        {"tag": "Archives", "any": [{"operation": "startArchive"}, {"body": {"type": "bestFit"}}]},
        {"role": "moderator"},
    ],
    ids=lambda when: str(when)[:50],
)
def test_what_can_hold_is_taken(when: dict[str, Any]) -> None:
    read_rule({"when": when, "then": "internal"}, NAMES)


@pytest.mark.parametrize("key", [{"operation": "dial"}, {"tag": "SIP"}, {"role": "publisher"}, {"header": {"a": "b"}}])
@pytest.mark.parametrize("inside", [False, True])
def test_a_callback_has_none_of_what_calls_have(key: dict[str, Any], inside: bool) -> None:
    when = {"callback": "*", **({"not": key} if inside else key)}
    with pytest.raises(RuleError, match=f"a callback has no {next(iter(key))}"):
        read_rule({"when": when, "then": "callbackLost"}, NAMES)
    read_rule({"when": {"callback": "*", "body": {"event": "archive"}}, "then": "callbackLost"}, NAMES)


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("staleRead", "staleRead changes the answer of getArchive or .* only, and this rule is about other"),
        ("sipBusy", "sipBusy follows dial only"),
        ({"sipBusy": {}, "sipDeclined": {}}, "sipBusy and sipDeclined cannot both happen"),
        ({"uploadSlow": {}, "uploadStuck": {}}, "uploadSlow and uploadStuck cannot both happen"),
        ({"renderCannotLoad": {}, "renderCrashes": {}}, "cannot both happen"),
    ],
)
def test_an_effect_that_cannot_happen_is_refused(then: Any, said: str) -> None:
    with pytest.raises(RuleError, match=said):
        read_rule({"when": {"operation": "startArchive"}, "then": then}, NAMES)


def test_effects_that_go_together_are_taken() -> None:
    then = {"archiveFails": {"seconds": 60}, "uploadFails": {}, "networkDrops": {}}
    read_rule({"when": {"operation": "startArchive"}, "then": then}, NAMES)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"when": {"after": "2"}}, "when.after"),
        ({"when": {"after": True}}, "when.after"),
        ({"when": {"nth": True}}, "when.nth"),
        ({"when": {"until": True}}, "when.until"),
        ({"when": {"until": -1}}, "when.until"),
        ({"when": {"within": "60"}}, "when.within"),
        ({"when": {"probability": True}}, "when.probability"),
        ({"times": "2"}, "times"),
        ({"then": {"latency": {"ms": "30"}}}, "then.latency.ms"),
        ({"then": {"latency": {"ms": True}}}, "then.latency.ms"),
        ({"then": {"sipNoAnswer": {"code": "480"}}}, "then.sipNoAnswer.code"),
        ({"then": {"rateLimited": {"retryAfter": "1"}}}, "then.rateLimited.retryAfter"),
    ],
)
def test_a_number_is_a_number(rule: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule({"then": "internal", **rule}, NAMES)
    assert caught.value.field == field


@pytest.mark.parametrize("until", ["tomorrow", "2026-01-31T12:00:00", "1769860800000", 1.5])
def test_a_time_says_how_it_is_written(until: Any) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule({"when": {"until": until}, "then": "internal"}, NAMES)
    if isinstance(until, str):
        assert str(caught.value) == (
            f"when.until: must be ms since the epoch, or a time with its zone like 2026-01-31T12:00:00Z (got {until!r})"
        )


@pytest.mark.parametrize("name", ["a b", "-a", "ü", "a" * 101, "request", "magic:busy"])
def test_a_name_says_what_it_may_be(name: str) -> None:
    with pytest.raises(RuleError, match=r"name: (a name is up to 100 letters|this name is that of)"):
        read_rule({"name": name, "then": "internal"}, NAMES)
