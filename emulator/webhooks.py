"""The webhooks of an application, and the callbacks of an OpenTok project: one list of each, light to import."""

from __future__ import annotations

from typing import Literal, get_args

WebhookKey = Literal[
    "archive_status",
    "connection_created",
    "connection_destroyed",
    "session_created",
    "session_destroyed",
    "session_notification",
    "stream_created",
    "stream_destroyed",
    "render_status",
    "captions_status",
    "broadcast_status",
    "sip_call_created",
    "sip_call_updated",
    "sip_call_destroyed",
    "sip_call_mute_forced",
]
"""The webhooks of a Vonage application (fidelity/broadcasts-sip-captions-renders-callbacks.md 6.1)."""

OpentokFamily = Literal["session", "archive", "broadcast", "sip", "render", "captions"]
"""What an OpenTok project has callback URLs for."""

WEBHOOKS: tuple[WebhookKey, ...] = get_args(WebhookKey)
