"""SIP calls, which join a session with a client token: dial, play digits.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from starlette.responses import Response

from emulator.resources.calls import call_body
from emulator.service import refused_of
from emulator.service.invocation import Invocation
from emulator.spec.errors import REQUIRED, InvalidRequestError
from emulator.spec.operations import CONNECTION, NO_BODY, SESSION, operation
from emulator.spec.responses import ErrorBody
from emulator.spec.schemas.sip import Dial, PlayDtmf, PlayDtmfToOne
from state import calls
from state import errors as refused

_DIGITS = InvalidRequestError("must match ^[0-9*#p]+$", "digits")
_TEXTS = {"digits": "Invalid DTMF Digits"}


@operation(
    "dial",
    "SIP",
    "POST",
    "/dial",
    "Dial a SIP endpoint into a session",
    aliases=(("POST", "/call"),),
    body=Dial,
    response="SipCall",
    example={"sip": {"uri": "sip:someone@localhost"}},
    refusals=(
        refused.NoClientsError(),
        *refused_of.SESSION,
        refused.NotRoutedError("SIP call"),
        refused.UnknownStreamError(),
        InvalidRequestError(REQUIRED, "sessionId"),
        refused_of.TOKEN,
    ),
    answers={refused.UnknownStreamError: ErrorBody(400, "Invalid request. sip.streams names an unknown stream.")},
    adds=True,
)
async def dial(invocation: Invocation) -> Response:
    """Call a SIP address from a session; return the call, before it is picked up (2.1)."""
    body = invocation.body(Dial)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        token = invocation.client_token(body.token, session.id)
        dialled = calls.dial(app, session, body.state(), token.data, token.layout_classes)
        return invocation.response(invocation.shape("SipCall", call_body(invocation.audience, dialled)))


async def _play_dtmf(invocation: Invocation) -> Response:
    """Play digits to all SIP calls of a session, or to the one of a connection (2.2)."""
    body = invocation.body(PlayDtmfToOne if "connectionId" in invocation.params else PlayDtmf)
    with invocation.unit() as app:
        calls.play_digits(app, invocation.session(app), body.digits, invocation.params.get("connectionId", ""))
    return invocation.response()


play_dtmf_all = operation(
    "playDtmfAll",
    "SIP",
    "POST",
    SESSION + "/play-dtmf",
    "Play DTMF tones to all SIP calls of a session",
    body=PlayDtmf,
    empty=NO_BODY,
    xml_when_anything=True,
    refusals=(_DIGITS, refused.NoCallError(), *refused_of.SESSION),
    texts=_TEXTS,
)(_play_dtmf)

play_dtmf_connection = operation(
    "playDtmfConnection",
    "SIP",
    "POST",
    CONNECTION + "/play-dtmf",
    "Play DTMF tones to one SIP call",
    body=PlayDtmfToOne,
    empty=NO_BODY,
    xml_when_anything=True,
    refusals=(
        _DIGITS,
        refused.NoCallError(),
        *refused_of.SESSION,
        refused.MalformedIdError("connection"),
        refused.NotConnectedError(),
    ),
    texts=_TEXTS,
)(_play_dtmf)
