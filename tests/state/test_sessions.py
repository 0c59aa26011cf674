"""Who and what is in a session, and what follows from it."""

from __future__ import annotations

import base64

import pytest

from state import sessions
from state.errors import (
    InvalidSessionIdError,
    NeverUsedError,
    NoClientsError,
    NoStreamsYetError,
    NotConnectedError,
    UnknownSessionError,
    UnknownStreamError,
)
from state.ids import Ids, decode_session_id
from state.session_records import streams
from state.sessions import StreamSettings
from tests.state.conftest import START, Tenant

NOBODY = "0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33"


def test_a_session_id_decodes_to_what_sdks_look_for(tenant: Tenant) -> None:
    for relayed in (False, True):
        parts = decode_session_id(tenant.session(relayed=relayed).id)
        assert parts is not None
        assert (parts.project, parts.relayed, parts.created_at) == ("app", relayed, START)


def test_a_session_id_of_2014_is_one_still(tenant: Tenant) -> None:
    made = "1_" + base64.b64encode(
        b"1~123~12.34.56.78~Mon Mar 17 01:48:55 PDT 2014~0.3413431402295828~"
    ).decode().rstrip("=")
    assert sessions.find(tenant.app, made).created_at == 1_395_046_135_000
    nonsense = "1_" + base64.b64encode(b"1~123~~Mon Xyz 17 01:48:55 PDT 2014~0.34134314~").decode().rstrip("=")
    with pytest.raises(InvalidSessionIdError):
        sessions.find(tenant.app, nonsense)


PADDED = "2_" + base64.urlsafe_b64encode(b"1~app~~1800000000000~noise~~").decode()


@pytest.mark.parametrize(
    "text", ["", "x", "1_", "2_!!!", "1_MX4", "2_" + "A" * 300, "3_MX5hcHB-fjE-eH5-", "2_é", PADDED]
)
def test_what_is_no_session_id_is_refused(tenant: Tenant, text: str) -> None:
    with pytest.raises(InvalidSessionIdError):
        sessions.find(tenant.app, text)


def test_a_session_of_another_application_is_unknown(tenant: Tenant) -> None:
    foreign = Ids().session_id("other", location="", created_at=START, relayed=False)
    with pytest.raises(UnknownSessionError):
        sessions.find(tenant.app, foreign)
    assert tenant.app.sessions == {}


def test_an_id_from_before_a_restart_is_an_empty_session(tenant: Tenant) -> None:
    for project in ("app", "123"):
        kept = Ids().session_id(project, location="", created_at=START, relayed=True)
        assert sessions.find(tenant.app, kept).relayed


def test_the_first_client_brings_a_session_to_life_and_the_last_ends_it(tenant: Tenant) -> None:
    session = tenant.session()
    first, second = tenant.join(session), tenant.join(session)
    tenant.leave(session, first)
    tenant.leave(session, second, "networkDisconnected")
    assert tenant.happened() == [
        "session.created",
        "connection.created",
        "stream.created",
        "connection.created",
        "stream.created",
        "stream.destroyed",
        "connection.destroyed",
        "stream.destroyed",
        "connection.destroyed",
        "session.destroyed",
    ]
    assert [event.reason for event in tenant.app.events.after(7)] == [
        "networkDisconnected",
        "networkDisconnected",
        "mediaIdle",
    ]


def test_auto_participants_join_every_new_session() -> None:
    tenant = Tenant(auto_participants=3)
    session = tenant.session()
    assert len(session.connections) == len(session.streams) == 3


def test_streams_are_unknown_before_there_were_any_and_empty_afterwards(tenant: Tenant) -> None:
    session = tenant.session()
    with pytest.raises(NeverUsedError):
        streams(session)
    client = tenant.join(session, publish=False)
    with pytest.raises(NoStreamsYetError):
        streams(session)
    with tenant.world.unit(tenant.app) as app:
        stream = sessions.publish(app, session, client, StreamSettings())
        sessions.unpublish(app, session, stream.id)
    assert streams(session) == []


def test_muting_all_spares_the_excluded_and_catches_who_comes_later(tenant: Tenant) -> None:
    session = tenant.session()
    tenant.join(session)
    tenant.join(session)
    spared, muted = session.streams.values()
    with tenant.world.unit(tenant.app) as app:
        sessions.mute_all(app, session, [spared.id, "unknown"])
    tenant.join(session)
    later = list(session.streams.values())[-1]
    assert [spared.muted, muted.muted, later.muted] == [False, True, True]
    with tenant.world.unit(tenant.app) as app:
        sessions.stop_muting(app, session)
    tenant.join(session)
    assert [muted.muted, list(session.streams.values())[-1].muted] == [True, False]


def test_layout_classes_are_changed_for_all_streams_or_none(tenant: Tenant) -> None:
    session = tenant.session()
    tenant.join(session)
    (stream,) = session.streams.values()
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(UnknownStreamError):
            sessions.set_layout_classes(app, session, {stream.id: ("full",), "nobody": ()})
        assert not stream.layout_classes
        sessions.set_layout_classes(app, session, {stream.id: ("full", "focus")})
    assert stream.layout_classes == ("full", "focus")


def test_signals_are_kept_and_need_somebody_to_get_them(tenant: Tenant) -> None:
    session = tenant.session()
    with tenant.world.unit(tenant.app) as app, pytest.raises(NoClientsError):
        sessions.signal(app, session, "chat", "hello")
    client = tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        sessions.signal(app, session, "chat", "hello")
        sessions.signal(app, session, "chat", "you", client.id)
        with pytest.raises(NotConnectedError):
            sessions.signal(app, session, "chat", "you", NOBODY)
    assert [(signal.data, signal.to) for signal in session.signals.values()] == [("hello", ""), ("you", client.id)]


def test_a_session_that_is_known_is_found_and_one_that_is_only_read_stays_unknown(tenant: Tenant) -> None:
    session = tenant.session()
    assert sessions.find(tenant.app, session.id) is sessions.look_up(tenant.app, session.id) is session
    unknown = Ids().session_id("app", location="", created_at=START + 1000, relayed=True)
    assert sessions.look_up(tenant.app, unknown).created_at == START  # no session is of later
    assert unknown not in tenant.app.sessions
    assert sessions.find(tenant.app, unknown) is sessions.find(tenant.app, unknown)
