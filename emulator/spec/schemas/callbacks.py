"""The body of a registration of callbacks (fidelity/broadcasts-sip-captions-renders-callbacks.md 6.1)."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from emulator.spec.addresses import Address
from emulator.spec.errors import InvalidRequestError
from emulator.spec.schemas.common import Body, Text
from state.registrations import GROUPS


class RegisterCallback(Body):
    """A callback to register: `group` and `event` name a kind of event."""

    group: Text
    event: Text
    url: Address

    @model_validator(mode="after")
    def _check(self) -> Self:
        events = GROUPS.get(self.group)
        if events is None:
            raise InvalidRequestError(f"must be one of {', '.join(GROUPS)}", "group")
        if self.event not in events:
            raise InvalidRequestError(f"must be one of {', '.join(events)} with group {self.group}", "event")
        return self
