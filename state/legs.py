"""What calls and audio connectors have in common: each is a connection of its session, and leads out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from state import sessions
from state.application import Application, Reaction
from state.events import Event
from state.resource_kind import ResourceKind
from state.rotation import ROTATED
from state.session_records import Connection, Session


class LegSettings(Protocol):
    """What a leg is made with: the streams that it leads out (empty: a mix of all), and whether it `migrates`.

    One that does follows the session to another media server.
    """

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that it leads out."""

    @property
    def migrates(self) -> bool:
        """Whether it follows the session."""


def join(
    app: Application,
    session: Session,
    kind: ResourceKind[Any],
    new: LegSettings,
    data: str,
    layout_classes: Iterable[str],
    connection_id: str = "",
) -> Connection:
    """Connect a leg to the session; connection data and layout classes are those of the token.

    Raises as `check`.
    """
    check(session, kind, new)
    return sessions.join(
        app,
        session,
        data=data,
        origin=kind.name,
        layout_classes=layout_classes,
        migrates=new.migrates,
        id=connection_id,
    )


def check(session: Session, kind: ResourceKind[Any], new: LegSettings) -> None:
    """Refuse a leg that the session cannot have. Raises `NotRoutedError`, `UnknownStreamError`."""
    session.require_routed(kind.noun)
    for stream_id in new.streams:
        sessions.published(session, stream_id)


def ended_by_rotation(type_: type[Any], end: Callable[[Application, str], object]) -> Reaction:
    """Return how legs that do not migrate `end` with their media server (fidelity/rest-and-archives.md 11)."""

    def react(app: Application, event: Event) -> None:
        if event.reason == ROTATED:
            for leg in app[type_].live(event.session_id):
                if not leg.new.migrates:
                    end(app, leg.id)

    return react
