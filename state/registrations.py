"""Callbacks that an OpenTok project registers by the API itself, one for each kind of event.

A registration stays until it is removed. Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 6.1 (the calls);
the groups and events are those of the callbacks of OpenTok projects (6, 1.7, 2.3, 3.3, 4.5), inferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from state.application import Application
from state.errors import TooManyRegistrations, Unknown

MAX_REGISTRATIONS = 100

STATUS = "status"
"""The event of a group whose callbacks all tell a status."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "session": ("created", "destroyed", "notification"),
        "connection": ("created", "destroyed"),
        "stream": ("created", "destroyed"),
        "archive": (STATUS,),
        "broadcast": (STATUS,),
        "render": (STATUS,),
        "captions": (STATUS,),
        "call": ("created", "updated", "destroyed", "muteForced"),
    }
)
"""The events of each group."""


@dataclass(frozen=True, slots=True)
class Registration:
    """Where callbacks of one kind of event go; time in ms."""

    kind: ClassVar[str] = "registration"

    id: str
    group: str
    event: str
    url: str
    created_at: int

    def hears(self, type_: str) -> bool:
        """Tell whether an event of this type is told to it."""
        group, _, event = type_.partition(".")
        return group == self.group and self.event in (event, STATUS)


def register(app: Application, group: str, event: str, url: str) -> Registration:
    """Register a callback; the event must be one of the group (`GROUPS`). Raises `TooManyRegistrations`."""
    if len(app.registrations) >= MAX_REGISTRATIONS:
        raise TooManyRegistrations
    registration = Registration(app.ids.uuid(), group, event, url, app.now)
    app.registrations[registration.id] = registration
    app.touch(registration)
    return registration


def remove(app: Application, registration_id: str) -> None:
    """Remove a registration. Raises `Unknown`."""
    registration = app.registrations.pop(registration_id, None)
    if registration is None:
        raise Unknown(Registration.kind)
    app.remove(registration)
