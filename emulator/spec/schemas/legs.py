"""What the bodies of SIP calls and audio connectors have in common.

Facts: fidelity/broadcasts-sip-captions-renders-callbacks.md 2.1 and 5.
"""

from __future__ import annotations

from emulator.spec.schemas.common import Body, ClientTokenText, Text


class Leg(Body):
    """The far side, which may follow the session to another media server."""

    session_migration: bool = False


class StartLeg(Leg):
    """What to start in which session; where `sessionMigration` is written is not verified: here, or in the far side."""

    session_id: Text
    token: ClientTokenText

    def migrates(self, leg: Leg) -> bool:
        """Tell whether the leg follows the session."""
        return self.session_migration or leg.session_migration
