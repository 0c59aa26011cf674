"""Captions on the wire. The numbers are sections of fidelity/broadcasts-sip-captions-renders-callbacks.md."""

from __future__ import annotations

from emulator.resources.callback_type import CallbackType
from emulator.resources.wire_kind import WireKind
from emulator.spec.wire import Audience, Json
from state import captions
from state.captions import LIVE, Captions


def captions_body(audience: Audience, each: Captions) -> Json:
    """Return live captions (3.3). Times in ms, `duration` in s.

    The id has both names that are in use, and `projectId` is there for Vonage and OpenTok. `stream` is the one that is
    transcribed; its id is empty while nobody publishes audio.
    """
    until = audience.now if each.status in LIVE else each.updated_at
    application = {} if audience.opentok else {"applicationId": audience.app.id}
    return {
        "captionId": each.id,
        "captionsId": each.id,
        **application,
        "projectId": audience.project,
        "sessionId": each.session_id,
        "status": each.status,
        "createdAt": each.created_at,
        "updatedAt": each.updated_at,
        "duration": (until - each.created_at) // 1000,
        **({"reason": each.reason} if each.reason else {}),
        "provider": "aws-transcribe",
        "languageCode": each.new.language.lower(),
        "stream": {"streamId": each.stream_id, "streamStatus": each.status},
        "group": "captions",
    }


_STATUS = CallbackType("captions_status", "captions", lambda audience, event: captions_body(audience, event.record))

WIRE = WireKind(
    kind=captions.KIND,
    parameter="captionsId",
    naming=(),
    write=captions_body,
    callbacks=dict.fromkeys(captions.KIND.events, _STATUS),
)
