"""Callbacks that an OpenTok project registers by the API itself, one for each kind of event.

A registration stays until it is removed. Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 6.1 (the calls);
the groups and events are those of the callbacks of OpenTok projects (6, 1.7, 2.3, 3.3, 4.5), inferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from state.application import Application
from state.errors import TooManyRegistrationsError, UnknownResourceError
from state.project_records import Registration
from state.resources import RESOURCES

MAX_REGISTRATIONS = 100


GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "session": ("created", "destroyed", "notification"),
        "connection": ("created", "destroyed"),
        "stream": ("created", "destroyed"),
        **{kind.name: kind.registrable for kind in RESOURCES if kind.registrable},
    }
)
"""The events of each group."""


def register(app: Application, group: str, event: str, url: str) -> Registration:
    """Register a callback; the event must be one of the group (`GROUPS`). Raises `TooManyRegistrationsError`."""
    if len(app.registrations) >= MAX_REGISTRATIONS:
        raise TooManyRegistrationsError
    registration = Registration(app.ids.uuid(), group, event, url, app.now)
    app.registrations[registration.id] = registration
    app.touch(registration)
    return registration


def remove(app: Application, registration_id: str) -> None:
    """Remove a registration. Raises `UnknownResourceError`."""
    registration = app.registrations.pop(registration_id, None)
    if registration is None:
        raise UnknownResourceError(Registration.kind)
    app.remove(registration)
