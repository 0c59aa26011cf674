"""Migration and server rotation: a session moves to another media server, with the clients that migrate.

Both are told first as the session's end, with `serverRotation`; then what was composed by that server ends: archives,
broadcasts, captions and renders, the calls and connectors that do not migrate, and at last the clients that do not
(github.com/Vonage/vonage-video-react-app docs/SESSION_MIGRATION.md).
Facts: fidelity/rest-and-archives.md 11, broadcasts-sip-captions-renders-callbacks.md 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from state import sessions
from state.application import Application, Handler, Reaction
from state.clock import HOUR, MINUTE
from state.errors import MigrationInProgressError, MigrationTooSoonError
from state.events import Event
from state.pace import Delay
from state.session_records import Connection, Session

MIGRATION_PAUSE = MINUTE
"""ms after creation or a migration in which a session refuses to migrate; the service only says "shortly"."""

NOTICES: Mapping[str, int] = MappingProxyType({"session.firstNotice": 4 * HOUR, "session.lastNotice": 1 * HOUR})
"""How long before a rotation it is announced, ms."""

ROTATED = "serverRotation"
"""Why a session ends whose media server is taken away, and what its notices announce."""


def migrate(app: Application, session: Session, *, enforce_cooldown: bool = True) -> None:
    """Begin to move the session to another media server.

    `enforce_cooldown`: refuse it shortly after creation or another migration.
    Raises `NoClientsError`, `MigrationInProgressError`, `MigrationTooSoonError`.
    """
    session.require_clients()
    if session.migrating:
        raise MigrationInProgressError
    if enforce_cooldown and app.now - max(session.created_at, session.migrated_at) < MIGRATION_PAUSE:
        raise MigrationTooSoonError
    session.migrating = True
    app.process("session.migrate", session.id)
    app.emit("session.migrating", session)


def rotate(app: Application, session: Session, *, migrates: bool | None = None, asked: bool = False) -> None:
    """Take the session's media server away; those who migrate stay, all others are disconnected.

    `migrates` says so of clients that do not say it themselves; None: the option `clients_migrate` does, for which it
    counts whether the migration was `asked` for.
    """
    app.timeline.cancel("session.migrate", session.id)
    session.migrating = False
    app.touch(session)
    if not session.connections:
        return
    if migrates is None:
        migrates = {"always": True, "never": False}.get(app.options.clients_migrate, asked)
    left_behind = [each.id for each in session.connections.values() if not _stays(each, migrates)]
    session.rotating = True
    app.emit("session.destroyed", session, reason=ROTATED)
    for connection_id in left_behind:
        if connection_id in session.connections:
            sessions.leave(app, session, connection_id, "networkDisconnected")
    session.rotating = False
    app.touch(session)
    if session.connections:
        _arrived(app, session)


def _stays(connection: Connection, clients_migrate: bool) -> bool:
    return clients_migrate if connection.migrates is None else connection.migrates


def _arrived(app: Application, session: Session) -> None:
    session.migrated_at = app.now
    _expect_rotation(app, session.id)
    app.emit("session.migrated", session)


def _expect_rotation(app: Application, session_id: str) -> None:
    """Let a session be rotated after the hours that the options say, announced before."""
    life = app.options.session_rotation * HOUR
    if life:
        app.after("session.rotate", session_id, life)
        for action, before in NOTICES.items():
            if life > before:
                app.after(action, session_id, life - before)


def _migrate(app: Application, session_id: str) -> None:
    rotate(app, app.sessions[session_id], asked=True)


def _notice(app: Application, session_id: str) -> None:
    app.emit("session.notification", app.sessions[session_id], reason=ROTATED)


def _rotate(app: Application, session_id: str) -> None:
    rotate(app, app.sessions[session_id])


def _on_session_created(app: Application, event: Event) -> None:
    _expect_rotation(app, event.subject)


def _on_session_destroyed(app: Application, event: Event) -> None:
    app.timeline.cancel("session.rotate", *NOTICES, event.subject)


DELAYS: Mapping[str, Delay] = MappingProxyType({"session.migrate": Delay(10_000, 200)})
HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {"session.migrate": _migrate, "session.rotate": _rotate, **dict.fromkeys(NOTICES, _notice)}
)
REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {"session.created": _on_session_created, "session.destroyed": _on_session_destroyed}
)
