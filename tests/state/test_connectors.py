"""Audio connectors whose WebSocket is real: the record names the process that has it."""

from __future__ import annotations

import pytest

from state import connectors
from state.connectors import Connector, ConnectorSettings
from state.errors import NotRoutedError, UnknownStreamError
from state.session_records import Session
from tests.state.conftest import Tenant


def opened(tenant: Tenant, session: Session, process: str = "one") -> Connector:
    """Connect with a WebSocket that is open."""
    with tenant.world.unit(tenant.app) as app:
        new = ConnectorSettings("ws://a/", bidirectional=True)
        ids = connectors.prepare(app, session, new, process)
        return connectors.connect(app, session, new, opened=ids)


def test_it_is_connected_at_once_with_the_ids_of_its_socket(tenant: Tenant) -> None:
    session = tenant.session()
    with tenant.world.unit(tenant.app) as app:
        new = ConnectorSettings("ws://a/")
        ids = connectors.prepare(app, session, new, "one")
        assert not session.connections  # nothing has happened yet
        connector = connectors.connect(app, session, new, opened=ids)
    assert (connector.id, connector.connection_id, connector.process) == (ids.id, ids.connection_id, "one")
    assert list(session.connections) == [ids.connection_id]
    assert tenant.happened("connector") == ["connector.connecting", "connector.connected"]
    assert app.timeline.next_due() is None


def test_what_cannot_be_connected_is_refused_before_a_socket_is_opened(tenant: Tenant) -> None:
    session, relayed = tenant.session(), tenant.session(relayed=True)
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(NotRoutedError):
            connectors.prepare(app, relayed, ConnectorSettings("ws://a/"), "one")
        with pytest.raises(UnknownStreamError):
            connectors.prepare(app, session, ConnectorSettings("ws://a/", streams=("none",)), "one")


@pytest.mark.parametrize(("process", "left"), [("one", {"two", ""}), ("", {""}), ("three", {"one", "two", ""})])
def test_those_of_a_process_end_with_it(tenant: Tenant, process: str, left: set[str]) -> None:
    session = tenant.session()
    each = [opened(tenant, session, "one"), opened(tenant, session, "two")]
    with tenant.world.unit(tenant.app) as app:
        each.append(connectors.connect(app, session, ConnectorSettings("ws://a/")))
        connectors.fail_lost(app, process)
        connectors.fail_lost(app, process)  # what has ended does not end again
    assert {connector.process for connector in each if connector.status != "disconnected"} == left
    reasons = {event.reason for event in app.events.after(0) if event.type == "connector.disconnected"}
    assert reasons <= {"networkDisconnected"}


def test_what_is_heard_is_told_while_it_is_connected(tenant: Tenant) -> None:
    connector = opened(tenant, tenant.session())
    with tenant.world.unit(tenant.app) as app:
        for what in connectors.NEWS:
            connectors.tell(app, connector.id, what)
        connectors.disconnect(app, connector.id)
        connectors.tell(app, connector.id, "spoke")
    assert tenant.happened("connector")[2:] == [
        "connector.spoke",
        "connector.silent",
        "connector.cleared",
        "connector.disconnected",
    ]
