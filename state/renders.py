"""Renders: a web page shown by the Experience Composer, published into a session.

    start ─► starting ─► started ─► stopped
                 └──────────┴──► failed

A render joins the session as a participant when it is started.
Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from state import sessions
from state.application import Application, Handler, Reaction
from state.clock import SECOND
from state.errors import UnknownResourceError
from state.events import Event
from state.pace import Delay
from state.project_records import STATUS
from state.records import Lifecycle, Record, require_transition, transitions
from state.resource_kind import ResourceKind
from state.rotation import ROTATED
from state.session_records import Session
from state.sessions import StreamSettings

LIVE = frozenset({"starting", "started"})

TRANSITIONS = transitions(starting="started stopped failed", started="stopped failed", stopped="", failed="")


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What a render is started with; duration in s.

    `data`, `role` and `layout_classes` are those of its token. `project` is the api key by which it was started, empty
    where that was the application's id.
    """

    url: str
    name: str = ""
    resolution: str = "1280x720"
    max_duration: int = 7_200
    callback_url: str = ""
    data: str = ""
    role: str = "publisher"
    layout_classes: tuple[str, ...] = ()
    project: str = ""


@dataclass(slots=True)
class Render(Record):
    """A render; connection and stream are empty until it is started."""

    kind: ClassVar[str] = "render"

    new: RenderSettings
    status: str = "starting"
    reason: str = ""
    connection_id: str = ""
    stream_id: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Its name."""
        return (self.new.name,)


def start(app: Application, session: Session, new: RenderSettings) -> Render:
    """Start a render. Raises `NotRoutedError`."""
    session.require_routed("render")
    render = Render(id=app.ids.uuid(), session_id=session.id, created_at=app.now, updated_at=app.now, new=new)
    app[Render].add(render)
    app.emit("render.starting", render)
    app.process("render.start", render.id)
    return render


def stop(app: Application, render_id: str) -> Render:
    """Stop a render. Raises `UnknownResourceError` (also when it has ended), `MalformedIdError`."""
    render = app[Render].get(render_id)
    if render.status not in LIVE:
        raise UnknownResourceError("render")
    _end(app, render, "stopped", "Stop requested")
    return render


def fail(app: Application, render_id: str, reason: str = "Could not load URL") -> Render:
    """Let the render fail: its page cannot be loaded, or it crashes. Raises as `stop`."""
    render = app[Render].get(render_id)
    if render.status not in LIVE:
        raise UnknownResourceError("render")
    _end(app, render, "failed", reason)
    return render


def force(app: Application, render: Render, status: str, reason: str = "") -> None:
    """Move the render to a status that may follow its own, with all that belongs to it. Raises `WrongStatusError`."""
    require_transition(TRANSITIONS, render, status)
    if status == "started":
        app.timeline.cancel("render.start", render.id)
        _started(app, render.id)
    else:
        _end(app, render, status, reason or {"stopped": "Stop requested", "failed": "Could not load URL"}[status])


def _started(app: Application, render_id: str) -> None:
    render = app[Render].get(render_id)
    session = app.sessions[render.session_id]
    new = render.new
    connection = sessions.join(
        app, session, data=new.data, role=new.role, origin="render", layout_classes=new.layout_classes, migrates=False
    )
    render.connection_id = connection.id
    render.stream_id = app.ids.uuid().upper()  # upper case as recorded (0.1)
    render.status = "started"
    render.updated_at = app.now
    app.after("render.end", render.id, new.max_duration * SECOND)
    app.emit("render.started", render)
    sessions.publish(app, session, connection, StreamSettings(name=new.name, video_type="custom", id=render.stream_id))


def _end(app: Application, render: Render, status: str, reason: str) -> None:
    app.timeline.cancel("render.start", "render.end", render.id)
    app[Render].retire(render)
    render.status = status
    render.reason = reason
    render.updated_at = app.now
    app.emit(f"render.{status}", render, reason=reason)
    session = app.sessions[render.session_id]
    if render.connection_id in session.connections:
        sessions.leave(app, session, render.connection_id)


def _exceeded(app: Application, render_id: str) -> None:
    _end(app, app[Render].get(render_id), "stopped", "Max duration exceeded")


def _on_connection_destroyed(app: Application, event: Event) -> None:
    """A render that is disconnected by force ends."""
    for render in app[Render].live(event.session_id):
        if render.connection_id == event.subject:
            _end(app, render, "stopped", event.reason)


def _on_session_destroyed(app: Application, event: Event) -> None:
    """Renders end with their media server (rest-and-archives 11)."""
    if event.reason == ROTATED:
        for render in app[Render].live(event.session_id):
            _end(app, render, "stopped", ROTATED)


HANDLERS: Mapping[str, Handler] = MappingProxyType({"render.start": _started, "render.end": _exceeded})
REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {"connection.destroyed": _on_connection_destroyed, "session.destroyed": _on_session_destroyed}
)

KIND = ResourceKind(
    type=Render,
    plural="renders",
    noun="render",
    lifecycle=Lifecycle("starting", TRANSITIONS),
    live=LIVE,
    events=(*TRANSITIONS,),
    handlers=HANDLERS,
    reactions=REACTIONS,
    delays={"render.start": Delay(3_000, 200)},
    registrable=(STATUS,),
)
