"""What tells an event: a webhook, and the body that is sent to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.spec.wire import Audience, Json
from emulator.webhooks import OpentokFamily, WebhookKey
from state.events import Event

WriteBody = Callable[[Audience, Event], Json]


@dataclass(frozen=True, slots=True)
class CallbackType:
    """The callback of an event: its webhook (Vonage), its family of callbacks (OpenTok), and what writes its body."""

    webhook: WebhookKey
    family: OpentokFamily
    write: WriteBody


def monitored(audience: Audience, event: Event, name: str) -> Json:
    """Return the keys that all bodies of session and SIP monitoring have (broadcasts-… 6)."""
    identity = {"projectId": audience.project}
    if not audience.opentok:
        identity["applicationId"] = audience.app.id
    return {"sessionId": event.session_id, **identity, "event": name, "timestamp": event.at}
