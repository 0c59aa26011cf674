"""What can become of SIP calls."""

from __future__ import annotations

from scenarios.resources.magic_words import Found, Magic
from scenarios.resources.outcome import (
    Happen,
    KindOutcomes,
    ResourceOutcome,
    Settings,
    after_first,
    instead_of,
    later,
)
from state import calls
from state.application import Application
from state.calls import Call

BUSY = "486"
DECLINED = "603"
DROPPED = "703"
NO_MEDIA = "704"


def _hangs_up(code: str) -> Happen:
    return lambda app, call, settings: calls.hang_up(app, call.id, code)


def _no_answer(app: Application, call: Call, settings: Settings) -> None:
    calls.hang_up(app, call.id, str(settings["code"]))


_MAGIC = (
    Magic("sip", "busy", "sipBusy"),
    Magic("sip", "no-answer", "sipNoAnswer", {"code": 480}),
    Magic("sip", "timeout", "sipNoAnswer", {"code": 408}),
    Magic("sip", "declined", "sipDeclined"),
    Magic("sip", "drop", "sipDrops"),
    Magic("sip", "no-media", "sipMediaTimeout"),
)


def _magic_of(call: Call) -> Found:
    """Read `sip:user@host:port;parameters`."""
    address = call.new.uri.partition(":")[2].partition(";")[0].partition("?")[0]
    user, _, host = address.rpartition("@")
    name, host = user.partition(":")[0], host.partition(":")[0].lower()
    found = [each for each in _MAGIC if each.name == name] or [each for each in _MAGIC if each.host == host]
    yield from ((each, "") for each in found)


OUTCOMES = KindOutcomes(
    kind=calls.KIND,
    outcomes={
        "sipBusy": ResourceOutcome(at={"created": instead_of("call.ring")}, happens=_hangs_up(BUSY)),
        "sipNoAnswer": ResourceOutcome(
            at={"RINGING": after_first("sipRings")},  # the timer of the answer is not set yet
            happens=_no_answer,
            beside={"sipRings": calls.let_ring},
        ),
        "sipDeclined": ResourceOutcome(at={"RINGING": instead_of("call.answer")}, happens=_hangs_up(DECLINED)),
        "sipDrops": ResourceOutcome(at={"ACTIVE": later}, happens=_hangs_up(DROPPED)),
        "sipMediaTimeout": ResourceOutcome(at={"ACTIVE": later}, happens=_hangs_up(NO_MEDIA)),
    },
    magic=_MAGIC,
    magic_of=_magic_of,
)
