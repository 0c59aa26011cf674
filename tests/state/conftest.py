"""A world on a clock that stands still until a test moves it."""

from __future__ import annotations

import pytest

from state import sessions
from state.application import Application, Credentials
from state.options import Options
from state.session_records import Connection, Session
from state.sessions import SessionSettings, StreamSettings
from state.world import World

START = 1_800_000_000_000


class Tenant:
    """One application, and the shortest words to move it."""

    def __init__(self, **options: object) -> None:
        self.world = World(source=lambda: START)
        credentials = Credentials("", "", "123", "secret")
        self.app: Application = self.world.add("app", "app", credentials, Options.model_validate(options))
        self.app.clock.freeze()

    def session(self, **new: object) -> Session:
        """Make a session."""
        with self.world.unit(self.app) as app:
            return sessions.create(app, "app", SessionSettings(**new))  # type: ignore[arg-type]

    def join(self, session: Session, *, publish: bool = True) -> Connection:
        """Let someone join, and publish."""
        with self.world.unit(self.app) as app:
            connection = sessions.join(app, session)
            if publish:
                sessions.publish(app, session, connection, StreamSettings())
            return connection

    def leave(self, session: Session, connection: Connection, reason: str = "clientDisconnected") -> None:
        """Let someone leave."""
        with self.world.unit(self.app) as app:
            sessions.leave(app, session, connection.id, reason)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self.world.unit(self.app) as app:
            target = app.now + round(seconds * 1000)
            while not app.advance_towards(target):
                app.outbox.take_ready()

    def happened(self, prefix: str = "") -> list[str]:
        """Return the types of the events so far."""
        return [event.type for event in self.app.events.after(0) if event.type.startswith(prefix)]


@pytest.fixture
def tenant() -> Tenant:
    """A tenant with `realistic` delays."""
    return Tenant(pace="realistic")
