"""Migration and server rotation: a session moves to another media server, or is ended because it did not.

Facts: fidelity/rest-and-archives.md 11, broadcasts-sip-captions-renders-callbacks.md 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from state import sessions
from state.application import Application, Handler, Reaction
from state.clock import HOUR, MINUTE
from state.errors import MigrationInProgress, MigrationTooSoon
from state.events import Event
from state.sessions import Session

MIGRATION_PAUSE = MINUTE
"""ms after creation or a migration in which a session refuses to migrate; the service only says "shortly"."""

NOTICES: Mapping[str, int] = MappingProxyType({"session.firstNotice": 4 * HOUR, "session.lastNotice": 1 * HOUR})
"""How long before a rotation it is announced, ms."""

ROTATED = "serverRotation"
"""Why a session ends whose media server is taken away, and what its notices announce."""


def migrate(app: Application, session: Session, *, patient: bool = True) -> None:
    """Begin to move the session to another media server.

    `patient`: refuse it shortly after creation or another migration.
    Raises `NoClients`, `MigrationInProgress`, `MigrationTooSoon`.
    """
    session.require_clients()
    if session.migrating:
        raise MigrationInProgress
    if patient and app.now - max(session.created_at, session.migrated_at) < MIGRATION_PAUSE:
        raise MigrationTooSoon
    session.migrating = True
    app.process("session.migrate", session.id)
    app.emit("session.migrating", session)


def rotate(app: Application, session: Session) -> None:
    """Take the session's media server away: everybody is disconnected, the session ends with `serverRotation`."""
    for connection_id in list(session.connections):
        if connection_id in session.connections:
            sessions.leave(app, session, connection_id, "networkDisconnected", session_reason=ROTATED)


def _expect_rotation(app: Application, session_id: str) -> None:
    """Let a session be rotated after the hours that the options say, announced before."""
    life = app.options.session_rotation * HOUR
    if life:
        app.after("session.rotate", session_id, life)
        for action, before in NOTICES.items():
            if life > before:
                app.after(action, session_id, life - before)


def _migrated(app: Application, session_id: str) -> None:
    session = app.sessions[session_id]
    session.migrating = False
    session.migrated_at = app.now
    if session.connections:
        _expect_rotation(app, session_id)
    app.emit("session.migrated", session)


def _notice(app: Application, session_id: str) -> None:
    app.emit("session.notification", app.sessions[session_id], reason=ROTATED)


def _rotate(app: Application, session_id: str) -> None:
    rotate(app, app.sessions[session_id])


def _on_session_created(app: Application, event: Event) -> None:
    _expect_rotation(app, event.subject)


def _on_session_destroyed(app: Application, event: Event) -> None:
    app.timeline.cancel("session.rotate", *NOTICES, event.subject)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {"session.migrate": _migrated, "session.rotate": _rotate, **dict.fromkeys(NOTICES, _notice)}
)
REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {"session.created": _on_session_created, "session.destroyed": _on_session_destroyed}
)
