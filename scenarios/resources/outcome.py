"""What an outcome does to a resource, and when: declared for each kind in its module beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from scenarios.resources.magic_words import Found, Magic
from state.application import Application, Handler
from state.resource_kind import ResourceKind

Settings = Mapping[str, Any]
Schedule = Callable[[Application, str, str, Settings], None]
"""Sets the timer of an effect on a resource, by its id."""

Happen = Callable[[Application, Any, Settings], None]
"""Lets an effect happen to a record."""

_NONE: Mapping[str, Handler] = MappingProxyType({})


def action(effect: str) -> str:
    """Return the action of an effect's timer."""
    return f"fault.{effect}"


def later(app: Application, effect: str, subject: str, settings: Settings) -> None:
    """Let the effect happen after the seconds that it is set to."""
    app.after(action(effect), subject, int(settings.get("seconds", 0) * 1000))


def at_once(app: Application, effect: str, subject: str, settings: Settings) -> None:
    """Let the effect happen when all that the event leads to is done, such as setting a timer that it changes."""
    app.after(action(effect), subject, 0)


def instead_of(pace: str) -> Schedule:
    """Let the effect happen when a processing would end; set before its timer, it comes first at the same moment."""
    return lambda app, effect, subject, settings: app.process(action(effect), subject, pace)


def after_first(other: str) -> Schedule:
    """Let another timer come at once, and the effect after the seconds that it is set to."""

    def schedule(app: Application, effect: str, subject: str, settings: Settings) -> None:
        at_once(app, other, subject, settings)
        later(app, effect, subject, settings)

    return schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceOutcome:
    """What an effect does to a resource of a kind.

    `at` is what sets its timer, by the event; changes that have one event are told apart by the status. `happens` is
    what the timer does, unless the status is none of those `during` which it can (None: while it is live). `planned`
    are the events at which a resource can get it (empty: its beginning), if it `fits` the new one. `beside` are
    timers of their own on the way.
    """

    at: Mapping[str, Schedule]
    happens: Happen
    during: frozenset[str] | None = None
    planned: tuple[str, ...] = ()
    fits: Callable[[Any, Settings], bool] = lambda record, settings: True
    beside: Mapping[str, Handler] = field(default_factory=lambda: _NONE)


def _no_magic(record: Any) -> Found:
    yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOutcomes:
    """What can become of a kind of resource, by effect; `magic` are the values that select some of it.

    `magic_of` yields those that a new record was made with.
    """

    kind: ResourceKind[Any]
    outcomes: Mapping[str, ResourceOutcome]
    magic: tuple[Magic, ...] = ()
    magic_of: Callable[[Any], Found] = _no_magic

    def named(self, event: str) -> str:
        """Return the type of an event of this kind, or of a change to a status."""
        return f"{self.kind.name}.{event}"

    def during(self, effect: str) -> frozenset[str]:
        """Return the statuses in which an effect can happen."""
        during = self.outcomes[effect].during
        return self.kind.live if during is None else during

    def endings(self) -> Iterator[str]:
        """Yield the changes after which nothing more can become of one."""
        following = self.kind.lifecycle.transitions
        open_ = frozenset[str]().union(*(self.during(effect) for effect in self.outcomes))
        while more := {status for status, after in following.items() if open_.intersection(after)} - open_:
            open_ |= more
        yield from (self.named(status) for status in following if status not in open_)
