"""The tables of life cycles are what happens: every change is in them, and every row can be forced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from state import archives, broadcasts, calls, captions, connectors, renders, sessions
from state.application import Application
from state.archive_records import Archive, ArchiveSettings
from state.broadcasts import Broadcast, BroadcastSettings, Hls, RtmpTarget
from state.calls import Call, CallSettings
from state.captions import Captions, CaptionsSettings
from state.connectors import Connector, ConnectorSettings
from state.errors import WrongStatusError
from state.lifecycles import LIFECYCLES
from state.renders import Render, RenderSettings
from state.session_records import Session
from tests.state.conftest import Tenant

TARGET = RtmpTarget("rtmp://localhost/live", "key", "one")

Make = Callable[[Application, Session], Any]
Force = Callable[[Application, Any, str], object]

FORCED: dict[str, tuple[Make, Force]] = {
    "render": (lambda app, session: renders.start(app, session, RenderSettings("http://localhost/")), renders.force),
    "captions": (lambda app, session: captions.start(app, session, CaptionsSettings()), captions.force),
    "connector": (
        lambda app, session: connectors.connect(app, session, ConnectorSettings("ws://a/")),
        connectors.force,
    ),
    "broadcast": (lambda app, session: broadcasts.start(app, session, BroadcastSettings(hls=Hls())), broadcasts.force),
    "call": (
        lambda app, session: calls.dial(app, session, CallSettings("sip:a@localhost")),
        lambda app, call, status: calls.force(app, call, status, "486", "Busy Here"),
    ),
}


def walk(tenant: Tenant, kind: str, trail: tuple[str, ...]) -> tuple[Application, Any]:
    """Make a resource and force it along a trail of statuses."""
    make, force = FORCED[kind]
    session = tenant.session()
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        resource = make(app, session)
        for status in trail:
            force(app, resource, status)
            assert resource.status == status
    return tenant.app, resource


def trails(kind: str) -> list[tuple[str, ...]]:
    """Return a way to every status of a life cycle."""
    cycle = LIFECYCLES[kind]
    found: dict[str, tuple[str, ...]] = {cycle.initial: ()}
    waiting = [cycle.initial]
    for status in waiting:
        for after in cycle.transitions[status]:
            if after not in found:
                found[after] = (*found[status], after)
                waiting.append(after)
    assert set(found) == set(cycle.transitions)
    return list(found.values())


@pytest.mark.parametrize(("kind", "trail"), [(kind, trail) for kind in FORCED for trail in trails(kind)])
def test_every_transition_of_the_table_can_be_forced_and_no_other(kind: str, trail: tuple[str, ...]) -> None:
    transitions = LIFECYCLES[kind].transitions
    for target in transitions:
        app, resource = walk(Tenant(pace="realistic"), kind, trail)
        before = resource.status
        if target in transitions[before]:
            FORCED[kind][1](app, resource, target)
            assert resource.status == target
        else:
            with pytest.raises(WrongStatusError):
                FORCED[kind][1](app, resource, target)
            assert resource.status == before


@pytest.mark.parametrize("kind", FORCED)
def test_what_was_forced_to_its_end_has_no_more_timers(kind: str) -> None:
    for trail in trails(kind):
        app, resource = walk(Tenant(pace="realistic"), kind, trail)
        if not LIFECYCLES[kind].transitions[resource.status]:
            assert not [timer for timer in app.timeline if timer.subject == resource.id]


@pytest.mark.parametrize("status", ["ready", "live", "error"])
def test_an_hls_output_is_forced_along_its_table(tenant: Tenant, status: str) -> None:
    _, each = walk(tenant, "broadcast", ())
    with tenant.world.unit(tenant.app) as app:
        if status == "live":
            with pytest.raises(WrongStatusError):
                broadcasts.force_hls(app, each, status)
            broadcasts.force_hls(app, each, "ready")
        broadcasts.force_hls(app, each, status)
        assert each.hls.status == status
        with pytest.raises(WrongStatusError):
            broadcasts.force_hls(app, each, "ended")


def test_everything_that_happens_by_itself_is_in_the_tables(tenant: Tenant) -> None:
    """Each change of a status in a long life is a row; watched from outside, after every event."""
    seen: dict[tuple[str, str], str] = {}
    wrong: list[tuple[str, str, str]] = []

    def look(app: Application, _: object) -> None:
        found = [
            *(("archive", each.id, each.status) for each in app[Archive]),
            *(("broadcast", each.id, each.status) for each in app[Broadcast]),
            *(("hls", each.id, each.hls.status) for each in app[Broadcast] if each.hls),
            *(("rtmp", each.id, target.status) for each in app[Broadcast] for target in each.rtmp),
            *(("render", each.id, each.status) for each in app[Render]),
            *(("captions", each.id, each.status) for each in app[Captions]),
            *(("call", each.id, each.status) for each in app[Call]),
            *(("connector", each.id, each.status) for each in app[Connector]),
        ]
        for kind, subject, status in found:
            before = seen.setdefault((kind, subject), status)
            if before != status and status not in LIFECYCLES[kind].transitions[before]:
                wrong.append((kind, before, status))
            seen[kind, subject] = status

    tenant.world.watchers.append(look)
    session = tenant.session()
    people = [tenant.join(session), tenant.join(session)]
    with tenant.world.unit(tenant.app) as app:
        archives.start(app, session, ArchiveSettings())
        broadcasts.start(app, session, BroadcastSettings(hls=Hls(), rtmp=(TARGET,)))
        for make, _ in list(FORCED.values())[:3]:
            make(app, session)
        calls.dial(app, session, CallSettings("sip:a@localhost"))
    tenant.advance(60)
    with tenant.world.unit(tenant.app) as app:
        broadcasts.set_target_status(app, next(iter(app[Broadcast])).id, "offline")
    for person in people:
        tenant.leave(session, person)
    tenant.advance(30)
    with tenant.world.unit(tenant.app) as app:
        for connection in list(session.connections):
            sessions.leave(app, session, connection)
    tenant.advance(80 * 3600)
    assert not wrong
    ends = {seen[key] for key in seen}
    assert {"expired", "stopped", "ended", "offline", "HANGUP", "disconnected"} <= ends
