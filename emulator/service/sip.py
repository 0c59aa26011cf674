"""SIP calls, which join a session with a client token: dial, play digits.

The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator.resources.calls import call_body
from emulator.service.invocation import Handler, Invocation
from emulator.spec.schemas.sip import Dial, PlayDtmf, PlayDtmfToOne
from state import calls


async def dial(invocation: Invocation) -> Response:
    """Call a SIP address from a session; return the call, before it is picked up (2.1)."""
    body = invocation.body(Dial)
    with invocation.unit() as app:
        session = invocation.session(app, body.session_id)
        token = invocation.client_token(body.token, session.id)
        dialled = calls.dial(app, session, body.state(), token.data, token.layout_classes)
        return invocation.response(invocation.shape("SipCall", call_body(invocation.audience, dialled)))


async def play_dtmf(invocation: Invocation) -> Response:
    """Play digits to all SIP calls of a session, or to the one of a connection (2.2)."""
    body = invocation.body(PlayDtmfToOne if "connectionId" in invocation.params else PlayDtmf)
    with invocation.unit() as app:
        calls.play_digits(app, invocation.session(app), body.digits, invocation.params.get("connectionId", ""))
    return invocation.response()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "dial": dial,
        "playDtmfAll": play_dtmf,
        "playDtmfConnection": play_dtmf,
    }
)
