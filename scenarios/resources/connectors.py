"""What can become of audio connectors."""

from __future__ import annotations

from scenarios.resources.magic_words import Found, Magic, hosted
from scenarios.resources.outcome import KindOutcomes, ResourceOutcome, Settings, after_first
from state import connectors
from state.application import Application
from state.connectors import Connector


def _fails(app: Application, connector: Connector, settings: Settings) -> None:
    connectors.fail(app, connector.id)


def _hangs(app: Application, connector_id: str) -> None:
    app.timeline.cancel("connector.handshake", connector_id)


_MAGIC = (Magic("connector", "handshake", "handshakeFails"),)


def _magic_of(connector: Connector) -> Found:
    return hosted(_MAGIC, connector.new.uri)


OUTCOMES = KindOutcomes(
    kind=connectors.KIND,
    outcomes={
        "handshakeFails": ResourceOutcome(
            at={"connecting": after_first("handshakeHangs")},  # the timer of the handshake is not set yet
            during=frozenset({"connecting"}),
            happens=_fails,
            beside={"handshakeHangs": _hangs},
        )
    },
    magic=_MAGIC,
    magic_of=_magic_of,
)
