"""Broadcasts, SIP calls, captions, renders and connectors, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from state import archives, broadcasts, calls, captions, connectors, renders, rotation, sessions
from state.archive_records import ArchiveSettings
from state.broadcasts import Broadcast, BroadcastSettings, Hls, RtmpTarget
from state.calls import CallSettings
from state.captions import Captions, CaptionsSettings
from state.connectors import ConnectorSettings
from state.errors import (
    AlreadyRunningError,
    NoCallError,
    NotRoutedError,
    TooManyTargetsError,
    UnknownResourceError,
    UnknownStreamError,
    WrongStatusError,
)
from state.layouts import Layout
from state.renders import RenderSettings
from state.selection import SelectedStream
from state.session_records import Session
from state.sessions import StreamSettings
from tests.state.conftest import Tenant

TARGET = RtmpTarget("rtmp://localhost/live", "key", "one")


def broadcast(tenant: Tenant, session: Session, **new: object) -> Broadcast:
    with tenant.world.unit(tenant.app) as app:
        return broadcasts.start(app, session, BroadcastSettings(**new))  # type: ignore[arg-type]


def live(tenant: Tenant, *, publish: bool = True) -> Session:
    session = tenant.session()
    tenant.join(session, publish=publish)
    return session


def outputs(each: Broadcast) -> tuple[str, str]:
    assert each.hls
    return each.hls.status, each.rtmp[0].status


def test_the_outputs_of_a_broadcast_connect_one_after_the_other(tenant: Tenant) -> None:
    each = broadcast(tenant, live(tenant), hls=Hls(), rtmp=(TARGET,))
    assert outputs(each) == ("connecting", "connecting")
    tenant.advance(5)
    assert outputs(each) == ("ready", "live")
    tenant.advance(10)
    assert outputs(each) == ("live", "live")
    assert each.updated_at > each.created_at


def test_outputs_wait_for_somebody_to_publish(tenant: Tenant) -> None:
    session = live(tenant, publish=False)
    each = broadcast(tenant, session, hls=Hls(), rtmp=(TARGET,))
    tenant.advance(600)
    assert outputs(each) == ("ready", "connecting")
    tenant.join(session)
    tenant.advance(10)
    assert outputs(each) == ("live", "live")


def test_a_selected_stream_that_has_ended_is_no_longer_in_the_broadcast(tenant: Tenant) -> None:
    session = tenant.session()
    one, two = tenant.join(session), tenant.join(session)
    each = broadcast(tenant, session, hls=Hls(), stream_mode="manual")
    gone, here = list(session.streams)
    with tenant.world.unit(tenant.app) as app:
        broadcasts.select(app, each.id, gone, SelectedStream())
        broadcasts.select(app, each.id, here, SelectedStream(has_audio=False))
    told = len(tenant.happened("broadcast.updated"))
    tenant.leave(session, one)
    assert each.selected == {here: SelectedStream(has_audio=False)}
    assert len(tenant.happened("broadcast.updated")) == told + 1
    tenant.leave(session, two)
    assert (each.selected, each.status) == ({}, "started")
    with tenant.world.unit(tenant.app) as app, pytest.raises(UnknownStreamError):
        broadcasts.deselect(app, each.id, here)


def test_a_broadcast_ends_at_its_longest_duration(tenant: Tenant) -> None:
    each = broadcast(tenant, live(tenant), hls=Hls(), max_duration=60)
    tenant.advance(59.999)
    assert each.status == "started"
    tenant.advance(0.001)
    assert each.status == "stopped"
    assert tenant.app[Broadcast].page(0, 10) == (0, [])
    with tenant.world.unit(tenant.app) as app, pytest.raises(WrongStatusError):
        broadcasts.stop(app, each.id)


def test_a_second_broadcast_needs_a_tag_and_a_session_has_five_targets_at_most(tenant: Tenant) -> None:
    session = live(tenant)
    broadcast(tenant, session, rtmp=(TARGET,) * 3)
    with pytest.raises(AlreadyRunningError):
        broadcast(tenant, session, hls=Hls())
    with pytest.raises(TooManyTargetsError):
        broadcast(tenant, session, rtmp=(TARGET,) * 3, tag="b")
    broadcast(tenant, session, rtmp=(TARGET,) * 2, tag="b")
    assert len(tenant.app[Broadcast]) == 2


def test_a_call_is_in_the_session_at_once_and_rings_until_it_is_answered(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        call = calls.dial(app, session, CallSettings("sip:someone@localhost"), "phone")
    assert session.connections[call.connection_id].data == "phone"
    assert session.streams[call.stream_id].connection_id == call.connection_id
    assert call.status == "DIALING"
    tenant.advance(0.5)
    assert call.status == "RINGING"
    tenant.advance(3)
    assert call.status == "ACTIVE"


@pytest.mark.parametrize(("forced", "code"), [(True, "700"), (False, "705")])
def test_a_call_ends_by_force_or_after_six_hours(tenant: Tenant, forced: bool, code: str) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        call = calls.dial(app, session, CallSettings("sip:someone@localhost"))
    tenant.advance(10)
    if forced:
        with tenant.world.unit(tenant.app) as app:
            sessions.leave(app, session, call.connection_id, "forceDisconnected")
    else:
        tenant.advance(6 * 3600)
    assert (call.status, call.reason_code) == ("HANGUP", code)
    assert call.connection_id not in session.connections
    assert call.stream_id not in session.streams
    assert tenant.happened("call.")[-2:] == ["call.updated", "call.destroyed"]


def test_digits_reach_the_calls_they_are_played_to(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(NoCallError):
            calls.play_digits(app, session, "1")
        first = calls.dial(app, session, CallSettings("sip:a@localhost"))
        second = calls.dial(app, session, CallSettings("sip:b@localhost"))
        calls.play_digits(app, session, "12#")
        calls.play_digits(app, session, "p3", second.connection_id)
        client = next(iter(session.connections))
        with pytest.raises(NoCallError):
            calls.play_digits(app, session, "1", client)
    assert (first.digits, second.digits) == (("12#",), ("12#", "p3"))


def test_force_mute_reaches_a_call_that_observes_it(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        heeds = calls.dial(app, session, CallSettings("sip:a@localhost", observe_force_mute=True))
        does_not = calls.dial(app, session, CallSettings("sip:b@localhost"))
        sessions.mute_all(app, session, [])
        sessions.mute_stream(app, session, does_not.stream_id)
        late = calls.dial(app, session, CallSettings("sip:c@localhost"))
    assert tenant.happened("call.mute") == ["call.muteForced"]
    streams = session.streams
    assert [streams[call.stream_id].muted for call in (heeds, does_not, late)] == [True, False, False]


def test_captions_run_once_in_a_session_and_end_at_their_longest_duration(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        run = captions.start(app, session, CaptionsSettings(max_duration=300))
        with pytest.raises(AlreadyRunningError):
            captions.start(app, session, CaptionsSettings())
    tenant.advance(300)
    assert run.status == "stopped"
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(UnknownResourceError):
            captions.stop(app, run.id)
        assert captions.start(app, session, CaptionsSettings()).status == "started"


def test_a_render_joins_when_it_is_started_and_its_duration_counts_from_then(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        render = renders.start(app, session, RenderSettings("https://localhost/page", name="page", max_duration=60))
    assert (render.status, render.stream_id, len(session.connections)) == ("starting", "", 1)
    tenant.advance(3)
    assert render.status == "started"
    assert session.streams[render.stream_id].name == "page"
    assert render.stream_id == render.stream_id.upper()
    tenant.advance(59.999)
    assert render.status == "started"
    tenant.advance(0.001)
    assert (render.status, render.reason) == ("stopped", "Max duration exceeded")
    assert len(session.connections) == 1


def test_a_render_that_is_stopped_while_starting_never_joins(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        render = renders.start(app, session, RenderSettings("https://localhost/page"))
        renders.stop(app, render.id)
    tenant.advance(60)
    assert (render.status, render.reason, len(session.connections)) == ("stopped", "Stop requested", 1)
    with tenant.world.unit(tenant.app) as app, pytest.raises(UnknownResourceError):
        renders.stop(app, render.id)


def test_a_render_that_is_disconnected_by_force_ends(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        render = renders.start(app, session, RenderSettings("https://localhost/page"))
    tenant.advance(3)
    with tenant.world.unit(tenant.app) as app:
        sessions.leave(app, session, render.connection_id, "forceDisconnected")
    assert render.status == "stopped"


def test_a_bidirectional_connector_publishes_and_ends_with_its_connection(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        one_way = connectors.connect(app, session, ConnectorSettings("wss://localhost"))
        both_ways = connectors.connect(app, session, ConnectorSettings("wss://localhost", bidirectional=True))
        assert len(session.streams) == 2
        sessions.leave(app, session, one_way.connection_id, "forceDisconnected")
        connectors.disconnect(app, both_ways.id)
    assert (one_way.status, both_ways.status) == ("disconnected", "disconnected")
    assert len(session.streams) == 1


def test_a_relayed_session_refuses_what_needs_the_media_server(tenant: Tenant) -> None:
    session = tenant.session(relayed=True)
    tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        for start in (
            lambda: broadcasts.start(app, session, BroadcastSettings(hls=Hls())),
            lambda: calls.dial(app, session, CallSettings("sip:a@localhost")),
            lambda: captions.start(app, session, CaptionsSettings()),
            lambda: renders.start(app, session, RenderSettings("https://localhost/page")),
            lambda: connectors.connect(app, session, ConnectorSettings("wss://localhost")),
        ):
            with pytest.raises(NotRoutedError):
                start()
    assert len(session.connections) == 1


def test_nothing_composed_survives_a_rotation_even_if_somebody_comes_back_at_once(tenant: Tenant) -> None:
    session = live(tenant)
    each = broadcast(tenant, session, hls=Hls())
    with tenant.world.unit(tenant.app) as app:
        run = captions.start(app, session, CaptionsSettings())
        archive = archives.start(app, session, ArchiveSettings())
        rotation.rotate(app, session)
    tenant.join(session)
    assert (each.status, run.status, archive.status, archive.reason) == (
        "stopped", "stopped", "stopped", "session ended",
    )  # fmt: skip


def test_captions_go_on_while_nobody_is_there(tenant: Tenant) -> None:
    session = tenant.session()
    someone = tenant.join(session)
    with tenant.world.unit(tenant.app) as app:
        run = captions.start(app, session, CaptionsSettings())
    tenant.leave(session, someone)
    assert run.status == "started"


def test_an_id_of_captions_is_free_again_once_they_have_ended(tenant: Tenant) -> None:
    session, other = live(tenant), live(tenant)
    with tenant.world.unit(tenant.app) as app:
        captions.start(app, session, CaptionsSettings(id="mine"))
        with pytest.raises(AlreadyRunningError):
            captions.start(app, other, CaptionsSettings(id="mine"))
        captions.stop(app, "mine")
        idempotent = captions.start(app, other, CaptionsSettings(id="mine"))
        assert app[Captions].live(other.id) == [app[Captions].get("mine")] == [idempotent]
        assert app[Captions].holds(idempotent) == (True, True)
        assert len(app[Captions]) == 1


def test_nothing_composed_survives_a_migration(tenant: Tenant) -> None:
    session = live(tenant)
    each = broadcast(tenant, session, hls=Hls())
    with tenant.world.unit(tenant.app) as app:
        run = captions.start(app, session, CaptionsSettings())
    tenant.advance(60)
    with tenant.world.unit(tenant.app) as app:
        rotation.migrate(app, session)
    tenant.advance(10)
    assert (each.status, run.status) == ("stopped", "stopped")


def test_a_call_that_hears_nothing_for_five_minutes_ends(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        call = calls.dial(app, session, CallSettings("sip:a@localhost"))
    for audio, wait in ((False, 299), (True, 600), (False, 300)):
        with tenant.world.unit(tenant.app) as app:
            sessions.change_stream(app, session, call.stream_id, has_audio=audio)
        assert call.status != "HANGUP"
        tenant.advance(wait)
    assert (call.status, call.reason_code) == ("HANGUP", "706")


def test_a_call_is_held_and_taken_back(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        call = calls.dial(app, session, CallSettings("sip:a@localhost"))
        with pytest.raises(WrongStatusError):
            calls.force(app, call, "ON_HOLD", "", "")
    tenant.advance(5)
    with tenant.world.unit(tenant.app) as app:
        calls.force(app, call, "ON_HOLD", "", "")
        calls.force(app, call, "ACTIVE", "", "")
    assert tenant.happened("call.updated")[-2:] == ["call.updated", "call.updated"]
    assert call.status == "ACTIVE"


def test_a_connector_shakes_hands_within_six_seconds(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        connector = connectors.connect(app, session, ConnectorSettings("wss://localhost"))
    assert connector.status == "connecting"
    tenant.advance(6)
    assert connector.status == "connected"


def test_outputs_go_on_connecting_when_everybody_stopped_publishing(tenant: Tenant) -> None:
    session = live(tenant)
    each = broadcast(tenant, session, hls=Hls(), rtmp=(TARGET,))
    with tenant.world.unit(tenant.app) as app:
        sessions.unpublish(app, session, next(iter(session.streams)))
    tenant.advance(60)
    assert outputs(each) == ("ready", "connecting")
    tenant.join(session)
    tenant.advance(10)
    assert outputs(each) == ("live", "live")


def test_a_silent_call_ends_in_time_whatever_else_changes(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        call = calls.dial(app, session, CallSettings("sip:a@localhost"))
        sessions.change_stream(app, session, call.stream_id, has_audio=False)
    tenant.advance(200)
    with tenant.world.unit(tenant.app) as app:
        sessions.change_stream(app, session, call.stream_id, muted=True)
    tenant.advance(100)
    assert call.reason_code == "706"


def test_the_layout_and_the_streams_of_a_broadcast_change_while_it_is_started(tenant: Tenant) -> None:
    session = live(tenant)
    (stream,) = session.streams
    each = broadcast(tenant, session, hls=Hls(), stream_mode="manual")
    with tenant.world.unit(tenant.app) as app:
        broadcasts.set_layout(app, each.id, Layout("pip"))
        broadcasts.select(app, each.id, stream, SelectedStream(has_audio=False))
        assert (each.layout.type, list(each.selected)) == ("pip", [stream])
        broadcasts.deselect(app, each.id, stream)
        assert not each.selected
        broadcasts.stop(app, each.id)
        for refused in (
            lambda: broadcasts.set_layout(app, each.id, Layout("pip")),
            lambda: broadcasts.select(app, each.id, stream, SelectedStream()),
            lambda: broadcasts.deselect(app, each.id, stream),
            lambda: broadcasts.fail_hls(app, each.id),
            lambda: broadcasts.set_target_status(app, each.id, "offline"),
            lambda: broadcasts.stop(app, each.id),
        ):
            with pytest.raises(WrongStatusError):
                refused()
    assert each.updated_at == tenant.app.now


def test_an_hls_output_that_failed_stays_so_until_the_end(tenant: Tenant) -> None:
    session = live(tenant)
    each, without = broadcast(tenant, session, hls=Hls(), rtmp=(TARGET,)), broadcast(tenant, session, tag="plain")
    with tenant.world.unit(tenant.app) as app:
        broadcasts.fail_hls(app, each.id)
        broadcasts.fail_hls(app, without.id)  # it has none
        with pytest.raises(WrongStatusError):
            broadcasts.force_hls(app, without, "error")
    tenant.advance(60)
    assert (outputs(each), without.hls) == (("error", "live"), None)
    with tenant.world.unit(tenant.app) as app:
        broadcasts.stop(app, each.id)
    assert outputs(each)[0] == "ended"


def test_hls_does_not_go_live_when_nobody_publishes_any_more(tenant: Tenant) -> None:
    session = tenant.session()
    someone = tenant.join(session)
    tenant.join(session, publish=False)
    each = broadcast(tenant, session, hls=Hls(), rtmp=(TARGET,))
    tenant.advance(5)
    assert outputs(each) == ("ready", "live")
    with tenant.world.unit(tenant.app) as app:
        sessions.unpublish(app, session, next(iter(session.streams)))
    tenant.advance(60)
    assert outputs(each) == ("ready", "live")
    with tenant.world.unit(tenant.app) as app:
        sessions.publish(app, session, someone, StreamSettings())
    tenant.advance(60)
    assert outputs(each) == ("live", "live")


@pytest.mark.parametrize("target", ["", "one", "key", "rtmp://localhost/live", "other"])
def test_a_target_is_meant_by_its_id_stream_or_server(tenant: Tenant, target: str) -> None:
    each = broadcast(tenant, live(tenant), rtmp=(TARGET,))
    with tenant.world.unit(tenant.app) as app:
        broadcasts.set_target_status(app, each.id, "error", target)
    assert each.rtmp[0].status == ("connecting" if target == "other" else "error")


def test_a_broadcast_that_failed_has_a_reason_and_leaves_the_lists(tenant: Tenant) -> None:
    session = live(tenant)
    first, second = broadcast(tenant, session), broadcast(tenant, session, tag="two")
    with tenant.world.unit(tenant.app) as app:
        broadcasts.fail(app, first.id)
        broadcasts.force(app, second, "failed", "said so")
        assert app[Broadcast].page(0, 10) == (0, [])
        assert not app[Broadcast].live(session.id)
    assert [(each.status, each.reason) for each in (first, second)] == [
        ("failed", "forceDisconnected"),
        ("failed", "said so"),
    ]


def test_what_has_ended_is_not_there_to_be_ended_again(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        run = captions.start(app, session, CaptionsSettings())
        render = renders.start(app, session, RenderSettings("http://localhost/"))
        connector = connectors.connect(app, session, ConnectorSettings("ws://a/"))
        call = calls.dial(app, session, CallSettings("sip:a@localhost"))
        captions.fail(app, run.id, "quota")
        renders.stop(app, render.id)
        connectors.disconnect(app, connector.id)
        calls.hang_up(app, call.id, "486")
        again: list[tuple[str, Callable[[], object]]] = [
            ("captions", lambda: captions.stop(app, run.id)),
            ("captions", lambda: captions.fail(app, run.id, "quota")),
            ("render", lambda: renders.stop(app, render.id)),
            ("render", lambda: renders.fail(app, render.id)),
            ("connector", lambda: connectors.disconnect(app, connector.id)),
            ("connector", lambda: connectors.fail(app, connector.id)),
            ("call", lambda: calls.hang_up(app, call.id, "486")),
        ]
        for kind, end in again:
            with pytest.raises(UnknownResourceError) as caught:
                end()
            assert caught.value.kind == kind
    assert (run.status, run.reason, call.reason_message) == ("failed", "quota", "Busy Here")


@pytest.mark.parametrize("migrates", [True, False])
def test_calls_and_connectors_migrate_when_they_were_made_so(tenant: Tenant, migrates: bool) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        call = calls.dial(app, session, CallSettings("sip:a@localhost", migrates=migrates))
        connector = connectors.connect(app, session, ConnectorSettings("ws://a/", migrates=migrates))
        render = renders.start(app, session, RenderSettings("http://localhost/"))
    tenant.advance(60)
    with tenant.world.unit(tenant.app) as app:
        rotation.rotate(app, session, migrates=True)
    assert (render.status, render.reason) == ("stopped", "serverRotation")
    ended = ("ACTIVE", "", "connected") if migrates else ("HANGUP", "703", "disconnected")
    assert (call.status, call.reason_code, connector.status) == ended
    assert len(session.connections) == (3 if migrates else 1)


def test_a_call_that_is_never_answered_rings_on(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        call = calls.dial(app, session, CallSettings("sip:a@localhost"))
    tenant.advance(1)
    with tenant.world.unit(tenant.app) as app:
        calls.let_ring(app, call.id)
    tenant.advance(3600)
    assert call.status == "RINGING"


def test_what_was_given_a_name_is_known_by_it(tenant: Tenant) -> None:
    session = live(tenant)
    with tenant.world.unit(tenant.app) as app:
        render = renders.start(app, session, RenderSettings("http://localhost/", name="page"))
        archive = archives.start(app, session, ArchiveSettings(name="lesson", tag="t"))
        call = calls.dial(app, session, CallSettings("sip:a@localhost"))
    each = broadcast(tenant, session, tag="b")
    (stream, *_) = session.streams.values()
    stream.name = "screen"
    assert [found.names for found in (render, archive, call, each, stream)] == [
        ("page",),
        ("lesson", "t"),
        (),
        ("b",),
        ("screen",),
    ]


def test_a_connector_with_a_real_websocket_is_connected_at_once_and_told_of(tenant: Tenant) -> None:
    session = live(tenant)
    new = ConnectorSettings("ws://a/", bidirectional=True)
    with tenant.world.unit(tenant.app) as app:
        opened = connectors.prepare(app, session, new, "one")
        real = connectors.connect(app, session, new, opened=opened)
        assert (real.id, real.connection_id, real.status) == (opened.id, opened.connection_id, "connected")
        for what in connectors.NEWS:
            connectors.tell(app, real.id, what)
        connectors.disconnect(app, real.id)
        connectors.tell(app, real.id, connectors.NEWS[0])  # too late
    assert tenant.happened("connector.") == [
        "connector.connecting",
        "connector.connected",
        *(f"connector.{what}" for what in connectors.NEWS),
        "connector.disconnected",
    ]


def test_what_cannot_be_connected_is_not_opened_either(tenant: Tenant) -> None:
    with tenant.world.unit(tenant.app) as app:
        with pytest.raises(UnknownStreamError):
            connectors.prepare(app, live(tenant), ConnectorSettings("ws://a/", streams=("no",)), "one")
        with pytest.raises(NotRoutedError):
            connectors.prepare(app, tenant.session(relayed=True), ConnectorSettings("ws://a/"), "one")


@pytest.mark.parametrize(("ended", "lost"), [("one", [0]), ("two", [1]), ("", [0, 1]), ("three", [])])
def test_connectors_are_lost_with_the_process_that_has_their_websockets(
    tenant: Tenant, ended: str, lost: list[int]
) -> None:
    session = live(tenant)
    new = ConnectorSettings("ws://a/")
    with tenant.world.unit(tenant.app) as app:
        made = [
            connectors.connect(app, session, new, opened=connectors.prepare(app, session, new, process))
            for process in ("one", "two")
        ]
        made.append(connectors.connect(app, session, new))  # has none
        connectors.fail_lost(app, ended)
        connectors.fail_lost(app, ended)
    assert [index for index, each in enumerate(made) if each.status == "disconnected"] == lost
    reasons = [event.reason for event in tenant.app.events.after(0) if event.type == "connector.disconnected"]
    assert reasons == ["networkDisconnected"] * len(lost)
