"""What participants do by themselves: the steps of a pack's timeline, on the application's clock.

A step is a timer whose subject is `pack index session`. A timeline begins with each new session, or in one session.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import Field, model_validator

from scenarios.engine import Faults
from scenarios.predicates import MAX_SPAN_SECONDS
from scenarios.strict import RuleError, Strict
from state import archives, rotation, sessions
from state.application import Application, Handler
from state.archive_records import ArchiveSettings
from state.errors import ServiceError
from state.session_records import Session
from state.sessions import StreamSettings
from state.spelling import did_you_mean
from state.timeline import Timer

STEP = "fault.step"


class Act(Strict):
    """Something that somebody does. `who` is a name within the session, for later steps."""

    who: str = Field("somebody", min_length=1, max_length=100)


class Join(Act):
    """Connect `count` clients, each of which publishes a camera unless `publish` is false."""

    count: int = Field(1, ge=1, le=1000)
    publish: bool = True
    data: str = Field("", max_length=1000)
    role: Literal["publisher", "subscriber", "moderator", "publisheronly"] = "publisher"
    migrates: bool | None = Field(None, description="whether they follow the session to another server")


class Publish(Act):
    """Publish one more stream."""

    video_type: Literal["camera", "screen", "custom"] = "camera"
    name: str = Field("", max_length=1000)


class Unpublish(Act):
    """End the stream that was published last."""


class Leave(Act):
    """Disconnect."""

    reason: ClassVar[str] = "clientDisconnected"


class Drop(Leave):
    """Lose the network."""

    reason = "networkDisconnected"


class Recording(Strict):
    """Start an archive."""

    name: str = Field("", max_length=1000)
    tag: str = ""


class Rotate(Strict):
    """Take the session's server away; `migrates` left out: the option `clientsMigrate`."""

    migrates: bool | None = None


class Step(Strict):
    """What happens `at` so many seconds: exactly one thing."""

    at: float = Field(ge=0, le=MAX_SPAN_SECONDS, description="s from the beginning")
    join: Join | None = None
    publish: Publish | None = None
    unpublish: Unpublish | None = None
    leave: Leave | None = None
    drop: Drop | None = None
    record: Recording | None = None
    rotate: Rotate | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_set(cls, data: Any) -> Any:
        return (
            {key: {} if value is None else value for key, value in data.items()} if isinstance(data, Mapping) else data
        )

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if len(self._acts()) != 1:
            known = ", ".join(name for name in type(self).model_fields if name != "at")
            raise ValueError(f"a step is `at` and exactly one of {known}")
        return self

    def _acts(self) -> list[str]:
        return [name for name in type(self).model_fields if name != "at" and getattr(self, name) is not None]

    @property
    def act(self) -> Any:
        """The one thing that happens."""
        return getattr(self, self._acts()[0])


def require_players(steps: Sequence[Step]) -> None:
    """Raise `RuleError` for a step of somebody who has not joined by then."""
    joined: dict[str, bool | None] = {}
    for index in sorted(range(len(steps)), key=lambda index: steps[index].at):
        act = steps[index].act
        if isinstance(act, Rotate):
            joined = {
                who: migrates for who, migrates in joined.items() if migrates or (act.migrates and migrates is None)
            }
        elif isinstance(act, Join):
            joined[act.who] = act.migrates
        elif isinstance(act, Act):
            if act.who not in joined:
                (key,) = steps[index]._acts()
                raise RuleError(f"{act.who} has not joined by then", (index, key, "who"), did_you_mean(act.who, joined))
            if isinstance(act, Leave):
                del joined[act.who]


def begin(app: Application, pack: str, steps: Sequence[Mapping[str, Any]], session_id: str) -> None:
    """Begin a pack's timeline in a session."""
    for index, step in enumerate(steps):
        app.after(STEP, f"{pack} {index} {session_id}", int(step["at"] * 1000))


def begin_everywhere(app: Application, faults: Faults, session_id: str) -> None:
    """Begin the timelines of all packs in a new session, but for those that are about another one."""
    for name, applied in faults.packs.items():
        if not applied["session"]:
            begin(app, name, applied["timeline"], session_id)


def end(app: Application, pack: str) -> None:
    """Forget the steps of a pack that are still to come."""
    for timer in pending(app, pack):
        app.timeline.cancel(STEP, timer.subject)


def pending(app: Application, pack: str) -> list[Timer]:
    """Return the timers of a pack's steps that are still to come."""
    return [timer for timer in app.timeline if timer.action == STEP and timer.subject.startswith(f"{pack} ")]


def _step(app: Application, subject: str) -> None:
    pack, index, session_id = subject.split(" ", 2)
    faults = cast(Faults, app.faults)
    step = Step.model_validate(faults.packs[pack]["timeline"][int(index)])
    session = sessions.find(app, session_id)
    faults.revision += 1  # who plays whom changes
    cast_of_session = faults.cast.setdefault(session_id, {})
    with contextlib.suppress(ServiceError):  # somebody who is not there any more can do nothing
        _ACTS[type(step.act)](app, session, step.act, cast_of_session)


def _join(app: Application, session: Session, act: Join, players: dict[str, list[str]]) -> None:
    for _ in range(act.count):
        connection = sessions.join(app, session, data=act.data, role=act.role, migrates=act.migrates)
        players.setdefault(act.who, []).append(connection.id)
        if act.publish and act.role in sessions.PUBLISHING_ROLES:
            sessions.publish(app, session, connection, StreamSettings())


def _publish(app: Application, session: Session, act: Publish, players: dict[str, list[str]]) -> None:
    for connection_id in players.get(act.who, ()):
        connection = sessions.connected(session, connection_id)
        sessions.publish(app, session, connection, StreamSettings(name=act.name, video_type=act.video_type))


def _unpublish(app: Application, session: Session, act: Unpublish, players: dict[str, list[str]]) -> None:
    for connection_id in players.get(act.who, ()):
        own = [stream.id for stream in session.streams.values() if stream.connection_id == connection_id]
        for stream_id in own[-1:]:
            sessions.unpublish(app, session, stream_id)


def _leave(app: Application, session: Session, act: Leave, players: dict[str, list[str]]) -> None:
    for connection_id in players.pop(act.who, ()):
        if connection_id in session.connections:
            sessions.leave(app, session, connection_id, act.reason)


def _record(app: Application, session: Session, act: Recording, players: dict[str, list[str]]) -> None:
    archives.start(app, session, ArchiveSettings(name=act.name or None, tag=act.tag))


def _rotate(app: Application, session: Session, act: Rotate, players: dict[str, list[str]]) -> None:
    rotation.rotate(app, session, migrates=act.migrates)


_ACTS: Mapping[type[Strict], Callable[[Application, Session, Any, dict[str, list[str]]], None]] = MappingProxyType(
    {
        Join: _join,
        Publish: _publish,
        Unpublish: _unpublish,
        Leave: _leave,
        Drop: _leave,
        Recording: _record,
        Rotate: _rotate,
    }
)

HANDLERS: Mapping[str, Handler] = MappingProxyType({STEP: _step})
