"""What callbacks tell: the body of each, made the moment it happens, and where it goes.

Bodies: fidelity/broadcasts-sip-captions-renders-callbacks.md 1.7, 2.3, 3.3, 4.5, 6 and rest-and-archives.md 12.14, 13.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from emulator.resources.callback_type import CallbackType, WriteBody, monitored
from emulator.resources.registry import WIRE_KINDS
from emulator.spec.opentok import OPENTOK
from emulator.spec.wire import Audience, Json
from state import callbacks
from state.application import Application
from state.events import Event
from state.memory import fitted
from state.outbox import Distortion, Webhook
from state.session_records import Connection, Stream

REGISTERED = "registered."
"""Prefix of a registration's id, in place of the name of a webhook."""

Distort = Callable[[Application, str, Event, bytes], Distortion]
"""What rules do to a callback of an application, by webhook, event and body."""


def _reason(event: Event) -> Json:
    return {"reason": event.reason} if event.reason else {}


def _session(name: str) -> WriteBody:
    return lambda audience, event: {**monitored(audience, event, name), **_reason(event)}


def _notification(audience: Audience, event: Event) -> Json:
    """`remainingTime` is told in ms, as other times of session monitoring are: its unit is not documented."""
    body = _session("sessionNotification")(audience, event)
    rotation = audience.app.timeline.get("session.rotate", event.session_id)
    return {**body, "remainingTime": rotation.due - event.at} if rotation is not None else body


def _connection(name: str) -> WriteBody:
    return lambda audience, event: {
        **monitored(audience, event, name),
        "connection": _show_connection(event.record),
        **_reason(event),
    }


def _show_connection(connection: Connection) -> Json:
    return {"id": connection.id, "createdAt": connection.created_at, "data": connection.data}


def _stream(name: str) -> WriteBody:
    def write(audience: Audience, event: Event) -> Json:
        stream: Stream = event.record
        connection = audience.app.sessions[event.session_id].connections[stream.connection_id]
        shown: Json = {
            "id": stream.id,
            "connection": _show_connection(connection),
            "createdAt": stream.created_at,
            "name": stream.name,
        }
        if stream.has_video:  # an audio-only stream has no type (6)
            shown["videoType"] = stream.video_type
        return {**monitored(audience, event, name), "stream": shown, **_reason(event)}

    return write


CALLBACK_TYPES: Mapping[str, CallbackType] = MappingProxyType(
    {
        "session.created": CallbackType("session_created", "session", _session("sessionCreated")),
        "session.destroyed": CallbackType("session_destroyed", "session", _session("sessionDestroyed")),
        "session.notification": CallbackType("session_notification", "session", _notification),
        "connection.created": CallbackType("connection_created", "session", _connection("connectionCreated")),
        "connection.destroyed": CallbackType("connection_destroyed", "session", _connection("connectionDestroyed")),
        "stream.created": CallbackType("stream_created", "session", _stream("streamCreated")),
        "stream.destroyed": CallbackType("stream_destroyed", "session", _stream("streamDestroyed")),
        **{
            f"{name}.{event}": callback_type
            for name, each in WIRE_KINDS.items()
            for event, callback_type in each.callbacks.items()
        },
    }
)
"""By type of event; those of resources are declared in emulator/resources/."""


class CallbackWriter:
    """Watches the world and puts a callback into the outbox for each event that has a receiver.

    `base_url` returns the base of links in bodies; `distort` returns what failure rules do to a callback.
    """

    def __init__(self, base_url: Callable[[], str], distort: Distort) -> None:
        self._base_url = base_url
        self._distort = distort

    def on_event(self, app: Application, event: Event) -> None:
        """Put the callbacks of an event into the outbox."""
        told = CALLBACK_TYPES.get(event.type)
        if told is None:
            return
        new: Any = getattr(event.record, "new", None)
        own = getattr(new, "callback_url", "")
        if not (app.webhooks or own or app.registrations):
            return
        webhook = app.webhooks.get(told.webhook)
        family = app.webhooks.get(OPENTOK + told.family)
        if webhook is not None:
            self._post(app, event, told, told.webhook, webhook, app.id)
        if own:
            # In the dialect in which it was started, as its responses are (broadcasts-… 3.3, 4.1).
            same = family if new.project else webhook
            if same is None or not same.active or same.address != own:
                secret = same.secret if same is not None else ""
                self._post(app, event, told, "statusCallbackUrl", Webhook(own, secret=secret), new.project or app.id)
        if family is not None:
            self._post(app, event, told, OPENTOK + told.family, family, app.credentials.api_key)

        for each in app.registrations.values():
            if each.hears(event.type):
                webhook = Webhook(each.url)
                self._post(app, event, told, REGISTERED + each.id, webhook, app.credentials.api_key)

    def _post(
        self, app: Application, event: Event, told: CallbackType, key: str, webhook: Webhook, project: str
    ) -> None:
        if not webhook.active:
            return
        body = fitted(orjson.dumps(told.write(Audience(app, project, self._base_url()), event)))
        callbacks.post(
            app,
            webhook=key,
            event=event.type,
            url=webhook.address,
            secret=webhook.secret or app.credentials.signature_secret,
            session_id=event.session_id,
            body=body,
            distortion=self._distort(app, told.webhook, event, body),
        )
