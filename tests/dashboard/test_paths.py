"""The main paths through the page: watching, looking for what went wrong, acting."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from playwright.sync_api import expect

from emulator.testing import Receiver
from tests.dashboard.conftest import Opened
from tests.dashboard.looking import act, box, rows, tile
from tests.dashboard.service import Service


def test_a_call_is_watched_as_it_happens(visitor: Opened, service: Service) -> None:
    page = visitor.go("sessions")
    expect(page.get_by_text("No session yet")).to_be_visible()
    session = service.session("Ada", "Ben")
    rows(page, "Sessions").first.click()
    expect(page.locator(".tile")).to_have_count(2)
    left, right = box(page.locator(".tile").first), box(page.locator(".tile").last)
    assert (round(left["y"]), round(left["width"])) == (round(right["y"]), round(right["width"]))

    (stream,) = service.app.session(session).participants[0].streams
    service.call("POST", f"/session/{session}/stream/{stream.id}/mute")
    expect(tile(page, "Ada").get_by_label("muted by force")).to_be_visible()
    service.app.participants.join(session, 1, data="Chidi", streams=[{"name": "slides", "videoType": "screen"}])
    expect(tile(page, "slides").get_by_label("screen share")).to_be_visible()

    archive = service.start("archives", session, name="lesson", layout={"type": "pip"})
    expect(page.locator("figcaption")).to_have_text("pip · 640 × 480 · 1 in the picture, 2 left out")
    service.call("PUT", f"/session/{session}/stream", {"items": [{"id": stream.id, "layoutClassList": ["full"]}]})
    expect(page.locator("figcaption")).to_have_text("pip · 640 × 480 · 2 in the picture, 1 left out")
    expect(tile(page, "Ada").locator("b")).to_have_text("full")
    assert box(tile(page, "slides"))["width"] == pytest.approx(box(tile(page, "Ada"))["width"] / 5, abs=1)

    service.call("POST", f"/session/{session}/signal", {"type": "chat", "data": "hello"})
    expect(page.locator(".signals")).to_contain_text("hello")
    call = service.start("calls", session)
    expect(page.get_by_role("link", name="call sip:ada@example.com")).to_be_visible()
    page.get_by_role("link", name="call sip:ada@example.com").click()
    expect(page.locator(".node.now")).to_have_text("ACTIVE")
    service.app.participants.leave(session, service.app.session(session).participants[-1].connection_id)
    expect(page.locator(".node.now")).to_have_text("HANGUP")
    expect(page.locator(".course")).to_contain_text("call.destroyed")
    assert f"/calls/{call}" in page.url
    page.get_by_role("link", name="Archives").click()
    expect(rows(page, "Archives").first).to_contain_text("lesson")
    service.call("POST", f"/archive/{archive}/stop")
    expect(rows(page, "Archives").first).to_contain_text("available")


def test_a_failed_callback_is_looked_into_and_sent_again(visitor: Opened, service: Service) -> None:
    with Receiver() as receiver:
        receiver.reply(503, times=1)
        service.app.send_callbacks_to(receiver.url, secret="a secret for callbacks, long enough")
        service.app.freeze()
        service.session("Ada")
        page = visitor.go("callbacks", query="?status=troubled")
        expect(rows(page, "Callbacks")).to_have_count(1)
        rows(page, "Callbacks").first.click()
        attempt = page.locator(".attempt").first
        expect(attempt).to_contain_text("503")
        expect(attempt).to_contain_text("the answer is not 2xx")
        expect(attempt).to_contain_text("signed ✓")
        expect(attempt).to_contain_text('"payload_hash"')
        expect(page.locator(".facts")).to_contain_text("in 5 s")
        expect(page.locator(".node.now")).to_have_text("pending")
        act(page, "Redeliver")
        expect(page.locator(".attempt")).to_have_count(2)
        expect(page.locator(".node.now")).to_have_text("delivered")
        expect(page.locator(".bar-line .now")).to_contain_text(
            re.compile(r"^200 POST /_emulator/applications/.*/redeliver$")
        )


def test_callbacks_are_held_and_released(visitor: Opened, service: Service) -> None:
    with Receiver() as receiver:
        service.app.send_callbacks_to(receiver.url)
        page = visitor.go("callbacks")
        act(page, "Hold all")
        expect(page.get_by_text("held from now on")).to_be_visible()
        service.session("Ada")
        expect(page.locator(".rows .badge", has_text="held")).to_have_count(3)
        assert not receiver.received()
        act(page, "Release all")
        expect(page.locator(".rows .badge", has_text="delivered")).to_have_count(3)


def test_a_callback_that_a_fault_signs_badly_is_told_apart(visitor: Opened, service: Service) -> None:
    with Receiver() as receiver:
        service.app.send_callbacks_to(receiver.url)
        rule = {"when": {"callback": "session_created"}, "then": "callbackBadlySigned", "name": "forged"}
        url = f"{visitor.server.http}/_emulator/applications/{service.app.id}/faults"
        assert httpx.post(url, json=rule).status_code == 201
        service.session("Ada")
        page = visitor.go("callbacks", query="?type=session")
        rows(page, "Callbacks").first.click()
        expect(page.locator(".attempt").first).to_contain_text("signature does not match")
        page.get_by_role("link", name="forged").click()
        expect(page.locator(".detail h2")).to_have_text("forged")
        page.locator(".fired a", has_text="session.created").click()
        expect(page.locator(".detail h2")).to_have_text("session.created")


def test_a_fault_is_added_and_seen_to_fire(visitor: Opened, service: Service) -> None:
    page = visitor.go("faults")
    act(page, "Add a fault")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Operation", exact=True).select_option("startArchive")
    dialog.get_by_label("What goes wrong").select_option("conflict")
    dialog.get_by_label("How often").fill("1")
    dialog.get_by_label("Name", exact=True).fill("busy")
    expect(dialog.locator(".preview")).to_contain_text('"times":1')
    dialog.get_by_role("button", name="Add it").click()
    expect(page.locator(".detail h2")).to_have_text("busy")
    expect(page.locator(".detail .title")).to_contain_text("0 hits")

    session = service.session("Ada")
    assert service.call("POST", "/archive", {"sessionId": session, "nonsense": 1}).status_code == 409
    expect(page.locator(".detail .title")).to_contain_text("1 hit, spent")
    page.locator(".fired a").click()
    expect(page.locator(".detail h2")).to_have_text("startArchive")
    expect(page.locator(".detail")).to_contain_text("Fault that fired: busy")
    page.get_by_role("link", name="Requests").click()
    page.get_by_label("All answers").select_option("faults")
    expect(rows(page, "Requests")).to_have_count(1)


def test_a_rule_that_is_wrong_is_refused_with_its_field(visitor: Opened) -> None:
    page = visitor.go("faults")
    act(page, "Add a fault")
    dialog = page.get_by_role("dialog")
    text = dialog.get_by_label("The rule as JSON")
    text.fill("{")
    expect(dialog.get_by_role("alert")).to_contain_text("not JSON")
    expect(dialog.get_by_role("button", name="Add it")).to_be_disabled()
    text.fill('{"when": {"operation": "startArchiv"}, "then": "conflict"}')
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("startArchive")
    visitor.allowed.append("status of 400")


def test_the_clock_is_advanced_and_an_archive_expires(visitor: Opened, service: Service) -> None:
    archive = service.start("archives", service.session("Ada"), name="lesson")
    service.call("POST", f"/archive/{archive}/stop")
    page = visitor.go("archives", archive)
    expect(page.locator(".node.now")).to_have_text("available")
    expect(page.locator(".pending")).to_contain_text("archive.expire")
    act(page, "Freeze")
    expect(page.locator(".clock")).to_contain_text("frozen")
    page.get_by_label("Clock", exact=True).click()
    expect(page.locator(".pending").last).to_contain_text("archive.expire")
    page.get_by_label("Advance by seconds").fill("260000")
    expect(page.locator(".preview").first).to_contain_text('{"action":"advance","seconds":260000}')
    act(page, "Advance")
    expect(page.locator(".bar-line .now")).to_contain_text("200 POST")
    page.go_back()
    expect(page.locator(".node.now")).to_have_text("expired")
    expect(page.locator(".node.been")).to_have_text(["started", "stopped", "uploaded", "available"])
    expect(page.locator(".course .c-gap").last).to_contain_text("2 d 23 h")
    assert service.call("GET", f"/archive/{archive}").json()["status"] == "expired"
    act(page, "Resume")
    expect(page.locator(".clock")).to_contain_text("running")


def test_a_status_is_forced_with_a_reason(visitor: Opened, service: Service) -> None:
    archive = service.start("archives", service.session("Ada"))
    page = visitor.go("archives", archive)
    act(page, "with a reason…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Status").select_option("failed")
    dialog.get_by_label("reason").fill("disk full")
    dialog.get_by_role("button", name="Force it").click()
    expect(page.locator(".node.now")).to_have_text("failed")
    expect(page.get_by_text("nothing may follow")).to_be_visible()
    assert service.call("GET", f"/archive/{archive}").json()["reason"] == "disk full"


def test_the_outputs_of_a_broadcast_have_diagrams_of_their_own(visitor: Opened, service: Service) -> None:
    broadcast = service.start("broadcasts", service.session("Ada"))
    page = visitor.go("broadcasts", broadcast)
    target = page.get_by_role("region", name="RTMP yt")
    expect(target.locator(".node.now")).to_have_text("live")
    target.get_by_role("button", name="offline").click()
    expect(target.locator(".node.now")).to_have_text("offline")
    expect(page.get_by_role("region", name="HLS").locator(".node.now")).to_have_text("live")


@pytest.mark.parametrize("kind", ["renders", "captions", "calls", "connectors"])
def test_other_resources_stand_in_their_diagrams(visitor: Opened, service: Service, kind: str) -> None:
    resource = service.start(kind, service.session("Ada"))
    page = visitor.go(kind, resource)
    end = {"calls": "HANGUP", "connectors": "disconnected"}.get(kind, "failed")
    expect(page.locator(".node.now")).to_have_text(re.compile("started|transcribing|ACTIVE|connected"))
    page.get_by_role("group", name="Force a status").get_by_role("button", name=end, exact=True).click()
    if kind != "connectors":
        expect(page.locator(".node.now")).not_to_have_text(end)
        act(page, f"{end}?")
    expect(page.locator(".node.now")).to_have_text(end)


def test_people_join_are_muted_and_leave(visitor: Opened, service: Service) -> None:
    session = service.session()
    page = visitor.go("sessions", session)
    act(page, "Join")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("How many").fill("3")
    dialog.get_by_label("Connection data").fill("Ada")
    dialog.get_by_label("Publishes").select_option("screen")
    dialog.get_by_label("Layout classes").fill("focus main")
    dialog.get_by_role("button", name="Join").click()
    expect(page.locator(".tile")).to_have_count(6)
    first = service.app.session(session).participants[0]
    assert [list(each.layout_class_list) for each in first.streams] == [["focus", "main"]] * 2
    rows(page, "Participants").first.click()
    page.get_by_role("button", name="Force mute").first.click()
    expect(page.locator(".person-actions").get_by_label("muted by force")).to_have_count(1)
    page.get_by_label("Reason for leaving").select_option("networkDisconnected")
    act(page, "Leave")
    expect(page.locator(".tile")).to_have_count(4)
    events = service.app.events(type="connection.destroyed")
    assert [each.reason for each in events] == ["networkDisconnected"]


def test_a_layout_is_tried_for_a_session(visitor: Opened, service: Service) -> None:
    session = service.session("Ada", "Ben", "Chidi")
    page = visitor.go("sessions", session)
    page.get_by_label("Layout", exact=True).select_option("pip")
    expect(page.locator("figcaption")).to_contain_text("1 in the picture, 2 left out")
    page.get_by_label("Layout", exact=True).select_option("bestFit")
    expect(page.locator(".tile")).to_have_count(3)


def test_a_custom_layout_is_laid_out_by_its_stylesheet(visitor: Opened, service: Service) -> None:
    session = service.session("Ada", layoutClassList=["main"])
    service.app.participants.join(session, 1, data="Ben", streams=[{"name": "Ben"}])
    stylesheet = """stream { position: absolute; left: 10%; top: 10%; width: 20%; height: 20%; color: red }
        stream.main { left: 0; top: 0; width: 100%; height: 100%; background-image: url(https://evil.invalid/a.png) }
        * { display: none } stream:hover { width: 1px }"""
    archive = service.start("archives", session, layout={"type": "custom", "stylesheet": stylesheet})
    page = visitor.go("archives", archive)
    canvas = page.locator(".stage .canvas")
    main, other = canvas.locator("stream", has_text="Ada"), canvas.locator("stream", has_text="Ben")
    expect(main).to_be_visible()
    whole, large, small = box(canvas), box(main), box(other)
    assert (large["width"], large["height"]) == pytest.approx((whole["width"], whole["height"]), abs=1)
    assert small["width"] == pytest.approx(whole["width"] / 5, abs=1)
    note = page.locator(".note")
    for what in ("color: red", "background-image", "*", "stream:hover"):
        expect(note).to_contain_text(what)


def test_a_custom_layout_says_who_is_muted_and_what_is_a_screen(visitor: Opened, service: Service) -> None:
    session = service.session("Ada", "Ben", "Chidi")
    layout = {"type": "custom", "stylesheet": "stream { float: left; width: 30%; height: 30% }"}
    page = visitor.go("archives", service.start("archives", session, layout=layout))
    streams = page.locator(".stage .canvas stream")
    expect(streams).to_have_text(["Ada", "Ben", "Chidi"])
    ada, ben, chidi = (each.streams[0].id for each in service.app.session(session).participants)
    people = service.app.participants
    people.change_stream(session, ada, muted=True)
    people.change_stream(session, ben, has_audio=False)
    people.change_stream(session, chidi, video_type="screen")  # screens come first
    expect(streams).to_have_text(["Chidi · screen share", "Ada · muted", "Ben · muted"])
    people.change_stream(session, ada, muted=False)
    people.change_stream(session, ben, has_video=False)  # and what has no video is not in the picture
    expect(streams).to_have_text(["Chidi · screen share", "Ada"])


def test_a_scenario_is_applied_and_removed(visitor: Opened, service: Service) -> None:
    page = visitor.go("scenarios", "rate-limited")
    page.get_by_label("allowed").fill("1")
    act(page, "Apply")
    expect(page.locator(".detail .title")).to_contain_text("applied")
    assert [service.call("GET", "/archive").status_code for _ in range(2)] == [200, 429]
    expect(page.locator(".detail .facts")).to_contain_text("1")
    act(page, "Remove")
    expect(page.locator(".detail .title")).not_to_contain_text("applied")


def test_a_request_shows_claims_body_unread_fields_and_curl(visitor: Opened, service: Service) -> None:
    session = service.session("Ada")
    service.call("POST", "/archive", {"sessionId": session, "recordingMode": "it's unread"})
    page = visitor.go("requests")
    rows(page, "Requests").first.click()
    detail = page.locator(".detail")
    expect(detail).to_contain_text("Nothing reads: recordingMode")
    expect(detail.get_by_role("region", name="Claims", exact=True)).to_contain_text(service.app.id)
    expect(detail.get_by_role("region", name="Body", exact=True)).to_contain_text("it's unread")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="copy as curl", exact=True).click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl -X POST '{service.url}{service.root}/archive' -H 'authorization: Bearer ")
    body = re.search(r"--data-raw '(.*)'$", copied)
    assert body
    assert json.loads(body[1].replace("'\\''", "'"))["recordingMode"] == "it's unread"


def test_the_bar_shows_the_call_before_it_is_made_and_lists_it_afterwards(visitor: Opened, service: Service) -> None:
    page = visitor.go("clock")
    button = page.get_by_role("button", name="1 day")
    button.hover()
    line = page.locator(".bar-line .now")
    path = f"POST /_emulator/applications/{service.app.id}/clock"
    expect(page.locator(".bar-line .next")).to_have_text(f'{path} {{"action":"advance","seconds":86400}}')
    before = service.app.clock.now()
    button.click()
    expect(line).to_have_text(f'200 {path} {{"action":"advance","seconds":86400}}')
    assert service.app.clock.now() - before >= 86_400_000
    page.get_by_role("button", name="Calls", exact=False).last.click()
    expect(page.get_by_role("region", name="Calls this page has made")).to_contain_text('"seconds":86400')


def test_a_reset_asks_twice_and_empties_the_page(visitor: Opened, service: Service) -> None:
    service.session("Ada")
    page = visitor.go()
    expect(page.locator(".glance .row")).to_have_count(3)
    act(page, "Reset")
    assert len(service.app.sessions()) == 1
    act(page, "Forget everything?")
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    assert not service.app.sessions()


def test_applications_are_made_and_listed(visitor: Opened) -> None:
    page = visitor.page
    page.goto(visitor.server.http + "/_emulator")
    act(page, "New application")
    page.get_by_role("dialog").get_by_label("Name").fill("made here")
    page.get_by_role("dialog").get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="made here")).to_be_visible()
    page.get_by_role("link", name="Video emulator").click()
    expect(page.locator(".card", has_text="made here")).to_be_visible()


def test_requests_of_no_application_are_shown(visitor: Opened) -> None:
    httpx.get(visitor.server.http + "/nowhere/at/all")
    page = visitor.page
    page.goto(visitor.server.http + "/_emulator/#/stray")
    expect(rows(page, "Requests of no application").first).to_contain_text("/nowhere/at/all")


@pytest.mark.parametrize("pack", ["participant-churn", "session-already-recording"])
def test_a_scenario_without_rules_is_seen_to_be_applied(visitor: Opened, service: Service, pack: str) -> None:
    page = visitor.go("scenarios", pack)
    act(page, "Apply")
    expect(page.locator(".detail .title")).to_contain_text("applied")
    act(page, "Remove")
    expect(page.locator(".detail .title")).not_to_contain_text("applied")


@pytest.mark.parametrize(("mode", "ending"), [("composed", "mp4"), ("individual", "zip")])
def test_a_recording_is_saved_under_its_name(visitor: Opened, service: Service, mode: str, ending: str) -> None:
    archive = service.start("archives", service.session("Ada"), name="Lesson 1/2", outputMode=mode)
    service.call("POST", f"/archive/{archive}/stop")
    page = visitor.go("archives", archive)
    with page.expect_download() as download:
        page.get_by_role("link", name="download", exact=True).click()
    assert download.value.suggested_filename == f"Lesson 12-{archive}.{ending}"


def test_a_second_click_at_the_same_place_forces_nothing_else(visitor: Opened, service: Service) -> None:
    archive = service.start("archives", service.session("Ada"))
    page = visitor.go("archives", archive)
    force = page.get_by_role("group", name="Force a status").get_by_role("button")
    expect(page.locator(".node.now")).to_have_text("started")
    places = [(button.inner_text(), box(button)) for button in force.all()]
    where = box(force.get_by_text("stopped", exact=True))
    visitor.allowed.append("status of 409")  # to the second click, when the first call is over by then
    page.mouse.dblclick(where["x"] + 5, where["y"] + 5)
    expect(page.locator(".node.now")).to_have_text("available")
    assert [(button.inner_text(), box(button)) for button in force.all()] == places
    act(page, "deleted")
    expect(force.get_by_text("deleted?")).to_be_visible()
    assert service.call("GET", f"/archive/{archive}").json()["status"] == "available"


def test_how_a_call_went_stays_beside_the_next_one(visitor: Opened, service: Service) -> None:
    page = visitor.go("clock")
    page.get_by_label("Advance by seconds").fill("-1")
    act(page, "Advance")
    outcome, following = page.locator(".bar-line").get_by_role("alert"), page.locator(".bar-line .next")
    expect(outcome).to_contain_text("seconds")
    page.get_by_role("button", name="1 day").hover()
    expect(following).to_contain_text("86400")
    expect(outcome).to_contain_text("seconds")
    page.get_by_role("heading", name="Clock").hover()
    expect(following).to_have_count(0)
    expect(outcome).to_contain_text("seconds")
    act(page, "1 day")
    expect(page.locator(".bar-line .now")).to_contain_text("200 POST")
    expect(outcome).to_have_count(0)
    visitor.allowed.append("status of 4")


def test_a_time_of_another_day_is_told_with_its_day(visitor: Opened, service: Service) -> None:
    archive = service.start("archives", service.session("Ada"))
    service.call("POST", f"/archive/{archive}/stop")
    page = visitor.go("archives", archive)
    expect(page.locator(".node.now")).to_have_text("available")
    expect(page.locator(".course time .day")).to_have_count(0)
    service.app.clock.advance(260_000)
    expect(page.locator(".node.now")).to_have_text("expired")
    expect(page.locator(".course time .day").first).to_have_text(re.compile(r"^(\d{4}-)?\d\d-\d\d$"))
    expect(page.locator(".course li").last.locator(".day")).to_have_count(0)


def test_a_filter_of_a_link_is_seen_and_taken_away(visitor: Opened, service: Service) -> None:
    first, second = service.session("Ada"), service.session("Ben")
    for session in (first, second):
        service.start("archives", session)
    page = visitor.go("archives", query=f"?session={first}")
    expect(rows(page, "Archives")).to_have_count(1)
    page.get_by_role("button", name="Take away the filter session").click()
    expect(rows(page, "Archives")).to_have_count(2)
    expect(page.locator(".chip")).to_have_count(0)
