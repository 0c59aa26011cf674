"""What an OpenTok project has set for itself: who hears of events, and where archives are uploaded to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

STATUS = "status"
"""The event of a group whose callbacks all tell a status."""


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


@dataclass(frozen=True, slots=True)
class StorageTarget:
    """A bucket or container: `type` is s3 or azure, `config` its settings by name, `fallback` opentok or none."""

    kind: ClassVar[str] = "storage"

    id: str
    type: str
    config: Mapping[str, str]
    fallback: str
